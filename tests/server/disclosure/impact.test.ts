// What reached households by town and product, as anybody may see it: whole months, five households at least.
import { describe, expect, it } from 'vitest'
import { collectImpact } from '#server/disclosure/collect-impact.ts'
import { publishDays } from '#server/disclosure/publish-day.ts'
import { refundSaleLine } from '#server/attribution/refund-sale-line.ts'
import { insertRows, rows } from '#server/db/unit.ts'
import { enterHouseholds } from '#server/households/enter-households.ts'
import { accountIdOf } from '#server/ledger/account-kinds.ts'
import { postTransfers } from '#server/ledger/post-transfers.ts'
import { startDisclosedMarket } from '#tests/support/disclosed-market.ts'
import { householdCode } from '#tests/support/market.ts'
import { dialects } from '#tests/support/test-database.ts'

const dayMs = 86_400_000

async function openMonths(dialect: (typeof dialects)[number]) {
  const world = await startDisclosedMarket(dialect)
  const { database } = world.server.app.ctx
  const serials = Array.from({ length: 8 }, (_, index) => 21 + index)
  await database.run((ctx) =>
    enterHouseholds(
      ctx,
      serials.map((serial) => ({
        householdCode: householdCode(serial),
        headName: '演示户',
        population: 3,
        kind: 'EXITED' as const,
      })),
    ),
  )
  return {
    ...world,
    database,
    /** So many households earn a wage each. */
    pay: (count: number, amountFen: number, id: string) =>
      database.run((ctx) =>
        postTransfers(
          ctx,
          serials.slice(0, count).map((serial) => ({
            debit: accountIdOf('channel', 'wallet'),
            credit: accountIdOf('household', householdCode(serial)),
            amountFen,
            cause: { kind: 'wage-line' as const, id: `${id}.${serial}` },
            leg: 'owed',
          })),
        ),
      ),
    async pass(days: number) {
      world.clock.advance(days * dayMs)
      await publishDays(world.server.app.ctx)
      await collectImpact(database)
    },
    impact: async () => (await world.server.anybody.send('GET', '/api/disclosure/impact')).body,
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  }
}

describe.each(dialects)('the public impact on %s', { timeout: 120_000 }, (dialect) => {
  it('tells nothing before a month is whole, then what five households or more earned, with the rest added', async () => {
    await using world = await openMonths(dialect)
    await world.pay(6, 10_000, 'a')
    await world.pass(2)
    const early = await world.impact()
    await world.pass(33)

    const { rows: told, throughDay, leastHouseholds } = await world.impact()

    expect(early).toMatchObject({ rows: [] })
    expect(leastHouseholds).toBe(5)
    expect(throughDay).toMatch(/^\d{4}-\d\d-(2[89]|3[01])$/)
    // Three households' sale is too small to tell by itself.
    const totals = await world.database.read(({ db, tables: { impactShares: t } }) => rows(db.select().from(t)))
    const earned = totals.reduce((sum, { amountFen }) => sum + amountFen, 0)
    expect(told).toEqual([{ year: expect.any(Number), townName: expect.any(String), households: 9, amountFen: earned }])
    expect(JSON.stringify(told)).not.toMatch(/500112\d{10}|演示户/)
  })

  it('counts a write-off and what of it came back with the goods that were sold', async () => {
    await using world = await openMonths(dialect)
    const { database } = world
    const parts = await database.read(({ db, tables: { attributionParts: t } }) => rows(db.select().from(t)))
    const [saleLineId = '', debit] = [parts[0]?.saleLineId, accountIdOf('channel', 'wallet')]
    const amountFen = parts.reduce((sum, part) => sum + part.amountFen, 0)
    const part = parts.find(({ role }) => role === 'household')
    const credit = accountIdOf('household', part?.householdCode ?? '')
    const causeKind = 'write-off' as const
    await database.run(function* (ctx) {
      yield* refundSaleLine(ctx, { refundId: 'w1', saleLineId, amountFen, reason: '坏账', causeKind })
      const cause = { kind: 'write-off-recovery', id: 'r1' } as const
      const back = { refundId: 'r1', causeKind: cause.kind, saleLineId, ordinal: part?.ordinal ?? 0 }
      yield* insertRows(ctx.tables.refundedParts, [{ ...back, takenFen: -100, borneFen: 0, atMs: ctx.now() }])
      const surplus = { kind: causeKind, id: 'w2' }
      yield* postTransfers(ctx, [
        { debit, credit, amountFen: 100, cause, leg: String(back.ordinal) },
        { debit, credit, amountFen: 300, cause: { kind: 'surplus-line', id: 's1' }, leg: 'owed' },
        { debit: credit, credit: debit, amountFen: 300, cause: surplus, leg: 'surplus' },
      ])
    })
    await world.pass(2)
    await world.pass(33)

    const shares = await database.read(({ db, tables: { impactShares: t } }) => rows(db.select().from(t)))

    const own = shares.filter(({ householdCode: code }) => code === part?.householdCode)
    const byProduct = own.map(({ product, amountFen: fen }) => [product.replace(/^sku:.*/, 'sku'), fen] as const)
    expect(Object.fromEntries(byProduct)).toEqual({ sku: 100, 'source:surplus': 0 })
    expect(shares.map(({ product }) => product)).not.toContain('source:other')
  })

  it('counts each line once, however often it looks, and takes a new month in', async () => {
    await using world = await openMonths(dialect)
    await world.pay(6, 10_000, 'a')
    await world.pass(2)
    await world.pass(33)
    const first = await world.impact()
    await collectImpact(world.database)
    const again = await world.impact()
    await world.pay(6, 5_000, 'b')
    await world.pass(35)
    const next = await world.impact()

    expect(again).toEqual(first)
    const sumOf = (body: Record<string, unknown>) =>
      (body['rows'] as Array<{ amountFen: number }>).reduce((sum, { amountFen }) => sum + amountFen, 0)
    expect(sumOf(next) - sumOf(first)).toBe(30_000)
  })
})
