// Routes that take a file: its bytes arrive as they are, what is no file or too large is refused before anything is done.
import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineRoute } from '#shared/contracts/http/route.ts'
import { makeOpenApi } from '#server/documents/openapi.ts'
import { registerRoute } from '#server/http/register-route.ts'
import { type Person, startServer, type TestServer } from '#tests/support/start-server.ts'

const takesFile = defineRoute({
  method: 'POST',
  path: '/api/test/files',
  tag: 'test',
  summary: 'Takes a file',
  access: ['finance'],
  audit: { none: 'a test that changes nothing' },
  query: z.object({ title: z.string().min(1) }),
  upload: { maxBytes: 1_000_000 },
  reply: z.object({ title: z.string(), bytes: z.array(z.int()) }),
  status: 200,
})
const path = '/api/test/files?title=t'

describe('uploads', () => {
  let server: TestServer
  let finance: Person
  let calls = 0

  beforeAll(async () => {
    server = await startServer({
      dialect: 'sqlite',
      extendHttp(app) {
        registerRoute(app, takesFile, ({ body, query }) => {
          calls += 1
          return { title: query.title, bytes: [...body.subarray(0, 8)] }
        })
      },
    })
    finance = await server.signIn('finance')
  })
  afterAll(() => server[Symbol.asyncDispose]())

  it.each(['application/octet-stream', 'text/csv', 'text/csv; charset=gb18030'])(
    'take %s byte by byte',
    async (type) => {
      const answer = await finance.send('POST', path, Uint8Array.from([0, 255, 61, 10, 13]), { 'content-type': type })

      expect(answer).toMatchObject({ status: 200, body: { title: 't', bytes: [0, 255, 61, 10, 13] } })
    },
  )

  it('refuse JSON, and nothing at all', async () => {
    const json = await finance.send('POST', path, { a: 1 })
    const nothing = await finance.send('POST', path, new Uint8Array(0))

    expect(json).toMatchObject({ status: 415, body: { code: 'request.media_type_unsupported' } })
    expect(nothing).toMatchObject({ status: 422, body: { code: 'request.invalid', field: 'body' } })
  })

  it('leave the other routes to JSON', async () => {
    const answer = await server.anybody.send('POST', '/api/sign-in', Uint8Array.from([123, 125]))

    expect(answer).toMatchObject({ status: 415, body: { code: 'request.media_type_unsupported' } })
  })

  it('are refused before the file is read to whoever may not', async () => {
    const operator = await server.signIn('operator')
    const before = calls

    const answer = await operator.send('POST', path, Uint8Array.from([1]))

    expect(answer).toMatchObject({ status: 403, body: { code: 'identity.role_missing' } })
    expect(calls).toBe(before)
  })

  it('are refused by the length a gigabyte announces, without its bytes', async () => {
    const { hostname, port } = new URL(server.url)
    const headers = { cookie: finance.cookie ?? '', 'content-type': 'text/csv', 'content-length': String(2 ** 30) }

    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sent = httpRequest({ hostname, port, path, method: 'POST', headers }, (reply) => {
        resolve(reply.statusCode)
        sent.destroy()
      })
      sent.on('error', reject)
      sent.write('户编号,金额\r\n')
    })

    expect(status).toBe(413)
  })

  it('are refused at the limit when no length was announced', async () => {
    const answer = await finance.send('POST', path, new Uint8Array(1_000_001))

    expect(answer).toMatchObject({ status: 413, body: { code: 'request.too_large' } })
  })

  it('stand in the document with their size and media types', () => {
    const document = makeOpenApi([takesFile], 'cookie', undefined)

    expect(document).toMatchObject({
      paths: {
        '/api/test/files': {
          post: { requestBody: { required: true, content: { 'text/csv': {}, 'application/octet-stream': {} } } },
        },
      },
    })
  })
})
