import { describe, expect, it } from 'vitest'
import { seededRandom, systemRandom } from '#shared/ids/random.ts'
import { checkAudit } from '#server/audit/check-audit.ts'
import { listAudit } from '#server/audit/list-audit.ts'
import { recordAudit, recordAudits } from '#server/audit/record-audit.ts'
import type { Database } from '#server/db/database.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { rows } from '#server/db/unit.ts'
import { RefusalError } from '#server/errors/refusal.ts'
import { proveBooks } from '#server/ledger/check-books.ts'
import { forgeRows } from '#tests/support/forge-rows.ts'
import { startServer } from '#tests/support/start-server.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, makeDatabasePlace, openTestDatabase } from '#tests/support/test-database.ts'

const entry = (index: number) => ({
  accountId: 'somebody',
  action: 'thing.changed',
  subjectId: `thing-${index}`,
  why: 'a reason',
  before: { count: index, gone: undefined },
  after: { count: index + 1, names: ['甲', '乙'], share: 0.1 },
})
const record = (database: Database, index: number) => database.run((ctx) => recordAudit(ctx, entry(index)))
describe.each(dialects)('the trail on %s', (dialect) => {
  it('keeps who, what, why, before and after, and is whole', async () => {
    await using database = await openTestDatabase(dialect, { clock: new TestClock() })
    await record(database, 1)

    const { rows: found } = await database.read((ctx) => listAudit(ctx, { limit: 10 }))

    expect(found).toMatchObject([
      { ...entry(1), before: { count: 1 }, after: { count: 2, names: ['甲', '乙'], share: 0.1 }, seq: 1 },
    ])
    expect(await checkAudit(database)).toEqual({ checkedRows: 1, checkedChains: 1, broken: [] })
  })

  it('has no row of what was undone, and stays whole when units share a commit', async () => {
    await using database = await openTestDatabase(dialect)

    const outcomes = await Promise.allSettled(
      Array.from({ length: 200 }, (_, index) =>
        database.run(function* (ctx) {
          yield* recordAudits(ctx, [entry(index), entry(index + 1_000)])
          if (index % 7 === 0) throw new RefusalError('request.conflict')
        }),
      ),
    )

    const kept = outcomes.filter(({ status }) => status === 'fulfilled').length
    expect(await checkAudit(database)).toEqual({ checkedRows: kept * 2, checkedChains: 1, broken: [] })
    expect(kept).toBe(171)
  })

  it('is one chain for each of many writers at once, none waiting for another', async () => {
    await using place = await makeDatabasePlace(dialect)
    const open = () => openDatabase({ url: place.url, clock: new TestClock(), random: systemRandom, maxGroupSize: 4 })
    const writers = await Promise.all([open(), open(), open()])

    await Promise.all(
      writers.flatMap((writer, index) => Array.from({ length: 40 }, (_, turn) => record(writer, index * 100 + turn))),
    )

    const [first] = writers
    const found = first === undefined ? undefined : await checkAudit(first)
    await Promise.all(writers.map((writer) => writer.close()))
    expect(found).toEqual({ checkedRows: 120, checkedChains: 3, broken: [] })
  })

  it('names the first row that was changed, moved, taken out, put in or cut off', async () => {
    const wrongs: ReadonlyArray<readonly [string, readonly string[], object]> = [
      ['changed', [`update audit_row set why = 'another' where seq = 3`], { seq: 3, problem: 'the row was changed' }],
      ['its amount', [`update audit_row set after = '{"count":9}' where seq = 4`], { seq: 4 }],
      ['moved', [`update audit_row set seq = 99 where seq = 3`], { seq: 3, problem: 'the row is missing' }],
      ['taken out', ['delete from audit_row where seq = 2'], { seq: 2, problem: 'the row is missing' }],
      [
        'cut off',
        ['delete from audit_row where seq = 5'],
        { seq: 5, problem: expect.stringContaining('rows end before') },
      ],
      ['all gone', ['delete from audit_row'], { seq: 1 }],
      ['head gone', ['delete from audit_chain'], { problem: expect.stringContaining('head is missing') }],
      [
        'put in',
        [
          `update audit_chain set head_seq = 6`,
          `insert into audit_row (audit_id, at_ms, action, subject_id, detail, chain_id, seq, prev_hash, hash)
           select 'forged', at_ms, action, subject_id, detail, chain_id, 6, hash, 'x' from audit_row where seq = 5`,
        ],
        { seq: 6, auditId: 'forged' },
      ],
      [
        'put in behind the head',
        [
          `insert into audit_row (audit_id, at_ms, action, subject_id, detail, chain_id, seq, prev_hash, hash)
           select 'forged', at_ms, action, subject_id, detail, chain_id, 6, hash, 'x' from audit_row where seq = 5`,
        ],
        { seq: 6, auditId: 'forged', problem: expect.stringContaining('beyond the chain’s head') },
      ],
    ]
    for (const [name, statements, expected] of wrongs) {
      await using place = await makeDatabasePlace(dialect)
      await using database = await openDatabase({ url: place.url, clock: new TestClock(), random: seededRandom(1) })
      for (let index = 1; index <= 5; index += 1) await record(database, index)
      await forgeRows(place.url, 'audit_row', statements)

      const { broken } = await checkAudit(database)

      expect({ name, ...broken[0] }).toMatchObject({ name, ...expected })
    }
  })

  it('refuses to be changed by the product itself', async () => {
    await using database = await openTestDatabase(dialect)
    await record(database, 1)

    const change = database.run(({ db, tables: { auditRows } }) =>
      rows(db.update(auditRows).set({ why: 'x' }).returning()),
    )

    await expect(change).rejects.toMatchObject({ kind: 'immutable' })
  })

  it('is checked past the size of a page, with progress, while others write', async () => {
    await using database = await openTestDatabase(dialect)
    await database.run((ctx) =>
      recordAudits(
        ctx,
        Array.from({ length: 4_500 }, (_, index) => entry(index)),
      ),
    )
    const seen: number[] = []

    const [found] = await Promise.all([
      checkAudit(database, (done) => seen.push(done)),
      ...Array.from({ length: 20 }, (_, index) => record(database, index)),
    ])

    expect(found.broken).toEqual([])
    expect(found.checkedRows).toBeGreaterThanOrEqual(4_500)
    expect(seen.slice(0, 2)).toEqual([2_000, 4_000])
  })

  it('is listed by subject, person, action, noun and time, page by page', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    for (let index = 0; index < 9; index += 1) {
      const action = index % 3 === 0 ? 'stock.counted' : 'thing.changed'
      const accountId = index % 2 === 0 ? 'even' : 'odd'
      await database.run((ctx) => recordAudit(ctx, { ...entry(index), action, accountId }))
      clock.advance(1_000)
    }
    const startMs = clock.now() - 9_000
    const list = async (query: object) => {
      const subjects: string[] = []
      for (let cursor: string | undefined; ;) {
        const page = await database.read((ctx) => listAudit(ctx, { limit: 2, cursor, ...query }))
        subjects.push(...page.rows.map(({ subjectId }) => subjectId.slice(6)))
        if (page.nextCursor === undefined) return subjects.join('')
        cursor = page.nextCursor
      }
    }

    expect(await list({})).toBe('876543210')
    expect(await list({ accountId: 'odd' })).toBe('7531')
    expect(await list({ action: 'stock' })).toBe('630')
    expect(await list({ action: 'thing.changed', accountId: 'even' })).toBe('842')
    expect(await list({ subjectId: 'thing-4' })).toBe('4')
    expect(await list({ fromMs: startMs + 2_000, toMs: startMs + 5_000 })).toBe('432')
  })
})

