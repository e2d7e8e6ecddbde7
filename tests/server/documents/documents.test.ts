import { describe, expect, it } from 'vitest'
import { routes } from '#shared/contracts/http/api.ts'
import { channels } from '#shared/contracts/mqtt/topics.ts'
import { commandBodies } from '#shared/contracts/mqtt/command.ts'
import { eventBodies } from '#shared/contracts/mqtt/event.ts'
import { channelMessages, makeAsyncApi } from '#server/documents/asyncapi.ts'
import type { Json } from '#server/documents/json-schemas.ts'
import { channelExamples } from '#server/documents/message-examples.ts'
import { makeOpenApi, openApiPath } from '#server/documents/openapi.ts'
import { refusals } from '#server/errors/refusal.ts'
import { readEntry } from '#server/mqtt/journal-entries.ts'
import { startServer } from '#tests/support/start-server.ts'

/** Every `$ref` in a document. */
function* refsIn(value: Json): Generator<string> {
  if (Array.isArray(value)) for (const item of value) yield* refsIn(item)
  else if (value !== null && typeof value === 'object')
    for (const [key, member] of Object.entries(value)) {
      if (key === '$ref' && typeof member === 'string') yield member
      else yield* refsIn(member)
    }
}

function resolve(document: Json, ref: string): Json | undefined {
  let at: Json | undefined = document
  for (const part of ref.replace('#/', '').split('/')) {
    if (at === null || typeof at !== 'object' || Array.isArray(at)) return undefined
    at = at[part.replaceAll('~1', '/').replaceAll('~0', '~')]
  }
  return at
}

const unresolved = (document: Json) => [...refsIn(document)].filter((ref) => resolve(document, ref) === undefined)

describe('the OpenAPI document', () => {
  const document = makeOpenApi(routes, 'huinong_session', undefined)

  it('has every route with its access, parameters, body, reply and problems', () => {
    for (const route of routes) {
      const operation = resolve(
        document,
        `#/paths/${openApiPath(route.path).replaceAll('/', '~1')}/${route.method.toLowerCase()}`,
      )
      expect(operation).toMatchObject({ summary: route.summary, tags: [route.tag] })
      const { parameters, security, responses } = operation as { [key: string]: Json }
      const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name)
      const named = (parameters as Array<{ name: string; in: string }>).filter((one) => one.in === 'path')
      expect(named.map(({ name }) => name)).toEqual(inPath)
      expect((security as Json[]).length === 0).toBe(route.access === 'public')
      expect(Object.keys(responses as object)).toContain(String(route.status))
    }
  })

  it('names every status that a problem may have', () => {
    const { responses } = resolve(document, '#/paths/~1api~1me/get') as { responses: object }

    for (const { status } of Object.values(refusals)) expect(Object.keys(responses)).toContain(String(status))
    expect(Object.keys(responses)).toContain('500')
  })

  it('says of a file what it may be', () => {
    const fileOf = (path: string) => JSON.stringify(resolve(document, `#/paths/${path.replaceAll('/', '~1')}/post`))

    expect(fileOf('/api/households/imports')).toContain('CSV (UTF-8 or GB18030) or XLSX')
    expect(fileOf('/api/payouts/{batchId}/returns')).toContain('pain.002')
    expect(fileOf('/api/restock-tasks/{taskId}/photos/{photoId}')).toContain('bytes: JPEG, PNG or WebP')
    expect(fileOf('/api/agent-releases/{version}')).toContain('bytes: the JavaScript')
  })

  it('refers to nothing that is not there', () => {
    expect([...refsIn(document)].length).toBeGreaterThan(100)
    expect(unresolved(document)).toEqual([])
  })

  it('gives each operation a name of its own', () => {
    const ids = JSON.stringify(document).match(/"operationId":"[^"]+"/g) ?? []

    expect(new Set(ids).size).toBe(routes.length)
  })

  it('tells what a caller may leave out from what the server always sends', () => {
    const { components } = document as { components: { schemas: { [id: string]: { required?: string[] } } } }

    expect(components.schemas['CabinetConfig']?.required).toContain('liveIntervalMs')
    expect(components.schemas['PlanogramLane']?.required).toContain('isOnSale')
  })
})

describe('the AsyncAPI document', () => {
  const document = makeAsyncApi('mqtt://cabinets.example:1883')

  it('has every channel with its operation and message', () => {
    expect(document['asyncapi']).toBe('3.0.0')
    for (const channel of channels) {
      expect(resolve(document, `#/channels/${channel}`)).toMatchObject({
        address: `huinong/v1/cabinets/{cabinetId}/${channel}`,
      })
      const action = resolve(document, `#/operations/${channel}/action`)
      expect(action).toBe(['acks', 'commands', 'desired'].includes(channel) ? 'send' : 'receive')
    }
  })

  it('has every event and command body', () => {
    for (const type of Object.keys(eventBodies))
      expect(resolve(document, `#/components/schemas/event.${type}`)).toBeDefined()
    for (const kind of Object.keys(commandBodies))
      expect(resolve(document, `#/components/schemas/command.${kind}`)).toBeDefined()
  })

  it('refers to nothing that is not there', () => {
    expect(unresolved(document)).toEqual([])
  })

  it.each(channels)('shows examples of %s that the contract accepts', (channel) => {
    expect(channelExamples[channel].length).toBeGreaterThan(0)
    for (const { payload } of channelExamples[channel])
      expect(channelMessages[channel].schema.safeParse(payload).error).toBeUndefined()
  })

  it('shows a journal entry whose hash is right and whose body fits its type', () => {
    const [example] = channelExamples.events

    expect(readEntry(example?.payload, 0)?.flags).toEqual([])
  })
})

it('both are served to anybody', async () => {
  await using server = await startServer({ dialect: 'sqlite' })

  expect((await server.anybody.send('GET', '/api/openapi.json')).body['openapi']).toBe('3.1.0')
  const asyncApi = await server.anybody.send('GET', '/api/asyncapi.json')
  expect(asyncApi.body['servers']).toMatchObject({ broker: { host: new URL(server.app.mqttUrl).host } })
})
