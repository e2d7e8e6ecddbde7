// The WebSocket of a person's own updates, over real sockets.
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { LiveHub } from '#server/http/live-hub.ts'
import { Metrics } from '#server/http/metrics.ts'
import { Arrivals, newId } from '#tests/support/test-cabinet.ts'
import { type Person, startServer, testPassword, type TestServer } from '#tests/support/start-server.ts'
import { TestClock } from '#tests/support/test-clock.ts'

interface Page {
  readonly socket: WebSocket
  readonly updates: Arrivals<{ kind: string; accountId?: string }>
  readonly closed: Promise<number>
}

function openPage(
  server: TestServer,
  cookie: string | undefined,
  headers: Readonly<Record<string, string>> = {},
): Page {
  const url = `${server.url.replace('http', 'ws')}/api/live`
  const socket = new WebSocket(url, { headers: { ...(cookie === undefined ? {} : { cookie }), ...headers } })
  const updates = new Arrivals<{ kind: string; accountId?: string }>()
  socket.on('message', (data: Buffer) => updates.push(JSON.parse(data.toString())))
  const closed = new Promise<number>((resolve) => {
    socket.on('close', resolve)
  })
  return { socket, updates, closed }
}

/** HTTP status with which an upgrade was refused. */
async function refusedWith({ socket }: Page): Promise<number> {
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }]
  socket.on('error', () => {})
  socket.terminate()
  return response.statusCode
}

describe('the live WebSocket', () => {
  let server: TestServer
  let person: Person

  beforeAll(async () => {
    server = await startServer({ dialect: 'sqlite' })
    person = await server.signIn('buyer')
  })
  afterAll(() => server[Symbol.asyncDispose]())

  const hello = (accountId: string) => ({ kind: 'hello', accountId, atMs: 5 }) as const
  const tell = (accountId: string) => server.app.ctx.perform([{ kind: 'live', accountId, update: hello(accountId) }])

  it('greets, then carries a person’s own updates to each of their pages and to nobody else', async () => {
    const other = await server.signIn('buyer')
    const [one, two, theirs] = [
      openPage(server, person.cookie),
      openPage(server, person.cookie),
      openPage(server, other.cookie),
    ]
    for (const page of [one, two, theirs]) expect((await page.updates.next()).kind).toBe('hello')

    tell(person.accountId)
    tell(other.accountId)

    expect(await one.updates.next()).toEqual(hello(person.accountId))
    expect(await two.updates.next()).toEqual(hello(person.accountId))
    expect(await theirs.updates.next()).toEqual(hello(other.accountId))
    for (const page of [one, two, theirs]) page.socket.close()
  })

  it('refuses who is not signed in, and pages of other sites', async () => {
    expect(await refusedWith(openPage(server, undefined))).toBe(401)
    expect(await refusedWith(openPage(server, person.cookie, { origin: 'https://evil.example' }))).toBe(403)
    expect((await person.send('GET', '/api/live')).status).toBe(400)
  })

  it('ends with the sign-in', async () => {
    const leaver = await server.signIn('buyer')
    const page = openPage(server, leaver.cookie)
    await page.updates.next()

    await leaver.send('POST', '/api/sign-out')

    expect(await page.closed).toBe(1008)
  })

  it('ends at once when a role is taken away, and with a new password those of the other sign-ins', async () => {
    // Time stands still, so that no job looks after them.
    await using still = await startServer({ dialect: 'sqlite', clock: new TestClock() })
    const [admin, demoted, changer] = [
      await still.signIn('admin'),
      await still.signIn('operator', 'buyer'),
      await still.signIn('buyer'),
    ]
    const again = await still.anybody.send('POST', '/api/sign-in', { login: changer.login, password: testPassword })
    const [gone, kept, other] = [
      openPage(still, demoted.cookie),
      openPage(still, changer.cookie),
      openPage(still, again.headers.getSetCookie()[0]?.split(';')[0]),
    ]
    for (const page of [gone, kept, other]) await page.updates.next()

    await admin.send('PATCH', `/api/accounts/${demoted.accountId}`, { roles: ['buyer'] })
    const change = { currentPassword: testPassword, newPassword: 'another battery staple' }
    expect((await changer.send('POST', '/api/me/password', change)).status).toBe(204)

    expect(await Promise.all([gone.closed, other.closed])).toEqual([1008, 1008])
    still.app.ctx.perform([{ kind: 'live', accountId: changer.accountId, update: hello(changer.accountId) }])
    expect(await kept.updates.next()).toEqual(hello(changer.accountId))
    kept.socket.close()
  })

  it('ends when another process ended the sign-in, a little later', async () => {
    const clock = new TestClock()
    await using one = await startServer({ dialect: 'sqlite', clock })
    await using other = await startServer({ dialect: 'sqlite', clock, beside: one })
    const leaver = await one.signIn('buyer')
    const page = openPage(other, leaver.cookie)
    await page.updates.next()
    await leaver.send('POST', '/api/sign-out')

    clock.advance(20_000)

    expect(await page.closed).toBe(1008)
  })

  it('ends when a page says more than it has to say', async () => {
    const page = openPage(server, person.cookie)
    await page.updates.next()

    page.socket.send('x'.repeat(2_000))

    expect(await page.closed).toBe(1009)
  })

  it('keeps eight pages of an account, the latest ones', async () => {
    const many = await server.signIn('buyer')
    const pages: Page[] = []
    for (let count = 0; count < 9; count += 1) {
      const page = openPage(server, many.cookie)
      await page.updates.next()
      pages.push(page)
    }

    expect(await pages[0]?.closed).toBe(1008)
    tell(many.accountId)
    expect(await pages[8]?.updates.next()).toEqual(hello(many.accountId))
    for (const page of pages) page.socket.close()
  })
})

describe('the hub', () => {
  /** As much of a socket as the hub uses, with a reader that takes nothing. */
  class StuckSocket {
    bufferedAmount = 0
    isTerminated = false
    on(): void {}
    ping(): void {}
    close(): void {}
    send(text: string): void {
      this.bufferedAmount += text.length
    }
    terminate(): void {
      this.isTerminated = true
    }
  }

  it('closes a page that does not keep up, and one that answers no ping', async () => {
    const clock = new TestClock()
    const metrics = new Metrics()
    const hub = new LiveHub(clock, metrics)
    const [slow, silent] = [new StuckSocket(), new StuckSocket()]
    const [slowId, silentId] = [newId(), newId()]
    hub.add(slowId, newId(), slow as never)
    hub.add(silentId, newId(), silent as never)

    for (let count = 0; count < 10_000; count += 1) hub.publish(slowId, { kind: 'hello', accountId: slowId, atMs: 1 })

    expect(slow.isTerminated).toBe(true)
    expect(slow.bufferedAmount).toBeLessThan(300_000)
    expect((await metrics.liveDropped.get()).values[0]?.value).toBe(1)
    clock.advance(30_000)
    expect(silent.isTerminated).toBe(false)
    clock.advance(30_000)
    expect(silent.isTerminated).toBe(true)
    expect((await metrics.liveSockets.get()).values[0]?.value).toBe(0)
    hub.close()
    expect(clock.timerCount).toBe(0)
  })
})
