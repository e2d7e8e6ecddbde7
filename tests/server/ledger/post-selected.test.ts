// The bulk entry books by the rules of the single one: same ids, same entries, same balances, same refusals.
import { sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { checkLedger } from '#server/ledger/check-ledger.ts'
import { balanceOf } from '#server/ledger/balances.ts'
import { postSelected } from '#server/ledger/post-selected.ts'
import { postTransfers } from '#server/ledger/post-transfers.ts'
import { rows } from '#server/db/unit.ts'
import { dialects, openTestDatabase } from '../../support/test-database.ts'

/** Transfers of a cause from a household to the bank, as a SELECT. */
const select = (moves: ReadonlyArray<readonly [household: string, amountFen: number]>, cause = 'x') =>
  sql.join(
    moves.map(
      ([household, amountFen], index) => sql`
        select cast(${`household:${household}`} as text) as debit_account_id, 'transit:payouts' as credit_account_id,
          cast(${amountFen} as bigint) as amount_fen, 'payout-line' as cause_kind, cast(${`${cause}${index}`} as text) as cause_id,
          'out.1' as leg, cast(null as text) as memo`,
    ),
    sql` union all `,
  )

async function openBooks(dialect: (typeof dialects)[number]) {
  const database = await openTestDatabase(dialect)
  await database.run((ctx) =>
    postTransfers(
      ctx,
      ['a', 'b'].map((household) => ({
        debit: 'channel:wallet' as const,
        credit: `household:${household}` as const,
        amountFen: 100,
        cause: { kind: 'sale-line' as const, id: household },
        leg: '0',
      })),
    ),
  )
  return database
}

describe.each(dialects)('posting a selection on %s', (dialect) => {
  it('books what single postings would', async () => {
    await using database = await openBooks(dialect)
    await using single = await openBooks(dialect)

    const posted = await database.run((ctx) =>
      postSelected(
        ctx,
        select([
          ['a', 30],
          ['b', 100],
        ]),
        5_000,
      ),
    )
    await single.run((ctx) =>
      postTransfers(
        ctx,
        [30, 100].map((amountFen, index) => ({
          debit: index === 0 ? ('household:a' as const) : ('household:b' as const),
          credit: 'transit:payouts' as const,
          amountFen,
          cause: { kind: 'payout-line' as const, id: `x${index}` },
          leg: 'out.1',
        })),
        5_000,
      ),
    )

    expect(posted).toEqual({ outcome: 'posted', count: 2, totalFen: 130 })
    const entriesOf = (books: typeof database) =>
      books.read(({ db, tables: { ledgerEntries: e, ledgerTransfers: t } }) =>
        rows(
          db
            .select()
            .from(e)
            .innerJoin(t, sql`${t.id} = ${e.transferId} and ${t.causeKind} = 'payout-line'`)
            .orderBy(e.accountId, e.transferId),
        ),
      )
    expect(await entriesOf(database)).toEqual(await entriesOf(single))
    expect(await database.read((ctx) => balanceOf(ctx, 'household:a'))).toBe(70)
    expect((await database.read(checkLedger)).problems).toEqual([])
  })

  it('books the same causes once, and refuses them with other figures or company', async () => {
    await using database = await openBooks(dialect)
    await database.run((ctx) => postSelected(ctx, select([['a', 30]])))

    const again = await database.run((ctx) => postSelected(ctx, select([['a', 30]])))
    const other = database.run((ctx) => postSelected(ctx, select([['a', 31]])))
    await expect(other).rejects.toMatchObject({ code: 'ledger.cause_conflict' })
    const more = database.run((ctx) =>
      postSelected(
        ctx,
        select([
          ['a', 30],
          ['b', 1],
        ]),
      ),
    )
    await expect(more).rejects.toMatchObject({ code: 'ledger.cause_conflict' })

    expect(again.outcome).toBe('already')
    expect(await database.read((ctx) => balanceOf(ctx, 'household:a'))).toBe(70)
  })

  it('books nothing when one account would go below zero', async () => {
    await using database = await openBooks(dialect)

    const short = database.run((ctx) =>
      postSelected(
        ctx,
        select([
          ['a', 30],
          ['b', 60],
          ['b', 41],
        ]),
      ),
    )

    await expect(short).rejects.toMatchObject({
      code: 'ledger.balance_insufficient',
      facts: { balanceFen: 100, neededFen: 101 },
    })
    expect(await database.read((ctx) => balanceOf(ctx, 'household:a'))).toBe(100)
  })

  it('opens accounts it brings money to, and none that would owe at once', async () => {
    await using database = await openBooks(dialect)
    const back = (household: string) => sql`
      select 'transit:payouts' as debit_account_id, cast(${`household:${household}`} as text) as credit_account_id,
        cast(20 as bigint) as amount_fen, 'payout-return' as cause_kind, cast(${household} as text) as cause_id,
        'failed.1' as leg, cast(null as text) as memo`

    await database.run((ctx) => postSelected(ctx, sql`${back('a')} union all ${back('new')}`))
    const short = database.run((ctx) => postSelected(ctx, sql`${select([['unknown', 5]])} union all ${back('newer')}`))

    await expect(short).rejects.toMatchObject({
      code: 'ledger.balance_insufficient',
      facts: { balanceFen: 0, neededFen: 5 },
    })
    const balances = await database.read(function* (ctx) {
      return [yield* balanceOf(ctx, 'household:a'), yield* balanceOf(ctx, 'household:new')]
    })
    expect(balances).toEqual([120, 20])
    expect((await database.read(checkLedger)).problems).toEqual([])
  })
})
