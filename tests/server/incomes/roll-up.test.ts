// Rolled up income says the same as the entries it is made of, whatever is booked meanwhile, and one that does not is found.
import { describe, expect, it } from 'vitest'
import { dayMs } from '#shared/time/district-time.ts'
import { exec, rows } from '#server/db/unit.ts'
import { always, incomeBetween } from '#server/incomes/income-between.ts'
import { incomeRollupsProof, rollUpHouseholds, rollUpIncomes } from '#server/incomes/roll-up-incomes.ts'
import { postTransfers } from '#server/ledger/post-transfers.ts'
import { proveAtOnce } from '#server/ledger/proof.ts'
import { fund } from '#tests/support/income-files.ts'
import { householdCode, openMarket, settled } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const codes = [1, 2, 3].map(householdCode)

async function openEarning(dialect: (typeof dialects)[number]) {
  const clock = new TestClock()
  const database = await openTestDatabase(dialect, { clock })
  const market = await openMarket(database, clock)
  await fund(database, 'fund:relief', 100_000)
  const sell = async () => {
    await market.tell('session.settled', settled(market, await market.open(), { count: 1 }))
    clock.advance(dayMs)
  }
  const grant = (leg: string, atMs?: number) =>
    database.run((ctx) => {
      const cause = { kind: 'grant-line', id: 'import.2' } as const
      const transfer = {
        debit: 'fund:relief',
        credit: `household:${codes[0] ?? ''}`,
        amountFen: 700,
        cause,
        leg,
      } as const
      return postTransfers(ctx, [transfer], atMs)
    })
  /** All of time, from roll-ups, and the same from entries only. */
  const read = () =>
    database.read(function* (ctx) {
      const span = { fromMs: 0, beforeMs: ctx.now() + 1 }
      return [yield* incomeBetween(ctx, codes, always), yield* incomeBetween(ctx, codes, span)]
    })
  const rolled = () => database.read(({ db, tables }) => rows(db.select().from(tables.incomeRollups)))
  return { clock, database, sell, grant, read, rolled, [Symbol.asyncDispose]: () => database.close() }
}

describe.each(dialects)('rolled up income on %s', (dialect) => {
  it('says what the entries say, when some are newer and when some are dated back', async () => {
    await using earning = await openEarning(dialect)
    await earning.sell()
    await earning.grant('first')
    earning.clock.advance(dayMs)
    const startMs = earning.clock.now()

    await rollUpIncomes(earning)
    const [early, earlyEntries] = await earning.read()
    await earning.sell()
    await rollUpIncomes(earning)
    await earning.sell()
    const [later, laterEntries] = await earning.read()
    const rolled = await earning.rolled()
    await earning.grant('late', startMs - dayMs)
    const [mended, mendedEntries] = await earning.read()

    expect(early).toEqual(earlyEntries)
    expect(later).toEqual(laterEntries)
    expect(mended).toEqual(mendedEntries)
    expect(early?.get(codes[0] ?? '')?.get('TRANSFER')).toBe(700)
    expect(mended?.get(codes[0] ?? '')?.get('TRANSFER')).toBe(1_400)
    expect(rolled.length).toBeGreaterThan(2)
    expect((await earning.rolled()).map((row) => row.householdCode)).not.toContain(codes[0])
  })

  it('leaves alone what may still come, and whoever earned nothing since', async () => {
    await using earning = await openEarning(dialect)
    await earning.sell()
    await rollUpIncomes(earning)

    const again = await earning.database.run((ctx) => rollUpHouseholds(ctx, ctx.now() - dayMs / 2))
    const tooLate = earning.database.run((ctx) => rollUpHouseholds(ctx, ctx.now()))

    expect(again).toBeUndefined()
    await expect(tooLate).rejects.toThrow('before the margin')
  })

  it('is proven by the nightly check', async () => {
    await using earning = await openEarning(dialect)
    await earning.sell()
    await rollUpIncomes(earning)
    const prove = () => earning.database.read((ctx) => proveAtOnce(ctx, [incomeRollupsProof]))
    const [sound] = await prove()

    await earning.database.run(({ db, tables: { incomeRollups: r } }) => exec(db.update(r).set({ amountFen: 1 })))
    const [wrong] = await prove()

    expect(sound).toMatchObject({ problems: [] })
    expect(sound?.checked).toBeGreaterThan(0)
    expect(wrong?.problems[0]).toContain('is not the sum of its entries')
  })
})
