// Keeps the page that stands open so that it comes up without a network: its HTML and every file it has loaded so far. A service
// worker (server/web/public/offline-worker.js) answers with them when the network does not.

/** True once the page is kept; false in browsers and windows that have no service workers. */
export async function keepForOffline(window: Window): Promise<boolean> {
  const { serviceWorker } = window.navigator
  if (serviceWorker === undefined) return false
  try {
    await serviceWorker.register('/offline-worker.js')
    const { active } = await serviceWorker.ready
    if (active === null) return false
    const files = window.performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)
    const assets = [...new Set(files.filter((path) => path.startsWith('/assets/')))]
    const { port1, port2 } = new MessageChannel()
    const kept = new Promise<boolean>((resolve) => {
      port1.addEventListener('message', ({ data }) => resolve(data === true), { once: true })
      port1.start()
    })
    active.postMessage({ page: window.location.pathname, assets }, [port2])
    return await kept
  } catch {
    return false
  }
}
