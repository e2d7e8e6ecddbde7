// Answers for the pages that were kept (common/offline/keep-for-offline.ts) when the network does not: the network always comes
// first for a page, so nobody is left with an old one, and hashed files never change.
const name = 'huinong-kept'
const mostFiles = 400

/** One page answers for all paths of its audience. */
const entryOf = (path) => /^\/(farmer|restock)(?=\/|$)/.exec(path)?.[0] ?? '/'
const others = /^\/(admin|disclosure|virtual-cabinet|api)(\/|$)/

async function keep({ page, assets }) {
  const cache = await caches.open(name)
  const entry = entryOf(page)
  const missing = []
  for (const path of assets) if ((await cache.match(path)) === undefined) missing.push(path)
  await cache.addAll(missing)
  await cache.put(entry, await fetch(entry, { cache: 'no-cache' }))
  const keys = await cache.keys()
  for (const old of keys.slice(0, Math.max(0, keys.length - mostFiles))) await cache.delete(old)
}

self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))
self.addEventListener('message', (event) => {
  const answer = (isKept) => event.ports[0]?.postMessage(isKept)
  event.waitUntil(
    keep(event.data).then(
      () => answer(true),
      () => answer(false),
    ),
  )
})
self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== self.location.origin || others.test(url.pathname)) return
  if (request.mode === 'navigate') {
    event.respondWith(
      fetch(request).catch(async (error) => {
        const kept = await caches.match(entryOf(url.pathname))
        if (kept === undefined) throw error
        return kept
      }),
    )
  } else if (url.pathname.startsWith('/assets/')) {
    event.respondWith(caches.match(url.pathname).then((kept) => kept ?? fetch(request)))
  }
})
