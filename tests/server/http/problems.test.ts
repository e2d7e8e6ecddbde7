// What goes wrong comes back as RFC 9457 problem details with a stable code and the field; nothing is changed by it.
import { connect } from 'node:net'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineRoute } from '#shared/contracts/http/route.ts'
import { DatabaseError } from '#server/db/database-error.ts'
import { asRefusal, problemOf } from '#server/http/problem.ts'
import { registerRoute } from '#server/http/register-route.ts'
import { startServer, type TestServer } from '#tests/support/start-server.ts'

const breaks = defineRoute({
  method: 'GET',
  path: '/api/test/breaks',
  tag: 'test',
  summary: 'A fault of ours',
  access: 'public',
  reply: z.object({ shown: z.string() }),
  status: 200,
})
const leaks = defineRoute({ ...breaks, path: '/api/test/leaks' })

describe('bad requests', () => {
  let server: TestServer

  beforeAll(async () => {
    server = await startServer({
      dialect: 'sqlite',
      extendHttp(app) {
        registerRoute(app, breaks, () => {
          throw new Error('the password is hunter2')
        })
        const secretive = { shown: 'yes', secret: 'hunter2' }
        registerRoute(app, leaks, () => secretive)
      },
    })
  })
  afterAll(() => server[Symbol.asyncDispose]())

  const signIn = (body: unknown, headers = {}) => server.anybody.send('POST', '/api/sign-in', body, headers)

  it('name each field that is wrong', async () => {
    const answer = await signIn({ login: 'a b', password: '' })

    expect(answer.status).toBe(422)
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
    expect(answer.body).toMatchObject({
      code: 'request.invalid',
      status: 422,
      field: 'login',
      title: expect.any(String),
    })
    const fields = (answer.body['errors'] as Array<{ field: string }>).map(({ field }) => field)
    expect(fields).toEqual(['login', 'password'])
    expect(answer.body['requestId']).toBe(answer.headers.get('x-request-id'))
  })

  it('name the field deep inside a list', async () => {
    const admin = await server.signIn('admin')

    const answer = await admin.send('POST', '/api/accounts/import', {
      accounts: [
        { login: 'good-one', displayName: 'x', roles: ['buyer'] },
        { login: 'bad-one', displayName: 'x', roles: ['king'] },
      ],
    })

    expect(answer).toMatchObject({ status: 422, body: { field: 'accounts.1.roles.0' } })
  })

  it.each([
    ['an address that cannot be decoded', '/api/cabinets/%zz', 400, 'request.malformed'],
    ['an address without end', `/api/sessions/${'x'.repeat(300)}`, 400, 'request.malformed'],
  ])('refuse %s', async (_what, path, status, code) => {
    const answer = await server.anybody.send('GET', path)

    expect(answer.headers.get('content-type')).toContain('application/problem+json')
    expect(answer).toMatchObject({ status, body: { status, code } })
  })

  it.each([
    ['what is no HTTP', 'HELO there\r\n\r\n', '400 Bad Request', 'request.malformed'],
    ['headers without end', `GET / HTTP/1.1\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`, '413 ', 'request.too_large'],
  ])('refuse %s', async (_what, text, status, code) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => socket.write(text))
    let answer = ''
    socket.on('data', (data) => (answer += data.toString()))
    await once(socket, 'close')

    const [head = '', body = ''] = answer.split('\r\n\r\n')
    expect(head).toContain(`HTTP/1.1 ${status}`)
    expect(head).toContain('application/problem+json')
    expect(JSON.parse(body)).toMatchObject({ code })
  })

  it.each([
    ['malformed JSON', '{"login":', {}, 400, 'request.malformed'],
    ['an empty body', '', {}, 400, 'request.malformed'],
    ['another media type', 'login=x', { 'content-type': 'text/plain' }, 415, 'request.media_type_unsupported'],
    ['too much', JSON.stringify({ login: 'x'.repeat(300_000) }), {}, 413, 'request.too_large'],
    ['a poisoned prototype', '{"__proto__":{"x":1},"login":"abc"}', {}, 400, 'request.malformed'],
  ])('refuse %s', async (_what, body, headers, status, code) => {
    const answer = await signIn(body, headers)

    expect(answer).toMatchObject({ status, body: { status, code } })
  })

  it('refuse an unknown address and an unknown method', async () => {
    expect(await server.anybody.send('GET', '/api/nowhere')).toMatchObject({
      status: 404,
      body: { code: 'request.not_found' },
    })
    expect(await server.anybody.send('DELETE', '/api/sign-in')).toMatchObject({ status: 404 })
  })

  it('refuse ids and cursors of another form', async () => {
    const admin = await server.signIn('admin')

    expect(await admin.send('GET', '/api/cabinets/42')).toMatchObject({ status: 422, body: { field: 'cabinetId' } })
    expect(await admin.send('GET', '/api/cabinets?cursor=x')).toMatchObject({ status: 422, body: { field: 'cursor' } })
    expect(await admin.send('GET', '/api/cabinets?limit=0')).toMatchObject({ status: 422, body: { field: 'limit' } })
  })

  it('say nothing of the inside when the fault is ours', async () => {
    const answer = await server.anybody.send('GET', breaks.path)

    expect(answer).toMatchObject({ status: 500, body: { code: 'server.failed' } })
    expect(JSON.stringify(answer.body)).not.toContain('hunter2')
  })

  it('let nothing out that the contract does not name', async () => {
    expect((await server.anybody.send('GET', leaks.path)).body).toEqual({ shown: 'yes' })
  })

  it('are refused from a page of another site', async () => {
    const admin = await server.signIn('admin')
    const host = new URL(server.url).host
    const body = { name: 'x', kind: 'school', address: 'x' }

    const foreign = await admin.send('POST', '/api/host-sites', body, { origin: 'https://evil.example' })
    const odd = await admin.send('POST', '/api/host-sites', body, { origin: 'null' })
    const own = await admin.send('POST', '/api/host-sites', body, { origin: `http://${host}` })

    expect(foreign).toMatchObject({ status: 403, body: { code: 'request.origin_foreign' } })
    expect(odd.status).toBe(403)
    expect(own.status).toBe(201)
  })

  it('carry security headers without unsafe-inline', async () => {
    const { headers } = await server.anybody.send('GET', '/healthz')

    const policy = headers.get('content-security-policy') ?? ''
    expect(policy).toContain("script-src 'self'")
    expect(policy).not.toContain('unsafe')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('x-frame-options')).toBe('SAMEORIGIN')
  })

  it('are kept by no cache, as are answers and files', async () => {
    const operator = await server.signIn('operator')
    const refused = ['/api/cabinets/42', '/api/accounts', '/api/nowhere']
    const paths = ['/api/me', '/api/cabinets', '/api/import-templates/households', ...refused]

    const answers = await Promise.all(paths.map((path) => operator.send('GET', path)))

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 422, 403, 404])
    expect(answers.map(({ headers }) => headers.get('cache-control'))).toEqual(paths.map(() => 'no-store'))
  })

  it('are answered even when they are no HTTP', async () => {
    const { port } = new URL(server.url)
    const socket = connect(Number(port), '127.0.0.1')
    socket.write('\u0000\u0001 nonsense\r\n\r\n')

    const [data] = (await once(socket, 'data')) as [Buffer]

    expect(data.toString()).toContain('400')
    socket.destroy()
  })
})

