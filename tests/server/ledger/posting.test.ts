// Posting, balances, statements, reversal and the self-check, on both dialects.
import { describe, expect, it } from 'vitest'
import { accountIdOf, namedAccounts } from '#server/ledger/account-kinds.ts'
import { balanceAt, balanceOf, entriesOf } from '#server/ledger/balances.ts'
import { checkLedger } from '#server/ledger/check-ledger.ts'
import { postTransfers } from '#server/ledger/post-transfers.ts'
import type { Transfer } from '#server/ledger/post-transfers.ts'
import { reverseCause } from '#server/ledger/reverse-transfers.ts'
import { rollUpAccounts } from '#server/ledger/roll-up.ts'
import { exec, insertRows, rows } from '#server/db/unit.ts'
import { eq } from 'drizzle-orm'
import { dialects, openTestDatabase } from '../../support/test-database.ts'

const wallet = accountIdOf('wallet', 'buyer')
const channel = accountIdOf('channel', 'wallet')
const household = accountIdOf('household', '5001121422010001')

const topUp = (amountFen: number, id = 't1'): Transfer => ({
  debit: namedAccounts.mainBank,
  credit: wallet,
  amountFen,
  cause: { kind: 'top-up', id },
  leg: 'credit',
})
const sale = (amountFen: number, id = 's1'): Transfer => ({
  debit: channel,
  credit: household,
  amountFen,
  cause: { kind: 'sale-line', id },
  leg: '0',
})
const spend = (amountFen: number, id = 'c1'): Transfer => ({
  debit: wallet,
  credit: channel,
  amountFen,
  cause: { kind: 'capture', id },
  leg: 'main',
})

