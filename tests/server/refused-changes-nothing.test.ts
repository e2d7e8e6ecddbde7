// Bad input over HTTP: each is refused with its code, and no row of any table is another than before.
import { describe, expect, it } from 'vitest'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { Database } from '#server/db/database.ts'
import { rows } from '#server/db/unit.ts'
import { openRestockWorld, type RestockWorld } from '#tests/support/restock-world.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const unknownId = '01900000-0000-7000-8000-00000000000a'
const yearMs = 366 * 86_400_000

/** Every row of every table. */
const everything = (database: Database) =>
  database.read(function* ({ db, tables }) {
    const all: Record<string, unknown> = {}
    for (const [name, table] of Object.entries(tables)) all[name] = yield* rows(db.select().from(table as PgTable))
    return all
  })

interface Bad {
  readonly method: 'POST' | 'PUT'
  readonly path: (world: RestockWorld, taskId: string) => string
  readonly body: (world: RestockWorld, nowMs: number) => object
  readonly who?: 'anna'
}

const laneOf = ({ market }: RestockWorld) => ({ cabinetId: market.cabinetId, laneId: 'L01' })
const planned = ({ market }: RestockWorld, change: object = {}) => ({
  laneId: 'L01',
  skuId: market.citrus.skuId,
  capacity: 20,
  isOnSale: true,
  ...change,
})
const receive = ({ market: { citrus, supplierId } }: RestockWorld, nowMs: number) => ({
  skuId: citrus.skuId,
  supplierId,
  harvestedAtMs: nowMs - 3_600_000,
  unitsReceived: 10,
  certificateNumber: 'YSCN-0009',
  sources: [],
})
const done = (world: RestockWorld, atMs: number, countAfter = 1) => ({
  stepId: world.newId(),
  kind: 'lane-done',
  atMs,
  laneId: 'L01',
  takenOff: [],
  putIn: [],
  countAfter,
})
const steps = (sentAtMs: number, step: object) => ({ sentAtMs, steps: [step] })

const toTwin = (part: string) => (world: RestockWorld) => `/api/cabinets/${world.market.cabinetId}/${part}`
const toSteps = (_world: RestockWorld, taskId: string) => `/api/restock-tasks/${taskId}/steps`
const to = (path: string) => () => path

const cases: ReadonlyArray<readonly [string, string, Bad]> = [
  [
    'an unknown lot, to recall',
    'recall.lot_unknown',
    { method: 'POST', path: to('/api/recalls'), body: () => ({ lotId: unknownId, reason: '抽检' }) },
  ],
  [
    'an unknown lot, to count',
    'stock.lot_unknown',
    {
      method: 'POST',
      path: to('/api/stock/stocktakes'),
      body: (world) => ({ ...laneOf(world), counts: [{ lotId: unknownId, units: 1 }], reason: '盘点' }),
    },
  ],
  [
    'an unknown lot, into a planogram',
    'cabinet.lot_unknown',
    {
      method: 'PUT',
      path: toTwin('planogram'),
      body: (world) => ({ expectedVersion: 1, lanes: [planned(world, { lotId: unknownId })] }),
    },
  ],
  [
    'a negative count of a lane',
    'request.invalid',
    {
      method: 'POST',
      path: to('/api/stock/stocktakes'),
      body: (world) => ({
        ...laneOf(world),
        counts: [{ lotId: world.market.citrus.lotId, units: -1 }],
        reason: '盘点',
      }),
    },
  ],
  [
    'a lot of fewer than no units',
    'request.invalid',
    {
      method: 'POST',
      path: to('/api/lots'),
      body: (world, nowMs) => ({ ...receive(world, nowMs), unitsReceived: -10 }),
    },
  ],
  [
    'a negative count of a restocker',
    'request.invalid',
    { method: 'POST', path: toSteps, body: (world, nowMs) => steps(nowMs, done(world, nowMs, -1)), who: 'anna' },
  ],
  [
    'a stale version of a planogram',
    'cabinet.twin_stale',
    { method: 'PUT', path: toTwin('planogram'), body: (world) => ({ expectedVersion: 0, lanes: [planned(world)] }) },
  ],
  [
    'a stale version of prices',
    'cabinet.twin_stale',
    {
      method: 'PUT',
      path: toTwin('prices'),
      body: ({ market }) => ({ expectedVersion: 0, prices: { [market.citrus.skuId]: 990 } }),
    },
  ],
  [
    'a phone whose clock is years ahead',
    'restock_task.clock_wrong',
    {
      method: 'POST',
      path: toSteps,
      body: (world, nowMs) => steps(nowMs + 3 * yearMs, done(world, nowMs)),
      who: 'anna',
    },
  ],
  [
    'a phone whose clock is years behind',
    'restock_task.clock_wrong',
    {
      method: 'POST',
      path: toSteps,
      body: (world, nowMs) => steps(nowMs - 3 * yearMs, done(world, nowMs)),
      who: 'anna',
    },
  ],
]

describe.each(dialects)('bad input on %s', (dialect) => {
  it('is refused with its code, and nothing changes', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await using world = await openRestockWorld(database, clock)
    await world.plan()
    const [task] = await world.tasks()
    const before = await everything(database)
    const codes: Record<string, unknown> = {}

    for (const [name, , { method, path, body, who }] of cases) {
      const caller = who === undefined ? { ...world.operator, roles: ['operator', 'admin'] as const } : world[who]
      const reply = await world.api.call(method, path(world, task?.taskId ?? ''), caller, body(world, clock.now()))
      codes[name] = (reply.body as { code?: string }).code
    }

    expect(codes).toEqual(Object.fromEntries(cases.map(([name, code]) => [name, code])))
    expect(await everything(database)).toEqual(before)
    expect(world.api.performed.filter(({ kind }) => kind !== 'live')).toEqual([])
  })
})
