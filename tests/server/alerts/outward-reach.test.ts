import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  ClosedAddressError,
  isPlainlyClosed,
  makeReach,
  parseNetwork,
  postOutward,
} from '#server/alerts/outward-reach.ts'
import { startServer } from '#tests/support/start-server.ts'

const publicOnly = makeReach([])
const posting = { headers: {}, body: 'x', signal: new AbortController().signal }

let called = 0
const inside = createServer((_, response) => {
  called += 1
  response.writeHead(204).end()
})
beforeAll(() => new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve)))
afterAll(() => new Promise<void>((resolve) => inside.close(() => resolve())))
const port = () => (inside.address() as AddressInfo).port

describe('messages of ours', () => {
  it.each([
    '127.0.0.1',
    '10.0.0.1',
    '172.16.3.4',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '::1',
    '::ffff:10.0.0.1',
    '64:ff9b::a00:1',
    'fd00::1',
    'fe80::1',
    'not an address',
  ])('may not go to %s', (address) => {
    expect(publicOnly(address)).toBe(false)
  })

  it.each(['8.8.8.8', '2400:3200::1', '::ffff:8.8.8.8'])('may go to %s', (address) => {
    expect(publicOnly(address)).toBe(true)
  })

  it.each(['http://127.1/', 'http://0x7f.0.0.1/', 'http://2130706433/', 'http://[::1]/', 'http://localhost:1/'])(
    'see through %s',
    (url) => {
      expect(isPlainlyClosed(url, publicOnly)).toBe(true)
    },
  )

  it('are stopped after a name was resolved, and nobody hears of them', async () => {
    const before = called
    // Resolves to the machine itself, and is no plain name of it.
    const hosts = ['ip6-localhost', 'localhost.', 'localhost']

    for (const host of hosts)
      await expect(postOutward(`http://${host}:${port()}/`, posting, publicOnly)).rejects.toThrow(
        /network|ENOTFOUND|EAI_AGAIN/,
      )
    await expect(postOutward(`http://127.0.0.1:${port()}/`, posting, publicOnly)).rejects.toThrow(ClosedAddressError)

    expect(called).toBe(before)
  })

  it('go where the configuration lets them', async () => {
    const own = makeReach([parseNetwork('127.0.0.0/8') ?? ['', 0]])

    expect(await postOutward(`http://127.0.0.1:${port()}/`, posting, own)).toBe(204)
    expect(own('10.0.0.1')).toBe(false)
  })
})

it.each(['10.0.0.0/33', '10.0.0/8', 'example.com', ''])('%s is no network', (text) => {
  expect(parseNetwork(text)).toBeUndefined()
})

it('a webhook or a browser inside is refused at once', async () => {
  await using server = await startServer({ dialect: 'sqlite' })
  const admin = await server.signIn('admin')
  const recipient = { name: '值班', channel: 'webhook', address: 'http://169.254.169.254/latest' }
  const browser = { p256dh: 'B'.repeat(87), auth: 'A'.repeat(22) }

  const hook = await admin.send('POST', '/api/alert-recipients', recipient)
  const push = await admin.send('POST', '/api/push/subscriptions', { endpoint: 'https://10.0.0.1/x', keys: browser })

  expect(hook.body).toMatchObject({ status: 422, code: 'alert.address_closed', field: 'address' })
  expect(push.body).toMatchObject({ status: 422, code: 'alert.address_closed', field: 'endpoint' })
  expect((await admin.send('GET', '/api/alert-recipients')).body).toEqual({ rows: [] })
})