describe.each(dialects)('the ledger on %s', (dialect) => {
  it('moves money between accounts it has never seen', async () => {
    await using database = await openTestDatabase(dialect)

    const outcome = await database.run((ctx) => postTransfers(ctx, [topUp(1000), spend(300)]))

    expect(outcome).toBe('posted')
    expect(await database.read((ctx) => balanceOf(ctx, wallet))).toBe(700)
    expect(await database.read((ctx) => balanceOf(ctx, channel))).toBe(300)
    expect(await database.read((ctx) => balanceOf(ctx, namedAccounts.mainBank))).toBe(-1000)
    expect(await database.read(checkLedger)).toEqual({ checkedTransfers: 2, problems: [] })
  })

  it('books the same cause once, and refuses it with other figures', async () => {
    await using database = await openTestDatabase(dialect)
    await database.run((ctx) => postTransfers(ctx, [topUp(1000)]))

    const again = await database.run((ctx) => postTransfers(ctx, [topUp(1000)]))
    const other = database.run((ctx) => postTransfers(ctx, [topUp(999)]))
    const more = database.run((ctx) => postTransfers(ctx, [topUp(1000), { ...topUp(5), leg: 'bonus' }]))

    expect(again).toBe('already')
    await expect(other).rejects.toMatchObject({ code: 'ledger.cause_conflict' })
    await expect(more).rejects.toMatchObject({ code: 'ledger.cause_conflict' })
    expect(await database.read((ctx) => balanceOf(ctx, wallet))).toBe(1000)
    expect(await database.read(checkLedger)).toEqual({ checkedTransfers: 1, problems: [] })
  })

  it('refuses to take more than a wallet holds, and changes nothing', async () => {
    await using database = await openTestDatabase(dialect)
    await database.run((ctx) => postTransfers(ctx, [topUp(100)]))

    const tooMuch = database.run((ctx) => postTransfers(ctx, [sale(50), spend(101)]))
    const unknown = database.run((ctx) =>
      postTransfers(ctx, [{ ...spend(1, 'c2'), debit: accountIdOf('wallet', 'nobody') }]),
    )

    await expect(tooMuch).rejects.toMatchObject({ code: 'ledger.balance_insufficient', facts: { balanceFen: 100 } })
    await expect(unknown).rejects.toMatchObject({ code: 'ledger.balance_insufficient' })
    expect(await database.read((ctx) => balanceOf(ctx, household))).toBe(0)
    expect(await database.read(checkLedger)).toEqual({ checkedTransfers: 1, problems: [] })
  })

  it('knows every balance at every past instant, with and without roll-ups', async () => {
    await using database = await openTestDatabase(dialect)
    for (let day = 1; day <= 5; day += 1)
      await database.run((ctx) => postTransfers(ctx, [sale(day * 10, `s${day}`)], day * 1000))
    const seen = () =>
      database.read(function* (ctx) {
        const found: number[] = []
        for (const atMs of [0, 999, 1000, 2500, 3000, 9000])
          found.push(yield* balanceAt(ctx, channel, atMs), yield* balanceAt(ctx, household, atMs))
        return [...found, yield* balanceOf(ctx, channel)]
      })
    const before = await seen()

    await database.run((ctx) => rollUpAccounts(ctx, 2000))
    await database.run((ctx) => rollUpAccounts(ctx, 4000))

    expect(before).toEqual([0, 0, 0, 0, -10, 10, -30, 30, -60, 60, -150, 150, -150])
    expect(await seen()).toEqual(before)
    expect(await database.read(checkLedger)).toEqual({ checkedTransfers: 5, problems: [] })
  })

  it('rolls an account up again only after something was booked', async () => {
    await using database = await openTestDatabase(dialect)
    const rollUps = () =>
      database.read(function* (ctx) {
        const { ledgerRollups: r } = ctx.tables
        const found = yield* rows(ctx.db.select().from(r).where(eq(r.accountId, channel)).orderBy(r.throughAtMs))
        return found.map(({ throughAtMs, balanceFen }) => [throughAtMs, balanceFen])
      })
    await database.run((ctx) => postTransfers(ctx, [sale(10)], 1000))

    for (const throughAtMs of [500, 1000, 2000, 3000]) await database.run((ctx) => rollUpAccounts(ctx, throughAtMs))
    await database.run((ctx) => postTransfers(ctx, [sale(5, 's2')], 3500))
    await database.run((ctx) => rollUpAccounts(ctx, 4000))

    expect(await rollUps()).toEqual([
      [1000, -10],
      [4000, -15],
    ])
  })

  it('counts what is dated back behind a roll-up, at every instant', async () => {
    await using database = await openTestDatabase(dialect)
    for (let day = 1; day <= 4; day += 1)
      await database.run((ctx) => postTransfers(ctx, [sale(day * 10, `s${day}`)], day * 1000))
    for (const throughAtMs of [1500, 2500, 4000]) await database.run((ctx) => rollUpAccounts(ctx, throughAtMs))
    const balances = () =>
      database.read(function* (ctx) {
        const found: number[] = []
        for (const atMs of [1500, 2000, 2500, 4000]) found.push(yield* balanceAt(ctx, channel, atMs))
        return [...found, yield* balanceOf(ctx, channel)]
      })

    await database.run((ctx) => postTransfers(ctx, [sale(7, 'late')], 2000))
    const before = await balances()
    await database.run((ctx) => rollUpAccounts(ctx, 5000))

    expect(before).toEqual([-10, -37, -37, -107, -107])
    expect(await balances()).toEqual(before)
    expect(await database.read(checkLedger)).toEqual({ checkedTransfers: 5, problems: [] })
  })

  it('gives statements newest first, page by page', async () => {
    await using database = await openTestDatabase(dialect)
    await database.run((ctx) => postTransfers(ctx, [topUp(1000)], 1000))
    await database.run((ctx) => postTransfers(ctx, [spend(10, 'c1'), spend(20, 'c2')], 2000))

    const lines = await database.read((ctx) => entriesOf(ctx, wallet, { limit: 2 }))
    const cursor = Buffer.from(JSON.stringify([2000, lines[1]?.transferId])).toString('base64url')
    const rest = await database.read((ctx) => entriesOf(ctx, wallet, { limit: 2, cursor }))

    expect(lines.map(({ amountFen, otherAccountId }) => [amountFen, otherAccountId])).toEqual([
      [-20, channel],
      [-10, channel],
      [1000, namedAccounts.mainBank],
    ])
    expect(rest.map((line) => line.transferId)).toEqual(['top-up:t1:credit'])
  })

  it('undoes a cause once, and only while the money is there', async () => {
    await using database = await openTestDatabase(dialect)
    await database.run((ctx) => postTransfers(ctx, [topUp(100, 't1'), topUp(50, 't2')]))
    const undo = (id: string) =>
      database.run((ctx) => reverseCause(ctx, { kind: 'top-up', id }, 'credited to the wrong wallet'))

    const first = await undo('t1')
    const again = await undo('t1')
    await database.run((ctx) => postTransfers(ctx, [spend(20)]))

    expect([first, again]).toEqual(['posted', 'already'])
    await expect(undo('t2')).rejects.toMatchObject({ code: 'ledger.balance_insufficient' })
    await expect(undo('t3')).rejects.toMatchObject({ code: 'ledger.cause_unknown' })
    expect(await database.read((ctx) => balanceOf(ctx, wallet))).toBe(30)
  })

  it('finds a balance that is one fen off, a missing entry and a wrong roll-up', async () => {
    await using database = await openTestDatabase(dialect)
    await database.run((ctx) => postTransfers(ctx, [topUp(100), sale(40)], 1000))
    await database.run((ctx) => rollUpAccounts(ctx, 5000))

    await database.run(function* (ctx) {
      const { ledgerAccounts: a, ledgerRollups: r, ledgerTransfers: t } = ctx.tables
      yield* exec(ctx.db.update(a).set({ balanceFen: 39 }).where(eq(a.id, household)))
      yield* exec(ctx.db.update(r).set({ balanceFen: -1 }).where(eq(r.accountId, channel)))
      yield* insertRows(t, [
        {
          id: 'top-up:lost:credit',
          debitAccountId: namedAccounts.mainBank,
          creditAccountId: wallet,
          amountFen: 7,
          causeKind: 'top-up',
          causeId: 'lost',
          leg: 'credit',
          atMs: 1,
        },
      ])
    })

    const { problems } = await database.read(checkLedger)
    expect(problems).toHaveLength(3)
    expect(problems.join('\n')).toContain(`${household} says 39 fen, its entries say 40`)
    expect(problems.join('\n')).toContain('top-up:lost:credit')
    expect(problems.join('\n')).toContain(`roll-up of ${channel}`)
  })
})
