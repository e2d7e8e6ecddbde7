import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Unit, UnitContext } from '#server/db/unit.ts'
import { rows } from '#server/db/unit.ts'
import { RefusalError } from '#server/errors/refusal.ts'
import { checkAttribution } from '#server/attribution/check-attribution.ts'
import { checkLedger } from '#server/ledger/check-ledger.ts'
import { openForRestock } from '#server/restock/open-for-restock.ts'
import { checkStock } from '#server/stock/check-stock.ts'
import { countLane } from '#server/stock/count-lane.ts'
import { loadLane } from '#server/stock/load-lane.ts'
import { recordLoss } from '#server/stock/record-loss.ts'
import { fixedPlaces } from '#server/stock/rules.ts'
import { takeOffStock, transferStock } from '#server/stock/transfer-stock.ts'
import { openDeps, settled, versions } from '#tests/support/market.ts'
import { isPhysical, openStockWorld, replayMoves, type StockWorld } from '#tests/support/stock-world.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const step = fc.record({
  what: fc.constantFrom(
    'sell',
    'restock',
    'load',
    'transfer',
    'take off',
    'count',
    'waste',
    'shrink',
    'donate',
    'refused',
  ),
  units: fc.integer({ min: 1, max: 30 }),
  isFresher: fc.boolean(),
  isBack: fc.boolean(),
  isFromDifference: fc.boolean(),
  place: fc.constantFrom('depot', 'lane'),
})
type Step = ReturnType<typeof step.generate>['value']

/** One step of a history; a refusal is a step, too: it changes nothing. */
async function take(world: StockWorld, { what, ...how }: Step, index: number): Promise<void> {
  if (what === 'sell') return await sell(world, how.units)
  if (what === 'restock') return await restock(world, how, index)
  try {
    await world.database.run((ctx) => move(ctx, world, what, how))
  } catch (error) {
    if (!(error instanceof RefusalError)) throw error
  }
}

async function sell(world: StockWorld, units: number): Promise<void> {
  const sessionId = await world.open()
  await world.tell('session.settled', settled(world, sessionId, { count: units, massMg: units * 400_000 }))
}

async function restock(world: StockWorld, { units, isFresher }: Omit<Step, 'what'>, index: number): Promise<void> {
  const { cabinetCode, citrus, database, fresherLotId } = world
  const lotId = isFresher ? fresherLotId : citrus.lotId
  const request = { accountId: 'keeper', accountName: 'keeper', cabinetCode, idempotencyKey: `restock-${index}` }
  const { session } = await database.run((ctx) => openForRestock(ctx, openDeps, { ...request, loads: [] }))
  const weighed = { grossAfterMg: 0, unitMassMg: 1_000_000, unitMassSdMg: 1, samples: 1, isCountDoubtful: false }
  const lane = { laneId: 'L01', skuId: citrus.skuId, lotId, countAdded: units, countAfter: units + 3, ...weighed }
  await world.tell('restock.completed', {
    sessionId: session.sessionId,
    lanes: [lane],
    opening: [],
    closing: [],
    versions,
  })
}

function* move(ctx: UnitContext, world: StockWorld, what: Step['what'], how: Omit<Step, 'what'>): Unit<unknown> {
  const { cabinetId, otherCabinetId, citrus, fresherLotId } = world
  const here = { cabinetId, laneId: 'L01' }
  const there = { cabinetId: otherCabinetId, laneId: 'L01' }
  const lotId = how.isFresher ? fresherLotId : citrus.lotId
  const { units, isFromDifference } = how
  const why = { reason: '测试', by: 'operator' }
  if (what === 'load') return yield* loadLane(ctx, { ...here, lotId, units, causeId: 'task', by: 'keeper' })
  if (what === 'transfer') {
    const [from, to] = how.isBack ? [there, here] : [here, there]
    return yield* transferStock(ctx, { lotId, from, to, units, ...why })
  }
  if (what === 'take off') return yield* takeOffStock(ctx, { ...here, lotId, units, isFromDifference, ...why })
  if (what === 'count') return yield* countLane(ctx, { ...here, counts: [{ lotId, units }], ...why })
  if (what === 'refused') {
    yield* loadLane(ctx, { ...there, lotId, units: 1, causeId: 'task', by: 'keeper' })
    return yield* transferStock(ctx, { lotId, from: here, to: there, units: 1_000, ...why })
  }
  const kind = what === 'waste' ? 'wastage' : what === 'shrink' ? 'shrink' : 'donation'
  return yield* recordLoss(ctx, {
    kind,
    lotId,
    lane: how.place === 'depot' ? undefined : here,
    isFromDifference: how.place === 'lane' && isFromDifference,
    units,
    bearer: { kind: how.isBack ? 'insurer' : 'operator' },
    recipient: kind === 'donation' ? '福利院' : undefined,
    ...why,
  })
}

describe.each(dialects)('stock on %s', (dialect) => {
  it(
    'is conserved over any history: Σ over places = received, no place below zero, balances are the replay',
    { timeout: 240_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (history) => {
          const clock = new TestClock()
          await using database = await openTestDatabase(dialect, { clock })
          const world = await openStockWorld(database, clock)

          for (const [index, next] of history.entries()) await take(world, next, index)

          const problems = await database.read(function* (ctx) {
            return [
              ...(yield* checkStock(ctx)),
              ...(yield* checkAttribution(ctx)),
              ...(yield* checkLedger(ctx)).problems,
            ]
          })
          expect(problems).toEqual([])
          const lots = await database.read((ctx) => rows(ctx.db.select().from(ctx.tables.lots)))
          for (const [lotId, places] of await replayMoves(world)) {
            const received = lots.find((lot) => lot.lotId === lotId)?.unitsReceived
            const elsewhere = [...places].filter(([place]) => place !== fixedPlaces.supplier)
            expect(elsewhere.reduce((sum, [, units]) => sum + units, 0)).toBe(received)
            expect([...places].filter(([place, units]) => isPhysical(place) && units < 0)).toEqual([])
          }
        }),
        { numRuns: dialect === 'sqlite' ? 25 : 6 },
      )
    },
  )
})
