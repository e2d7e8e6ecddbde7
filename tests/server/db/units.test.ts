// The contract of units of work, the same on both dialects.
import { and, asc, eq, inArray, sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { sumOf } from '#server/db/expressions.ts'
import { attempt, command, exec, insertRows, one, rows, sqlRows, statement, statementOfMany } from '#server/db/unit.ts'
import type { Params, Unit, UnitContext } from '#server/db/unit.ts'
import { RefusalError } from '#server/errors/refusal.ts'
import { dialects, makeDatabasePlace, openTestDatabase } from '../../support/test-database.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { seededRandom } from '#shared/ids/random.ts'

const account = (ownerId: string, balanceFen: number) => ({
  id: `wallet:${ownerId}`,
  kind: 'wallet' as const,
  ownerId,
  balanceFen,
  createdAtMs: 1,
})

function* openAccount(ctx: UnitContext, ownerId: string, balanceFen = 0): Unit<number> {
  return yield* insertRows(ctx.tables.ledgerAccounts, [account(ownerId, balanceFen)])
}

function* balances(ctx: UnitContext): Unit<Record<string, number | null>> {
  const { ledgerAccounts: t } = ctx.tables
  const found = yield* rows(ctx.db.select({ ownerId: t.ownerId, balanceFen: t.balanceFen }).from(t).orderBy(t.id))
  return Object.fromEntries(found.map((row) => [row.ownerId, row.balanceFen]))
}

const addFen = command((ctx, p: Params<{ id: string; amountFen: number }>) => {
  const { ledgerAccounts: t } = ctx.tables
  return ctx.db
    .update(t)
    .set({ balanceFen: sql`${t.balanceFen} + ${p.amountFen}` })
    .where(eq(t.id, p.id))
})

const accountById = statement((ctx, p: Params<{ id: string }>) => {
  const { ledgerAccounts: t } = ctx.tables
  return ctx.db.select({ kind: t.kind, balanceFen: t.balanceFen }).from(t).where(eq(t.id, p.id))
})

const accountsById = statementOfMany(({ db, tables: { ledgerAccounts: t } }, ids) =>
  db.select({ ownerId: t.ownerId }).from(t).where(inArray(t.id, ids)).orderBy(asc(t.id)),
)

describe.each(dialects)('units on %s', (dialect) => {
  it('answer with what they return and keep what they wrote', async () => {
    await using database = await openTestDatabase(dialect)

    const inserted = await database.run((ctx) => openAccount(ctx, 'a', 5))

    expect(inserted).toBe(1)
    expect(await database.read(balances)).toEqual({ a: 5 })
  })

  it.each([1, 3, 4, 5, 64, 70])('find each of %i rows once by a statement over a list', async (count) => {
    await using database = await openTestDatabase(dialect)
    const ownerIds = Array.from({ length: 71 }, (_, index) => String(index).padStart(2, '0'))
    await database.run((ctx) =>
      insertRows(
        ctx.tables.ledgerAccounts,
        ownerIds.map((ownerId) => account(ownerId, 0)),
      ),
    )

    const asked = ownerIds.slice(0, count)
    const found = await database.read((ctx) =>
      rows(accountsById.of(ctx, ['wallet:unknown', ...asked.slice(1).map((ownerId) => `wallet:${ownerId}`)])),
    )

    expect(found.map(({ ownerId }) => ownerId)).toEqual(asked.slice(1))
  })

  it('share commits when they wait together, each with its own answer', async () => {
    await using database = await openTestDatabase(dialect)
    const before = database.counters.commits

    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        database.run(function* (ctx) {
          yield* openAccount(ctx, String(index).padStart(2, '0'), index)
          return index
        }),
      ),
    )

    expect(answers).toEqual(Array.from({ length: 50 }, (_, index) => index))
    expect(database.counters.commits - before).toBe(1)
    expect(Object.keys(await database.read(balances))).toHaveLength(50)
  })

  it('undo a refused unit alone, in the middle of a group', async () => {
    await using database = await openTestDatabase(dialect)
    const refuse = function* (ctx: UnitContext): Unit<void> {
      yield* openAccount(ctx, 'refused')
      throw new RefusalError('ledger.balance_insufficient')
    }

    const settled = await Promise.allSettled([
      database.run((ctx) => openAccount(ctx, 'before')),
      database.run(refuse),
      database.run((ctx) => openAccount(ctx, 'after')),
    ])

    expect(settled.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(settled[1]).toMatchObject({ reason: { code: 'ledger.balance_insufficient' } })
    expect(await database.read(balances)).toEqual({ after: 0, before: 0 })
  })

  it('undo a unit whose statement breaks a rule of the database, alone, and say which kind of rule', async () => {
    await using database = await openTestDatabase(dialect)
    await database.run((ctx) => openAccount(ctx, 'known'))

    const settled = await Promise.allSettled([
      database.run((ctx) => openAccount(ctx, 'first')),
      database.run(function* (ctx) {
        yield* openAccount(ctx, 'second')
        yield* openAccount(ctx, 'known')
      }),
      database.run((ctx) => openAccount(ctx, 'negative', -1)),
      database.run((ctx) => openAccount(ctx, 'last')),
    ])

    expect(settled.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
    expect(settled[1]).toMatchObject({ reason: { kind: 'unique' } })
    expect(settled[2]).toMatchObject({ reason: { kind: 'check' } })
    expect(Object.keys(await database.read(balances))).toEqual(['first', 'known', 'last'])
  })

  it('cannot catch a database error and go on', async () => {
    await using database = await openTestDatabase(dialect)
    await database.run((ctx) => openAccount(ctx, 'known'))
    let wentOn = false

    const stubborn = database.run(function* (ctx) {
      try {
        yield* openAccount(ctx, 'known')
      } catch {
        wentOn = true
      }
      wentOn = true
    })

    await expect(stubborn).rejects.toMatchObject({ kind: 'unique' })
    expect(wentOn).toBe(false)
  })

  it('go on after a refused sub-unit, without what it wrote', async () => {
    await using database = await openTestDatabase(dialect)

    const outcome = await database.run(function* (ctx) {
      yield* openAccount(ctx, 'outer')
      const tried = yield* attempt(
        (function* (): Unit<void> {
          yield* openAccount(ctx, 'inner')
          throw new RefusalError('ledger.account_unknown')
        })(),
      )
      const kept = yield* attempt(openAccount(ctx, 'kept'))
      return [tried.ok, kept.ok]
    })

    expect(outcome).toEqual([false, true])
    expect(Object.keys(await database.read(balances))).toEqual(['kept', 'outer'])
  })

  it('run prepared statements with values, and count the rows they touch', async () => {
    await using database = await openTestDatabase(dialect)
    await database.run((ctx) => openAccount(ctx, 'a', 5))

    const touched = await database.run(function* () {
      const hit = yield* exec(addFen.with({ id: 'wallet:a', amountFen: 7 }))
      const missed = yield* exec(addFen.with({ id: 'wallet:b', amountFen: 7 }))
      return [hit, missed]
    })

    expect(touched).toEqual([1, 0])
    expect(await database.read(() => one(accountById.with({ id: 'wallet:a' })))).toEqual({
      kind: 'wallet',
      balanceFen: 12,
    })
    expect(await database.read(() => one(accountById.with({ id: 'wallet:b' })))).toBeUndefined()
  })

  it.each([53, 283])(
    'insert %i rows, skip known ones when told to, and bring sums and counts back as numbers',
    async (length) => {
      await using database = await openTestDatabase(dialect)
      const many = Array.from({ length }, (_, index) => account(`n${index}`, index))

      const [first, again] = await database.run(function* (ctx) {
        const { ledgerAccounts } = ctx.tables
        return [yield* insertRows(ledgerAccounts, many), yield* insertRows(ledgerAccounts, many, 'ignore')]
      })
      const totals = await database.read(function* (ctx) {
        const { ledgerAccounts: t } = ctx.tables
        const built = yield* one(
          ctx.db
            .select({ totalFen: sumOf(t.balanceFen) })
            .from(t)
            .where(and(eq(t.kind, 'wallet'))),
        )
        const raw = yield* sqlRows<{ n: number }>(sql`select count(*) as n from ${t}`)
        return [built?.totalFen, raw[0]?.n]
      })

      expect([first, again]).toEqual([length, 0])
      expect(totals).toEqual([(length * (length - 1)) / 2, length])
    },
  )

  it('cannot write inside a read', async () => {
    await using database = await openTestDatabase(dialect)

    await expect(database.read((ctx) => openAccount(ctx, 'a'))).rejects.toMatchObject({ name: 'DatabaseError' })

    expect(await database.read(balances)).toEqual({})
  })

  it('keep transfers and entries as they were written', async () => {
    await using database = await openTestDatabase(dialect)
    await database.run(function* (ctx) {
      yield* openAccount(ctx, 'a')
      yield* insertRows(ctx.tables.ledgerTransfers, [
        {
          id: 'top-up:x:credit',
          debitAccountId: 'bank:main',
          creditAccountId: 'wallet:a',
          amountFen: 1,
          causeKind: 'top-up',
          causeId: 'x',
          leg: 'credit',
          atMs: 1,
        },
      ])
    })

    const update = database.run((ctx) => exec(ctx.db.update(ctx.tables.ledgerTransfers).set({ amountFen: 2 })))
    const remove = database.run((ctx) => exec(ctx.db.delete(ctx.tables.ledgerTransfers)))

    await expect(update).rejects.toMatchObject({ kind: 'immutable' })
    await expect(remove).rejects.toMatchObject({ kind: 'immutable' })
  })

  it('finish what is queued before closing, and refuse what comes later', async () => {
    await using place = await makeDatabasePlace(dialect)
    const options = { url: place.url, clock: systemClock, random: seededRandom(1) }
    const database = await openDatabase(options)
    const queued = database.run((ctx) => openAccount(ctx, 'queued'))

    await database.close()

    expect(await queued).toBe(1)
    await expect(database.run((ctx) => openAccount(ctx, 'late'))).rejects.toMatchObject({ kind: 'connection' })
    await using again = await openDatabase(options)
    expect(await again.read(balances)).toEqual({ queued: 0 })
  })

  it('of two processes that take the same money, one finds it gone', async () => {
    await using place = await makeDatabasePlace(dialect)
    const open = () => openDatabase({ url: place.url, clock: systemClock, random: seededRandom(1) })
    await using left = await open()
    await using right = await open()
    await left.run((ctx) => openAccount(ctx, 'shared', 100))
    const spend = function* (): Unit<void> {
      const found = yield* one(accountById.with({ id: 'wallet:shared' }))
      if ((found?.balanceFen ?? 0) < 10) throw new RefusalError('ledger.balance_insufficient')
      yield* exec(addFen.with({ id: 'wallet:shared', amountFen: -10 }))
    }

    const settled = await Promise.allSettled(
      Array.from({ length: 30 }, (_, index) => (index % 2 === 0 ? left : right).run(spend)),
    )

    expect(settled.filter((one) => one.status === 'fulfilled')).toHaveLength(10)
    expect(await left.read(balances)).toEqual({ shared: 0 })
  })
})
