// Every route of the contracts takes every kind of nonsense in every field, on both databases, and answers with a problem: nothing
// is a fault of the server.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { routes } from '#shared/contracts/http/api.ts'
import type { RouteContract } from '#shared/contracts/http/route.ts'
import { newId, registerCabinet } from '#tests/support/test-cabinet.ts'
import { type Person, startServer, type TestServer } from '#tests/support/start-server.ts'
import { dialects } from '#tests/support/test-database.ts'

interface Schema {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly minLength?: number
  readonly minimum?: number
  readonly pattern?: string
  readonly $ref?: string
}

/** As it would stand in JSON text. */
const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`
const texts = [
  'null',
  'true',
  '-1',
  '1.5',
  '9007199254740993',
  '1e999',
  '""',
  `"${'x'.repeat(300)}"`,
  String.raw`"a\u0000b"`,
  String.raw`"a\ud83d"`,
  '[]',
  '[null]',
  '{"a":{}}',
  deep,
]
const cursorOf = (key: string) => Buffer.from(key).toString('base64url')
const queryValues = [
  '',
  '%00',
  '%ED%A0%BD',
  'x'.repeat(250),
  '1e3',
  '-1',
  ...['[1]', '["a"]', '[1,1]', '[1,"a"]', '["a",1]', '["a","a"]', String.raw`["\u0000"]`, '{}', '1'].map(cursorOf),
]

/** Something of the right form. */
function sample(schema: Schema): unknown {
  if (schema.const !== undefined) return schema.const
  if (schema.enum !== undefined) return schema.enum[0]
  const [first] = schema.anyOf ?? schema.oneOf ?? schema.allOf ?? []
  if (first !== undefined) return sample(first)
  if (schema.type === 'object')
    return Object.fromEntries((schema.required ?? []).map((name) => [name, sample(schema.properties?.[name] ?? {})]))
  if (schema.type === 'array') return [sample(schema.items ?? {})]
  if (schema.type === 'integer' || schema.type === 'number') return Math.max(1, schema.minimum ?? 1)
  if (schema.type === 'boolean') return true
  return schema.pattern?.includes('7[0-9a-f]') === true ? newId() : 'a'.repeat(Math.max(3, schema.minLength ?? 3))
}

const jsonSchema = (schema: z.ZodType) =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline', cycles: 'ref' }) as Schema

/** Bodies with one value in each field in turn, and in each field of what its lists and objects hold. */
function* bodiesWith(text: string, schema: Schema): Generator<string> {
  const mark = '@@here@@'
  const put = (value: unknown) => JSON.stringify(value).replace(JSON.stringify(mark), text)
  yield text
  const good = sample(schema) as Record<string, unknown>
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    yield put({ ...good, [name]: mark })
    const inner = field.type === 'array' ? (field.items ?? {}) : field
    for (const innerName of Object.keys(inner.properties ?? {})) {
      const value = { ...(sample(inner) as object), [innerName]: mark }
      yield put({ ...good, [name]: field.type === 'array' ? [value] : value })
    }
  }
}

describe.each(dialects)('nonsense on %s', (dialect) => {
  let server: TestServer
  let admin: Person
  let cabinetId: string

  beforeAll(async () => {
    server = await startServer({ dialect })
    admin = await server.signIn('admin', 'buyer', 'restocker', 'operator', 'finance')
    cabinetId = await registerCabinet(server, 'YB-0001')
  })
  afterAll(() => server[Symbol.asyncDispose]())

  const pathOf = ({ path }: RouteContract, odd?: string) =>
    path.replaceAll(/:(\w+)/g, (_, name: string) => {
      if (odd !== undefined) return odd
      const known: Readonly<Record<string, string>> = { cabinetId, accountId: admin.accountId, code: 'YB-0001' }
      return known[name] ?? (name === 'householdCode' ? '5001121422010001' : newId())
    })

  // These end the caller's own sign-in.
  const walked = routes.filter(({ path }) => !['/api/sign-out', '/api/me/password'].includes(path))

  it.each(walked.map((route) => [`${route.method} ${route.path}`, route] as const))(
    '%s answers with a problem or does what was asked',
    { timeout: 60_000 },
    async (_name, route) => {
      const wrong: string[] = []
      const send = async (path: string, body?: string) => {
        const { status, headers } = await admin.send(route.method, path, body)
        const isProblem = headers.get('content-type')?.startsWith('application/problem+json') === true
        if (status >= 500 || (status >= 400 && !isProblem)) wrong.push(`${status} ${path} ${body?.slice(0, 300) ?? ''}`)
      }
      const body = route.method === 'GET' ? undefined : '{}'

      if (route.path.includes(':'))
        for (const odd of ['%00', '%zz', 'x'.repeat(300), '%F0%9F%98%80', '-1']) await send(pathOf(route, odd), body)
      for (const name of Object.keys(route.query === undefined ? {} : (jsonSchema(route.query).properties ?? {})))
        for (const value of queryValues) await send(`${pathOf(route)}?${name}=${value}`, body)
      if (route.body !== undefined)
        for (const text of texts)
          for (const odd of bodiesWith(text, jsonSchema(route.body))) await send(pathOf(route), odd)

      expect(wrong).toEqual([])
    },
  )
})
