// Days of sales that are rolled up say the same as their lines, whatever span is asked for, and a day that does not is found.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dayMs } from '#shared/time/district-time.ts'
import { exec, insertRows, one, rows } from '#server/db/unit.ts'
import { proveAtOnce } from '#server/ledger/proof.ts'
import { refundSaleLine } from '#server/attribution/refund-sale-line.ts'
import { rollUpNextDay, rollUpSales, salesDaysProof } from '#server/sales/roll-up-sales.ts'
import { splitSpan, startOfDistrictDay } from '#server/sales/rules.ts'
import { sumSales } from '#server/sales/sum-sales.ts'
import { openMarket, settled } from '#tests/support/market.ts'
import { TestClock, testEpochMs } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

/** Three sales over two days, the first given back on the third day in part. */
async function openSold(dialect: (typeof dialects)[number]) {
  const clock = new TestClock()
  const database = await openTestDatabase(dialect, { clock })
  const market = await openMarket(database, clock)
  for (const pauseMs of [3_600_000, dayMs, 0]) {
    await market.tell('session.settled', settled(market, await market.open(), { count: 1 }))
    clock.advance(pauseMs)
  }
  const line = await database.read(({ db, tables }) => one(db.select().from(tables.saleLines).limit(1)))
  clock.advance(dayMs)
  const saleLineId = line?.saleLineId ?? ''
  await database.run((ctx) => refundSaleLine(ctx, { refundId: 'r1', saleLineId, amountFen: 100, reason: '坏果' }))
  const spans = [0, 1, dayMs / 2, dayMs, 2 * dayMs + 7, 9 * dayMs].flatMap((from, place, all) =>
    all.slice(place).map((to) => ({ fromMs: testEpochMs - dayMs + from, beforeMs: testEpochMs - dayMs + to })),
  )
  return { clock, database, spans, [Symbol.asyncDispose]: () => database.close() }
}

describe.each(dialects)('rolled up sales on %s', (dialect) => {
  it('say of every span what the lines say', async () => {
    await using sold = await openSold(dialect)
    const read = () =>
      sold.database.read(function* (ctx) {
        const sums = []
        for (const span of sold.spans) sums.push(yield* sumSales(ctx, span))
        return sums
      })
    const fromLines = await read()
    const early = await sold.database.run(rollUpNextDay)
    sold.clock.advance(2 * dayMs)

    await rollUpSales(sold)
    const fromDays = await read()

    const kept = await sold.database.read(({ db, tables }) => rows(db.select().from(tables.salesDays)))
    expect(early).toBe(true)
    expect(kept.map(({ takenBackFen }) => takenBackFen).toSorted((a, b) => a - b)).toEqual([0, 0, 100])
    expect(fromDays).toEqual(fromLines)
    expect(new Set(fromDays.map(({ netFen }) => netFen)).size).toBeGreaterThan(2)
  })

  it('leave a day alone until no line of it can come any more', async () => {
    await using sold = await openSold(dialect)
    await rollUpSales(sold)

    const again = await sold.database.run(rollUpNextDay)
    const days = await sold.database.read(({ db, tables }) => rows(db.select().from(tables.salesDays)))

    expect(again).toBe(false)
    expect(days.every(({ dayStartMs }) => dayStartMs + dayMs < sold.clock.now())).toBe(true)
  })

  it('are proven by the nightly check', async () => {
    await using sold = await openSold(dialect)
    await rollUpSales(sold)
    const prove = () => sold.database.read((ctx) => proveAtOnce(ctx, [salesDaysProof]))
    const [sound] = await prove()

    await sold.database.run(({ db, tables: { salesDays: d } }) => exec(db.update(d).set({ soldFen: 1 })))
    const [wrong] = await prove()
    await sold.database.run(function* ({ db, tables: { salesDays: d } }) {
      const [row] = yield* rows(db.select().from(d).limit(1))
      yield* exec(db.delete(d))
      if (row !== undefined) yield* insertRows(d, [{ ...row, skuId: 'another' }])
    })
    const [missing] = await prove()

    expect(sound).toMatchObject({ problems: [] })
    expect(sound?.checked).toBeGreaterThan(0)
    expect(wrong?.problems.length).toBeGreaterThan(0)
    expect(missing?.problems).toHaveLength(1)
  })
})

describe('a span of sales', () => {
  it('falls into whole rolled up days and what is left, without a gap or a doubled instant', () => {
    const firstDayMs = startOfDistrictDay(testEpochMs)
    const instant = fc.integer({ min: firstDayMs, max: firstDayMs + 20 * dayMs })
    const rolledTo = fc.integer({ min: 0, max: 21 }).map((days) => firstDayMs + days * dayMs)
    fc.assert(
      fc.property(instant, instant, fc.option(rolledTo, { nil: undefined }), (a, b, rolledBeforeMs) => {
        const span = { fromMs: Math.min(a, b), beforeMs: Math.max(a, b) + 1 }

        const { rolled, others } = splitSpan(span, rolledBeforeMs)

        const parts = [...others, ...(rolled === undefined ? [] : [rolled])].toSorted((x, y) => x.fromMs - y.fromMs)
        expect([parts[0]?.fromMs, parts.at(-1)?.beforeMs]).toEqual([span.fromMs, span.beforeMs])
        for (const [place, part] of parts.entries()) {
          expect(part.fromMs).toBeLessThan(part.beforeMs)
          expect(part.fromMs).toBe(place === 0 ? span.fromMs : parts[place - 1]?.beforeMs)
        }
        for (const edgeMs of rolled === undefined ? [] : [rolled.fromMs, rolled.beforeMs])
          expect(startOfDistrictDay(edgeMs)).toBe(edgeMs)
        expect(rolled?.beforeMs ?? 0).toBeLessThanOrEqual(rolledBeforeMs ?? 0)
      }),
    )
  })
})
