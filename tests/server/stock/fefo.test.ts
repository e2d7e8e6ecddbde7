import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rows } from '#server/db/unit.ts'
import { unitsInLane as lotsOfLane } from '#server/stock/lane-stock.ts'
import { loadLane } from '#server/stock/load-lane.ts'
import { priceBill, type BookedLot, type ContractLane } from '#server/sessions/pricing.ts'
import { takenLines } from '#tests/support/market.ts'
import { settled, unitsInLane } from '#tests/support/market.ts'
import { openStockWorld, type StockWorld } from '#tests/support/stock-world.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const loadFresher = ({ database, cabinetId, fresherLotId }: StockWorld, units: number) =>
  database.run((ctx) =>
    loadLane(ctx, { cabinetId, laneId: 'L01', lotId: fresherLotId, units, causeId: 'task', by: 'keeper' }),
  )
const laneOf = ({ database, cabinetId }: StockWorld) =>
  database.read((ctx) => lotsOfLane(ctx, { cabinetId, laneId: 'L01' }))

describe.each(dialects)('a sale on %s', (dialect) => {
  it('takes the lot that expires first, then the next, each a line of its own', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const world = await openStockWorld(database, clock)
    await loadFresher(world, 10)
    const first = await world.open()
    await world.tell('session.settled', settled(world, first, { count: 7 }))
    const second = await world.open()
    await world.tell('session.settled', settled(world, second, { count: 7 }))
    const third = await world.open()

    // The cabinet names the lot it was loaded with last; the books know which must go first.
    const [line] = takenLines(world, { count: 7 })
    const body = settled(world, third, {})
    await world.tell('session.settled', {
      ...body,
      lines: line === undefined ? [] : [{ ...line, lotId: world.fresherLotId }],
    })

    const lines = await database.read((ctx) => {
      const { saleLines: l } = ctx.tables
      return rows(ctx.db.select({ sessionId: l.sessionId, lotId: l.lotId, count: l.count, fen: l.amountFen }).from(l))
    })
    const { citrus, fresherLotId } = world
    expect(
      lines.filter(({ sessionId }) => sessionId === third).toSorted((a, b) => (b.count ?? 0) - (a.count ?? 0)),
    ).toEqual([
      { sessionId: third, lotId: citrus.lotId, count: 6, fen: 6 * 1280 },
      { sessionId: third, lotId: fresherLotId, count: 1, fen: 1280 },
    ])
    expect(await laneOf(world)).toEqual([
      { lotId: citrus.lotId, units: 0, unitsMissing: 0 },
      { lotId: fresherLotId, units: 9, unitsMissing: 0 },
    ])
  })

  it('beyond the books leaves the lane empty and the rest in its difference', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const world = await openStockWorld(database, clock)
    const sessionId = await world.open()

    await world.tell('session.settled', settled(world, sessionId, { count: unitsInLane + 3 }))

    expect(await laneOf(world)).toEqual([{ lotId: world.citrus.lotId, units: 0, unitsMissing: -3 }])
  })
})

describe('the lines of a bill', () => {
  const contract = (mode: 'piece' | 'weight'): ContractLane => ({
    laneId: 'L01',
    skuId: 'citrus',
    name: '沃柑',
    spec: '1 kg 装',
    origin: '大盛镇',
    mode,
    priceFen: 1_283,
    isCertified: true,
    isProductCertified: true,
    unitMassMg: 1_000_000,
    lotId: 'a',
  })
  const lot = fc.record({
    lotId: fc.constantFrom('a', 'b', 'c', 'd'),
    units: fc.integer({ min: 0, max: 9 }),
    expiresAtMs: fc.integer({ min: 0, max: 20 }),
    isSupplierCertified: fc.boolean(),
  })
  const shelf = fc.uniqueArray(lot, { selector: ({ lotId }) => lotId, maxLength: 4 })

  it('keep quantity and price of what was taken, and leave no fresher lot short of an older one', () => {
    fc.assert(
      fc.property(shelf, fc.integer({ min: 1, max: 60 }), fc.boolean(), (lots, count, isByWeight) => {
        const mode = isByWeight ? 'weight' : 'piece'
        const booked = lots.map((it): BookedLot => ({ ...it, laneId: 'L01', skuId: 'citrus' }))
        const quantity = isByWeight ? { massMg: count * 300_000 } : { count }

        const bill = priceBill([{ laneId: 'L01', skuId: 'citrus', mode, ...quantity }], [contract(mode)], 1_000_000, {
          lots: booked,
          soldAtMs: 10,
        })

        const sum = (of: (line: (typeof bill.lines)[number]) => number) =>
          bill.lines.reduce((all, line) => all + of(line), 0)
        const whole = isByWeight ? Math.floor((count * 300_000 * 1_283) / 1_000_000) : count * 1_283
        expect(sum((line) => line.listFen)).toBe(whole)
        expect(sum((line) => line.count ?? line.massMg ?? 0)).toBe(isByWeight ? count * 300_000 : count)
        const soldOf = (lotId: string) => sum((line) => (line.lotId === lotId ? line.units : 0))
        const sellable = lots.filter(({ expiresAtMs, units }) => expiresAtMs >= 10 && units > 0)
        const jumped = sellable.flatMap((fresher) =>
          sellable.filter(
            (older) =>
              older.expiresAtMs < fresher.expiresAtMs && soldOf(fresher.lotId) > 0 && soldOf(older.lotId) < older.units,
          ),
        )
        expect(jumped).toEqual([])
        const past = new Set<string>(lots.filter(({ expiresAtMs }) => expiresAtMs < 10).map(({ lotId }) => lotId))
        const charged = bill.lines.filter(({ lotId, amountFen }) => past.has(lotId ?? '') && amountFen > 0)
        expect(charged).toEqual([])
      }),
    )
  })
})
