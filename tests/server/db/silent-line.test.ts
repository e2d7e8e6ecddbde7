// PostgreSQL behind a line that is cut in silence: nobody waits for ever, what was answered is true, and it comes back by itself.
import { sql } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { seededRandom } from '#shared/ids/random.ts'
import { delay } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import type { Database } from '#server/db/database.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { exec, insertRows, rows, sqlRows, type Unit, type UnitContext } from '#server/db/unit.ts'
import { openFragileLine, type Break, type FragileLine } from '../../support/fragile-line.ts'
import { makeDatabasePlace, type TestDatabasePlace } from '../../support/test-database.ts'

const cutInSilence = 'a connection to the database was cut in silence'
const lock = 4_711
const answerMs = 400

describe('a line to PostgreSQL that is cut in silence', () => {
  let place: TestDatabasePlace
  let line: FragileLine
  let database: Database
  /** Through a line that holds. */
  let witness: Database
  let said: string[] = []
  let runs = 0

  beforeEach(async () => {
    said = []
    runs = 0
    place = await makeDatabasePlace('postgres')
    line = await openFragileLine(place.url)
    const options = { clock: systemClock, random: seededRandom(1), onError: ({ message }: Error) => said.push(message) }
    database = await openDatabase({ ...options, url: line.url, answerMs })
    witness = await openDatabase({ ...options, url: place.url })
    await witness.run((ctx) => insertOwner(ctx, 'known'))
  })
  afterEach(async () => {
    line.mend()
    await database.close()
    await witness.close()
    await line[Symbol.asyncDispose]()
    await place[Symbol.asyncDispose]()
  })

  function* insertOwner({ tables }: UnitContext, ownerId: string): Unit<string> {
    const account = { id: `wallet:${ownerId}`, kind: 'wallet' as const, ownerId, balanceFen: 0, createdAtMs: 1 }
    yield* insertRows(tables.ledgerAccounts, [account])
    return ownerId
  }
  /** Holds a row that every run of it wants, and says which run was kept. */
  function* open(ctx: UnitContext): Unit<string> {
    runs += 1
    const run = runs
    const { ledgerAccounts: t } = ctx.tables
    yield* exec(ctx.db.update(t).set({ createdAtMs: run }))
    return yield* insertOwner(ctx, `run-${run}`)
  }
  function* owners(ctx: UnitContext): Unit<string[]> {
    const { ledgerAccounts: t } = ctx.tables
    return (yield* rows(ctx.db.select({ ownerId: t.ownerId }).from(t))).map(({ ownerId }) => ownerId ?? '').toSorted()
  }
  const until = async (isSo: () => boolean) => {
    while (!isSo()) await delay(systemClock, 5)
  }

  const places: ReadonlyArray<readonly [string, string]> = [
    ['at a BEGIN', 'BEGIN'],
    ['in the middle of a unit', 'insert into "ledger_account"'],
    ['at a COMMIT', 'COMMIT'],
  ]
  const breaks: ReadonlyArray<readonly [string, Break]> = [
    ['before it arrives', { silent: 'before', of: 'all' }],
    ['before it is answered', { silent: 'after', of: 'all' }],
  ]
  const cases = places.flatMap(([where, words]) => breaks.map(([when, how]) => ({ where, words, when, how })))

  it.each(cases)('$where, $when: the unit is done once, as soon as it is whole', async ({ words, how }) => {
    line.breakAt(words, how)
    const asking = database.run(open)
    await until(() => said.includes(cutInSilence))
    line.mend()

    const kept = await asking
    expect(await witness.read(owners)).toEqual(['known', kept].toSorted())
  })

  it.each(breaks)('for one connection alone, %s, ends what served it, with its locks', async (_, how) => {
    line.breakAt('insert into "ledger_account"', { ...(how as { silent: 'before' | 'after' }), of: 'this' })

    const kept = await database.run(open)

    expect(runs).toBeGreaterThan(1)
    expect(await witness.read(owners)).toEqual(['known', kept])
  })

  it('is told to whoever asks while it lasts, and comes back by itself', async () => {
    const options = { clock: systemClock, random: seededRandom(2), url: line.url, patienceMs: 1, answerMs }
    await using hasty = await openDatabase(options)
    line.breakAt('BEGIN', { silent: 'before', of: 'all' })

    const asked = await Promise.allSettled([hasty.run(open), ...Array.from({ length: 20 }, () => hasty.read(owners))])
    line.mend()

    expect(
      asked.map((one) => (one.status === 'rejected' ? (one.reason as { kind: unknown }).kind : one.value)),
    ).toEqual(asked.map(() => 'connection'))
    expect(await hasty.read(owners)).toEqual(['known'])
    expect(await hasty.run(open)).toBe('run-1')
  })

  it('is not taken for a statement that takes long', async () => {
    let isHeld = false
    let isOver = false
    const holding = witness.run(function* () {
      yield* sqlRows(sql`select pg_advisory_xact_lock(${lock})`)
      isHeld = true
      while (!isOver) yield* sqlRows(sql`select pg_sleep(0.05)`)
    })
    await until(() => isHeld)
    const takenBefore = line.taken()

    const asking = database.run(function* (ctx) {
      yield* sqlRows(sql`select pg_advisory_xact_lock(${lock})`)
      return yield* open(ctx)
    })
    // Its own connection stands already: who comes are those that ask after it.
    await until(() => line.taken() >= takenBefore + 3)
    isOver = true
    await holding

    expect(await asking).toBe('run-1')
    expect(said).not.toContain(cutInSilence)
  })
})
