// The service worker by its own source, with the few things of a browser that it touches. Headless browsers grant no
// notifications, so this is as near as a test comes.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { runInNewContext } from 'node:vm'
import { beforeEach, describe, expect, it } from 'vitest'

const source = await readFile(
  fileURLToPath(new URL('../../../server/web/public/push-worker.mjs', import.meta.url)),
  'utf8',
)

interface Page {
  readonly url: string
  navigate(path: string): Promise<void>
  focus(): Promise<void>
}

let listeners: Map<string, (event: object) => void>
let seen: unknown[]
let pages: Page[]

beforeEach(() => {
  listeners = new Map()
  seen = []
  pages = []
  const self = {
    addEventListener: (name: string, listener: (event: object) => void) => listeners.set(name, listener),
    registration: {
      showNotification: (title: string, options: object) => Promise.resolve(seen.push({ title, ...options })),
    },
    clients: {
      matchAll: () => Promise.resolve(pages),
      openWindow: (path: string) => Promise.resolve(seen.push(`opened ${path}`)),
    },
  }
  runInNewContext(source, { self, URL })
})

async function happen(name: string, event: object): Promise<void> {
  let work: Promise<unknown> = Promise.resolve()
  listeners.get(name)?.({ ...event, waitUntil: (promise: Promise<unknown>) => (work = promise) })
  await work
}

describe('the service worker', () => {
  it('shows an alert that was pushed, a later one in the place of an earlier', async () => {
    const message = { title: '柜子离线', body: 'YB-0001', tag: 'alert-1', event: 'raised', path: '/admin/alerts' }

    await happen('push', { data: { json: () => message } })

    expect(seen).toMatchObject([
      { title: '柜子离线', body: 'YB-0001', tag: 'alert-1', data: { path: '/admin/alerts' } },
    ])
  })

  it('shows something even where the message cannot be read', async () => {
    await happen('push', { data: null })

    expect(seen).toMatchObject([{ title: '惠农柜', data: { path: '/admin/alerts' } }])
  })

  it('leads to the inbox: in the administration’s window when one is open, else in a new one', async () => {
    const notification = { close: () => seen.push('closed'), data: { path: '/admin/alerts' } }
    await happen('notificationclick', { notification })
    pages = [
      {
        url: 'https://h.example/',
        navigate: () => Promise.reject(new Error('a buyer’s page')),
        focus: () => Promise.resolve(),
      },
      {
        url: 'https://h.example/admin/cabinets',
        navigate: (path) => Promise.resolve(void seen.push(`went to ${path}`)),
        focus: () => Promise.resolve(void seen.push('focused')),
      },
    ]
    await happen('notificationclick', { notification })

    expect(seen).toEqual(['closed', 'opened /admin/alerts', 'closed', 'went to /admin/alerts', 'focused'])
  })
})
