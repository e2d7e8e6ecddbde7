// The service worker of the administration: shows an alert that was pushed to this browser, and leads to the inbox when it
// is pressed. It caches nothing and answers no request.

self.addEventListener('push', (event) => {
  const message = read(event.data)
  const shown = self.registration.showNotification(message.title, {
    body: message.body,
    // A later message about the same alert takes the place of the earlier one.
    tag: message.tag,
    renotify: message.tag !== undefined,
    data: { path: message.path },
  })
  event.waitUntil(shown)
})

self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  event.waitUntil(open(event.notification.data?.path ?? '/admin/alerts'))
})

/** A message that cannot be read is told all the same: browsers demand that something is shown. */
function read(data) {
  try {
    return data.json()
  } catch {
    return { title: '惠农柜', body: '', path: '/admin/alerts' }
  }
}

async function open(path) {
  const pages = await self.clients.matchAll({ type: 'window' })
  const page = pages.find((known) => new URL(known.url).pathname.startsWith('/admin'))
  if (page === undefined) return self.clients.openWindow(path)
  await page.navigate(path)
  return page.focus()
}
