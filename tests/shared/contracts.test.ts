import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { routes } from '#shared/contracts/http/api.ts'
import { canonicalJson } from '#shared/contracts/mqtt/canonical-json.ts'
import { Command, commandSigningText } from '#shared/contracts/mqtt/command.ts'
import { channels, parseTopic, topicOf } from '#shared/contracts/mqtt/topics.ts'
import { CabinetConfig } from '#shared/contracts/mqtt/twin.ts'
import { SoldLine } from '#shared/contracts/mqtt/lane.ts'
import { seededRandom } from '#shared/ids/random.ts'
import { makeId } from '#shared/ids/uuid-v7.ts'

const id = makeId({ now: () => 1_790_000_000_000 }, seededRandom(1))

describe('canonicalJson', () => {
  it('does not depend on the order of keys and reads back to the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const text = canonicalJson(value)

        // JSON has no negative zero, so the value is compared after one trip through JSON.
        const reversed = JSON.parse(JSON.stringify(value), (_key, member: unknown) =>
          member !== null && typeof member === 'object' && !Array.isArray(member)
            ? Object.fromEntries(Object.entries(member).toReversed())
            : member,
        ) as unknown
        expect(canonicalJson(reversed)).toBe(text)
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  it('leaves out undefined members and refuses what JSON cannot carry', () => {
    expect(canonicalJson({ b: undefined, a: [1, 'x'] })).toBe('{"a":[1,"x"]}')
    expect(() => canonicalJson({ a: Number.NaN })).toThrow(TypeError)
    expect(() => canonicalJson(() => 1)).toThrow(TypeError)
  })
})

describe('topics', () => {
  it('parses every topic it makes and nothing beside them', () => {
    for (const channel of channels) expect(parseTopic(topicOf(id, channel))).toEqual({ cabinetId: id, channel })
    for (const topic of [
      `huinong/v1/cabinets/${id}/event`,
      `huinong/v1/cabinets/${id}/events/x`,
      `huinong/v1/cabinets/+/events`,
      `huinong/v2/cabinets/${id}/events`,
      '',
    ])
      expect(parseTopic(topic)).toBeUndefined()
  })
})

describe('messages', () => {
  const command = { commandId: id, kind: 'unlock', body: { holdFen: 1, b: 2 }, issuedAtMs: 1, expiresAtMs: 2 }

  it('sign a text that covers cabinet, id, kind, body and times', () => {
    const text = commandSigningText(id, command)

    const other = makeId({ now: () => 1_790_000_000_001 }, seededRandom(2))
    const changes: Array<[string, Partial<typeof command>]> = [
      [other, {}],
      [id, { commandId: other }],
      [id, { kind: 'lock' }],
      [id, { body: { holdFen: 2, b: 2 } }],
      [id, { issuedAtMs: 0 }],
      [id, { expiresAtMs: 3 }],
    ]
    for (const [cabinetId, change] of changes)
      expect(commandSigningText(cabinetId, { ...command, ...change })).not.toBe(text)
  })

  it('ignore unknown fields, so that either end may be newer', () => {
    expect(Command.parse({ ...command, signature: 's', later: true })).toEqual({ ...command, signature: 's' })
  })

  it('have safe defaults for every setting', () => {
    expect(CabinetConfig.parse({}).settleConfidence).toBe(0.995)
  })

  it('refuse a line that has neither count nor mass', () => {
    const line = { laneId: 'L01', skuId: id, mode: 'piece', shownPriceFen: 100 }
    expect(SoldLine.safeParse(line).success).toBe(false)
    expect(SoldLine.safeParse({ ...line, count: 2 }).success).toBe(true)
    expect(SoldLine.safeParse({ ...line, count: 1.5 }).success).toBe(false)
  })
})

describe('routes', () => {
  const keys = routes.map((route) => `${route.method} ${route.path}`)

  it('are unique by method and path and live under /api', () => {
    expect(new Set(keys).size).toBe(keys.length)
    expect(keys.filter((key) => !/^[A-Z]+ \/api\//.test(key))).toEqual([])
    expect(keys.length).toBeGreaterThan(30)
  })

  it.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))(
    '%s declares each path parameter',
    (_key, route) => {
      const names = [...route.path.matchAll(/:(\w+)/g)].map((match) => match[1])
      const declared =
        route.params === undefined ? [] : Object.keys((route.params as unknown as { shape: object }).shape)

      expect(declared).toEqual(names)
    },
  )
})

describe('a reason', () => {
  const texts = routes.flatMap(({ method, path, body, query }) =>
    [body, query].flatMap((part) => {
      if (!(part instanceof z.ZodObject)) return []
      const { reason } = part.shape as Record<string, unknown>
      return reason instanceof z.ZodString ? [[`${method} ${path}`, reason] as const] : []
    }),
  )

  it('is asked for by many routes', () => {
    expect(texts.length).toBeGreaterThan(20)
  })

  it.each(texts)('of two Chinese characters is enough for %s', (_route, reason) => {
    expect(reason.safeParse(' 盘点 ').data).toBe('盘点')
  })
})
