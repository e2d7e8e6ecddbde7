// PostgreSQL behind a line that breaks at chosen moments: what was answered is true, and a short absence is not heard of.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { seededRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import type { Database } from '#server/db/database.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { insertRows, rows, type Unit, type UnitContext } from '#server/db/unit.ts'
import { RefusalError } from '#server/errors/refusal.ts'
import { openFragileLine, type FragileLine } from '../../support/fragile-line.ts'
import { makeDatabasePlace, type TestDatabasePlace } from '../../support/test-database.ts'

const patienceMs = 400

describe('a lost connection to PostgreSQL', () => {
  let place: TestDatabasePlace
  let line: FragileLine
  let database: Database
  /** Through a line that holds. */
  let witness: Database
  let said: string[] = []

  beforeAll(async () => {
    place = await makeDatabasePlace('postgres')
    line = await openFragileLine(place.url)
    const options = { clock: systemClock, random: seededRandom(1), patienceMs }
    database = await openDatabase({ ...options, url: line.url, onError: ({ message }) => said.push(message) })
    witness = await openDatabase({ ...options, url: place.url })
  })
  beforeEach(() => {
    said = []
  })
  afterAll(async () => {
    line.isDown = false
    await database.close()
    await witness.close()
    await line[Symbol.asyncDispose]()
    await place[Symbol.asyncDispose]()
  })

  function* open(ctx: UnitContext, ownerId: string): Unit<string> {
    const account = { id: `wallet:${ownerId}`, kind: 'wallet' as const, ownerId, balanceFen: 0, createdAtMs: 1 }
    yield* insertRows(ctx.tables.ledgerAccounts, [account])
    return ownerId
  }
  function* owners(ctx: UnitContext): Unit<string[]> {
    const { ledgerAccounts: t } = ctx.tables
    return (yield* rows(ctx.db.select({ ownerId: t.ownerId }).from(t))).map(({ ownerId }) => ownerId ?? '')
  }
  const isThere = async (ownerId: string) => (await witness.read(owners)).includes(ownerId)

  it('in the middle of a unit lets it run again', async () => {
    line.breakAt('ledger_account', 'lost')

    expect(await database.run((ctx) => open(ctx, 'middle'))).toBe('middle')
    expect(await isThere('middle')).toBe(true)
  })

  it('in the middle of a read lets it be read again', async () => {
    line.breakAt('ledger_account', 'unanswered', 2)

    expect(await database.read(owners)).toEqual(await witness.read(owners))
  })

  it('after a COMMIT that arrived is no failure', async () => {
    line.breakAt('COMMIT', 'unanswered')

    expect(await database.run((ctx) => open(ctx, 'arrived'))).toBe('arrived')
    expect(await isThere('arrived')).toBe(true)
    expect(said).toContain('the connection was lost at a commit, which was kept')
  })

  it('with a COMMIT that did not arrive lets the unit run again', async () => {
    line.breakAt('COMMIT', 'lost')

    expect(await database.run((ctx) => open(ctx, 'lost'))).toBe('lost')
    expect(await isThere('lost')).toBe(true)
    expect(said).toContain('the connection was lost at a commit, which was not kept')
  })

  it('with a COMMIT that arrives after the unit was run again keeps it from being done twice', async () => {
    line.breakAt('COMMIT', { late: 'ON CONFLICT (mark)' })
    let runs = 0

    await database.run(function* (ctx) {
      runs += 1
      return yield* open(ctx, `late-${runs}`)
    })

    expect([await isThere('late-1'), await isThere('late-2')]).toEqual([false, true])
    expect(line.lateAnswers.join('')).toContain('commit_mark_pkey')
  })

  it('while the fate of a COMMIT is asked for is asked about again', async () => {
    line.breakAt('COMMIT', 'lost')
    line.breakAt('ON CONFLICT (mark)', 'unanswered')

    await database.run((ctx) => open(ctx, 'asked-again'))

    expect(await isThere('asked-again')).toBe(true)
    expect(said).toContain('the connection was lost at a commit, which was not kept')
  })

  it('leaves the refusals of a group as they are and keeps the others once', async () => {
    line.breakAt('COMMIT', 'unanswered')

    const outcomes = await Promise.allSettled([
      database.run((ctx) => open(ctx, 'first')),
      // eslint-disable-next-line require-yield -- a unit that refuses at once
      database.run(function* (): Unit<void> {
        throw new RefusalError('request.conflict')
      }),
      database.run((ctx) => open(ctx, 'second')),
    ])

    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(outcomes[1]).toMatchObject({ reason: { code: 'request.conflict' } })
    expect([await isThere('first'), await isThere('second')]).toEqual([true, true])
  })

  it('is waited out, and told when the database stays away', async () => {
    line.breakAt('BEGIN', 'lost')
    line.isDown = true
    const isBack = new Promise<void>((done) =>
      systemClock.setTimer(patienceMs / 4, () => {
        line.isDown = false
        done()
      }),
    )

    expect(await database.run((ctx) => open(ctx, 'patient'))).toBe('patient')
    await isBack
    line.breakAt('BEGIN', 'lost')
    line.isDown = true

    await expect(database.run((ctx) => open(ctx, 'away'))).rejects.toMatchObject({ kind: 'connection' })
    await expect(database.run((ctx) => open(ctx, 'away'))).rejects.toMatchObject({ kind: 'connection' })
    line.isDown = false
    expect(await isThere('away')).toBe(false)
  })

  it('is called uncertain when the database stays away after a COMMIT', async () => {
    await database.run(owners)
    line.breakAt('COMMIT', 'unanswered')
    line.isDown = true

    await expect(database.run((ctx) => open(ctx, 'uncertain'))).rejects.toMatchObject({ kind: 'uncertain' })

    line.isDown = false
    expect(await isThere('uncertain')).toBe(true)
    expect(await database.run((ctx) => open(ctx, 'afterwards'))).toBe('afterwards')
  })
})
