import { describe, expect, it } from 'vitest'
import { keyBytes, pushStateOf, subscribeBrowser, unsubscribeBrowser } from '#server/web/admin/alerts/browser-push.ts'
import type { PushWindow } from '#server/web/admin/alerts/browser-push.ts'

/** A browser with a push service, as far as these functions see one. */
function browser(permission: NotificationPermission, answer: NotificationPermission = permission) {
  let subscription: object | null = null
  const seen: unknown[] = []
  const registration = {
    pushManager: {
      getSubscription: () => Promise.resolve(subscription),
      subscribe(options: unknown) {
        seen.push(options)
        subscription = {
          endpoint: 'https://push.example.org/1',
          toJSON: () => ({ endpoint: 'https://push.example.org/1', keys: { p256dh: 'p', auth: 'a' } }),
          unsubscribe() {
            subscription = null
            return Promise.resolve(true)
          },
        }
        return Promise.resolve(subscription)
      },
    },
  }
  const window = {
    isSecureContext: true,
    PushManager: {},
    Notification: { permission, requestPermission: () => Promise.resolve(answer) },
    navigator: {
      serviceWorker: {
        ready: Promise.resolve(registration),
        register: (...asked: unknown[]) => Promise.resolve(seen.push(asked)),
        getRegistration: () => Promise.resolve(registration),
      },
    },
  } as unknown as PushWindow
  return { window, seen }
}

describe('alerts on a browser', () => {
  it('are turned on with the server’s key once the person allows it, and off again', async () => {
    const { window, seen } = browser('default', 'granted')
    expect(await pushStateOf(window)).toBe('off')

    const details = await subscribeBrowser(window, '-_8B')

    expect(details).toEqual({ endpoint: 'https://push.example.org/1', keys: { p256dh: 'p', auth: 'a' } })
    expect(seen).toEqual([
      ['/push-worker.mjs', { scope: '/admin/', type: 'module' }],
      { userVisibleOnly: true, applicationServerKey: new Uint8Array([251, 255, 1]) },
    ])
    expect(await pushStateOf(window)).toBe('on')
    expect(await unsubscribeBrowser(window)).toBe('https://push.example.org/1')
    expect(await pushStateOf(window)).toBe('off')
  })

  it('stay off when the person says no, and are never asked for where the browser cannot', async () => {
    const refusing = browser('default', 'denied')

    expect(await subscribeBrowser(refusing.window, 'AA')).toBeUndefined()
    expect(refusing.seen).toEqual([])
    expect(await pushStateOf(browser('denied').window)).toBe('denied')
    expect(await pushStateOf({ ...browser('default').window, isSecureContext: false })).toBe('unsupported')
  })

  it('take the key’s bytes from base64url', () => {
    expect([...keyBytes('AQID')]).toEqual([1, 2, 3])
  })
})
