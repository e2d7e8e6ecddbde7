import { describe, expect, it } from 'vitest'
import { getShelfByCode } from '#shared/contracts/http/shelf.ts'
import { listCabinets } from '#shared/contracts/http/cabinets.ts'
import { signIn, signOut } from '#shared/contracts/http/identity.ts'
import { getSession } from '#shared/contracts/http/sessions.ts'
import { seededRandom } from '#shared/ids/random.ts'
import { refusals } from '#server/errors/refusal.ts'
import { problemsChinese } from '#server/web/admin/i18n/admin-problems-chinese.ts'
import { problemsEnglish } from '#server/web/admin/i18n/admin-problems-english.ts'
import { dateTime } from '#server/web/common/format.ts'
import { createCall, urlOf } from '#server/web/common/http/call.ts'
import { problemChinese } from '#server/web/common/i18n/problem-chinese.ts'
import { problemEnglish } from '#server/web/common/i18n/problem-english.ts'
import { pauseBeforeTryMs, startSocketLink } from '#server/web/common/live/socket-link.ts'
import { TestClock } from '#tests/support/test-clock.ts'

function answer(status: number, body: unknown): typeof fetch {
  return () => Promise.resolve(new Response(status === 204 ? null : JSON.stringify(body), { status }))
}
function callWith(fetch: typeof globalThis.fetch) {
  let signedOut = 0
  const call = createCall({ fetch, onSignedOut: () => (signedOut += 1) })
  return { call, signedOut: () => signedOut }
}

describe('calling a route', () => {
  it('fills path and query from the contract', () => {
    expect(urlOf(getShelfByCode, { params: { code: 'YB-0001' } })).toBe('/api/cabinets/by-code/YB-0001/shelf')
    expect(urlOf(listCabinets, { query: { search: '大盛 & co', limit: 5, cursor: undefined } })).toBe(
      '/api/cabinets?search=%E5%A4%A7%E7%9B%9B+%26+co&limit=5',
    )
  })

  it('gives nothing for an empty success', async () => {
    expect(await callWith(answer(204, undefined)).call(signOut)).toBeUndefined()
  })

  it('turns a problem into an error with its code, and tells when nobody is signed in', async () => {
    const problem = { type: 'about:blank', title: 'Sign in first.', status: 401, code: 'identity.not_signed_in' }
    const { call, signedOut } = callWith(answer(401, problem))

    await expect(call(signIn, { body: { login: 'a', password: 'b' } })).rejects.toMatchObject({
      kind: 'problem',
      code: 'identity.not_signed_in',
      status: 401,
      isRetryable: false,
    })
    expect(signedOut()).toBe(1)
  })

  it('tells no answer from a no', async () => {
    const { call } = callWith(() => Promise.reject(new TypeError('Failed to fetch')))

    await expect(call(signOut)).rejects.toMatchObject({ kind: 'offline', isRetryable: true })
  })

  it('refuses an answer that is not what the contract says', async () => {
    const { call } = callWith(answer(200, { sessionId: 'none' }))

    await expect(call(getSession, { params: { sessionId: 'x' } })).rejects.toMatchObject({ kind: 'contract' })
  })
})

it('a date names its year, since a jar keeps beyond the next birthday of its label', () => {
  const atMs = Date.UTC(2027, 10, 28, 15, 59)

  expect(dateTime(atMs, 'en')).toBe('28 Nov 2027, 23:59')
  expect(dateTime(atMs, 'zh')).toBe('2027年11月28日 23:59')
})

describe('sentences for problems', () => {
  it('exist in both languages for the same codes', () => {
    expect(Object.keys(problemEnglish).toSorted()).toEqual(Object.keys(problemChinese).toSorted())
  })

  it('are for codes that the server has', () => {
    const own = Object.keys(problemChinese).filter((code) => !/^(network|contract)\./.test(code))

    expect(own.filter((code) => !(code in refusals))).toEqual([])
  })

  it('leave no refusal without one in the administration, in either language', () => {
    const codes = Object.keys(refusals)
    const missing = (...tables: ReadonlyArray<Readonly<Record<string, string>>>) =>
      codes.filter((code) => !tables.some((table) => code in table))

    expect(missing(problemChinese, problemsChinese)).toEqual([])
    expect(missing(problemEnglish, problemsEnglish())).toEqual([])
  })
})

class FakeSocket extends EventTarget {
  readyState = 0
  close(): void {
    this.readyState = 3
    this.dispatchEvent(new Event('close'))
  }
  say(text: string): void {
    this.dispatchEvent(new MessageEvent('message', { data: text }))
  }
  open(): void {
    this.readyState = 1
    this.dispatchEvent(new Event('open'))
  }
}

function startLink() {
  const clock = new TestClock()
  const sockets: FakeSocket[] = []
  const page = Object.assign(new EventTarget(), {
    document: Object.assign(new EventTarget(), { visibilityState: 'visible' }),
  }) as unknown as Window
  const link = startSocketLink<number, string>({
    url: 'ws://x/api/live',
    parse: (payload) => (typeof payload === 'number' ? payload : undefined),
    clock,
    random: seededRandom(1),
    openSocket: () => {
      const socket = new FakeSocket()
      sockets.push(socket)
      return socket as unknown as WebSocket
    },
    page,
  })
  return { clock, sockets, page, link, last: () => sockets.at(-1) }
}

describe('a socket that stays', () => {
  it('passes on what the contract knows and nothing else', () => {
    const { link, last } = startLink()
    const heard: number[] = []
    link.onMessage((message) => heard.push(message))

    last()?.open()
    for (const text of ['1', '"no"', '{broken', '2']) last()?.say(text)

    expect(heard).toEqual([1, 2])
  })

  it('comes back by itself, later each time, and at once when the network does', () => {
    const { clock, sockets, page, link, last } = startLink()
    last()?.close()
    expect(link.status.value).toBe('waiting')

    clock.advance(600)
    expect(sockets).toHaveLength(2)
    last()?.close()
    clock.advance(500)
    expect(sockets).toHaveLength(2)
    page.dispatchEvent(new Event('online'))

    expect(sockets).toHaveLength(3)
    last()?.open()
    expect(link.status.value).toBe('open')
  })

  it('stays away once it was stopped', () => {
    const { clock, sockets, link } = startLink()

    link.stop()
    clock.advance(60_000)

    expect(sockets).toHaveLength(1)
    expect(link.status.value).toBe('stopped')
  })

  it('never waits longer than ten seconds', () => {
    const random = seededRandom(2)

    for (let failures = 0; failures < 40; failures += 1) {
      expect(pauseBeforeTryMs(failures, random)).toBeLessThanOrEqual(10_000)
    }
    expect(pauseBeforeTryMs(0, random)).toBeLessThanOrEqual(500)
  })
})