describe('the trail over HTTP', () => {
  it('is for auditors; a broken chain shows in the check and makes the books unsound', async () => {
    await using server = await startServer({ dialect: 'sqlite' })
    const [auditor, finance] = [await server.signIn('auditor'), await server.signIn('finance')]
    const admin = await server.signIn('admin')
    await admin.send('POST', '/api/accounts/import', {
      accounts: [{ login: 'new-one', displayName: '新人', roles: ['buyer'] }],
    })

    const listed = await auditor.send('GET', `/api/audit?accountId=${admin.accountId}&action=identity`)
    const whole = await auditor.send('GET', '/api/audit/self-check')
    await forgeRows(server.databaseUrl, 'audit_row', [`update audit_row set subject_id = 'nobody'`])
    const broken = await auditor.send('GET', '/api/audit/self-check')
    const books = await proveBooks(server.app.ctx)

    expect(listed.body['rows']).toMatchObject([{ action: 'identity.account_imported', accountName: admin.login }])
    expect((await finance.send('GET', '/api/audit')).status).toBe(403)
    expect(whole.body).toMatchObject({ isWhole: true, broken: [] })
    expect(broken.body).toMatchObject({ isWhole: false, broken: [{ seq: 1, problem: 'the row was changed' }] })
    expect(books.isSound).toBe(false)
    expect(books.proofs.at(-1)?.problems).toEqual([expect.stringContaining('the row was changed')])
    expect((await server.app.ctx.metrics.auditProblems.get()).values[0]?.value).toBe(1)
  })
})