describe('the rate limit', () => {
  it('refuses with the time to wait', async () => {
    await using server = await startServer({ dialect: 'sqlite', environment: { HUINONG_REQUESTS_PER_MINUTE: '10' } })
    const answers = []
    for (let call = 0; call < 12; call += 1) answers.push(await server.anybody.send('GET', '/api/me'))

    const last = answers.at(-1)

    expect(answers.slice(0, 10).map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 401))
    expect(last).toMatchObject({ status: 429, body: { code: 'request.too_many' } })
    expect(Number(last?.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await server.anybody.send('GET', '/healthz')).status).toBe(200)
  })
})

describe('metrics', () => {
  it('are for who has the token, where one is set', async () => {
    await using server = await startServer({ dialect: 'sqlite', environment: { HUINONG_METRICS_TOKEN: 'a token' } })
    const ask = (authorization?: string) =>
      server.anybody.send('GET', '/metrics', undefined, authorization === undefined ? {} : { authorization })

    expect((await ask()).status).toBe(401)
    expect((await ask('Bearer a tokem')).status).toBe(401)
    expect(String((await ask('Bearer a token')).body['text'])).toContain('huinong_cabinets_online')
  })
})

describe('a disk in trouble', () => {
  it.each([
    ['full', 507, 'database.full'],
    ['io', 503, 'database.failed'],
  ] as const)('is told as such: %s', (kind, status, code) => {
    const problem = problemOf(asRefusal(new DatabaseError(kind, 'pwrite failed')), 'request-1')

    expect(problem).toMatchObject({ status, code })
    expect(JSON.stringify(problem)).not.toContain('pwrite')
  })
})
