// This browser as a recipient of alerts. What the browser cannot or may not do is a state of its own, so that the page can
// say what to do about it.

export type PushState = 'unsupported' | 'denied' | 'off' | 'on'

/** The parts of a window that are used; the types are the browser's. */
export interface PushWindow {
  readonly isSecureContext: boolean
  readonly navigator: Pick<Navigator, 'serviceWorker'>
  readonly Notification?: Pick<typeof Notification, 'permission' | 'requestPermission'>
  readonly PushManager?: unknown
}

export interface PushDetails {
  readonly endpoint: string
  readonly keys: { readonly p256dh: string; readonly auth: string }
}

const worker = { path: '/push-worker.mjs', scope: '/admin/' } as const

/** The raw key that the browser wants, from base64url. */
export function keyBytes(base64url: string): Uint8Array<ArrayBuffer> {
  const base64 = base64url.replaceAll('-', '+').replaceAll('_', '/')
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
}

const isSupported = (window: PushWindow) =>
  window.isSecureContext &&
  'serviceWorker' in window.navigator &&
  window.PushManager !== undefined &&
  window.Notification !== undefined

async function findSubscription(window: PushWindow): Promise<PushSubscription | undefined> {
  const registration = await window.navigator.serviceWorker.getRegistration(worker.scope)
  return (await registration?.pushManager.getSubscription()) ?? undefined
}

export async function pushStateOf(window: PushWindow): Promise<PushState> {
  if (!isSupported(window)) return 'unsupported'
  if (window.Notification?.permission === 'denied') return 'denied'
  return (await findSubscription(window)) === undefined ? 'off' : 'on'
}

/** Asks the person, then subscribes this browser with the server's key; undefined when the person said no. */
export async function subscribeBrowser(window: PushWindow, publicKey: string): Promise<PushDetails | undefined> {
  if ((await window.Notification?.requestPermission()) !== 'granted') return undefined
  const { serviceWorker } = window.navigator
  await serviceWorker.register(worker.path, { scope: worker.scope, type: 'module' })
  const registration = await serviceWorker.ready
  const subscription = await registration.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: keyBytes(publicKey),
  })
  const { endpoint, keys } = subscription.toJSON()
  const { p256dh, auth } = keys ?? {}
  if (endpoint === undefined || p256dh === undefined || auth === undefined)
    throw new Error('the browser gave a subscription without keys')
  return { endpoint, keys: { p256dh, auth } }
}

/** Ends the subscription; gives its endpoint, which the server is to forget, or undefined when there was none. */
export async function unsubscribeBrowser(window: PushWindow): Promise<string | undefined> {
  const subscription = await findSubscription(window)
  await subscription?.unsubscribe()
  return subscription?.endpoint
}
