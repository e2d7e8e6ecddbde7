import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { systemRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { recordAudits } from '#server/audit/record-audit.ts'
import { makeProgressBar } from '#server/batch/show-progress.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { addAccounts } from '#server/identity/add-accounts.ts'
import { forgeRows } from '#tests/support/forge-rows.ts'
import { findNumbersInText } from '#tests/support/number-scan.ts'
import { makeScratchFolder } from '#tests/support/scratch-folder.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { bundleEntry } from '../../../.tools/bundle.mjs'

let entry: string
beforeAll(async () => {
  entry = await bundleEntry('server/batch/main.ts', { isWhole: true })
})

function batch(args: readonly string[], environment: Record<string, string> = {}) {
  const done = spawnSync(process.execPath, [entry, ...args], {
    env: { ...process.env, ...environment },
    encoding: 'utf8',
  })
  return { code: done.status, out: done.stdout, err: done.stderr }
}

describe('the batch command', () => {
  it('runs a job on the database that the environment names', async () => {
    const folder = makeScratchFolder('huinong-batch-')
    const url = `sqlite:${folder}/books.db`
    await using _ = await openDatabase({ url, clock: systemClock, random: systemRandom })

    const done = batch(['reseal'], { HUINONG_DATABASE_URL: url, HUINONG_DATA_DIR: folder })

    expect(done).toEqual({ code: 0, out: '0 values are sealed anew.\n0 older keys are needed no more.\n', err: '' })
  })

  it.each([
    ['no job', [], /Which job\?/],
    ['an unknown job', ['nonsense'], /There is no job nonsense/],
    ['an unknown option', ['reseal', '--fast'], /--fast/],
  ])('explains itself when there is %s', (_, args, message) => {
    const done = batch(args)

    expect(done.code).toBe(2)
    expect(done.err).toMatch(message)
    expect(done.err).toContain('usage: batch JOB')
  })

  it('refuses a file without saying again the numbers of people that stand in it', async () => {
    const folder = makeScratchFolder('huinong-batch-')
    const environment = { HUINONG_DATABASE_URL: `sqlite:${folder}/books.db`, HUINONG_DATA_DIR: folder }
    await using database = await openDatabase({
      url: environment.HUINONG_DATABASE_URL,
      clock: systemClock,
      random: systemRandom,
    })
    const accounts = [{ login: 'clerk', displayName: 'clerk', roles: ['finance' as const], passwordHash: '' }]
    await database.run((ctx) =>
      addAccounts(
        ctx,
        accounts.map((it) => ({ ...it, mustChangePassword: false })),
      ),
    )
    const cells = ['11010519491231002X', '王甲', '13812345678', '6222021234567890123', '采摘']
    writeFileSync(`${folder}/wages.csv`, `户编号,户主,日期,金额,事由\r\n${cells.join(',')}\r\n`)

    const file = ['--file', `${folder}/wages.csv`, '--kind', 'wages', '--payer', 'outside']
    const done = batch(
      ['import-incomes', ...file, '--title', '工资', '--document', 'W-1', '--by', 'clerk'],
      environment,
    )

    expect(done.code).toBe(1)
    expect(done.err).toContain('rows.2.户编号')
    expect(done.err).toContain('138****5678')
    expect(findNumbersInText(`${done.out}${done.err}`)).toEqual([])
  })

  it('makes no database where there is none', () => {
    const done = batch(['reseal'], { HUINONG_DATABASE_URL: 'sqlite:/nowhere/at/all.db' })

    expect(done).toEqual({ code: 1, out: '', err: 'There is no database sqlite:/nowhere/at/all.db.\n' })
  })
})

describe('progress', () => {
  it('is a line now and then where nobody watches', () => {
    const clock = new TestClock()
    const shown: string[] = []
    const bar = makeProgressBar('job', { isTerminal: false, write: (text) => shown.push(text) }, clock)

    for (let done = 0; done <= 100; done += 1) {
      bar.show(done, 100)
      clock.advance(200)
    }

    expect(shown).toEqual(['job: 0 of 100 (0 %)\n', 'job: 50 of 100 (50 %, 10 s left)\n', 'job: 100 of 100 (100 %)\n'])
  })

  it('is a bar in a terminal', () => {
    const shown: string[] = []
    const bar = makeProgressBar('job', { isTerminal: true, write: (text) => shown.push(text) }, new TestClock())

    bar.show(1, 1)
    bar.end()

    expect(shown).toEqual([`\r\u001b[K${'█'.repeat(30)} job: 1 of 1 (100 %)`, '\n'])
  })
})

describe('the audit check', () => {
  it('ends well on a whole trail and names the row that broke it', async () => {
    const folder = makeScratchFolder('huinong-batch-')
    const url = `sqlite:${folder}/books.db`
    await using database = await openDatabase({ url, clock: systemClock, random: systemRandom })
    const entry = { accountId: undefined, action: 'thing.changed', subjectId: 'thing' }
    await database.run((ctx) => recordAudits(ctx, [entry, entry]))
    const environment = { HUINONG_DATABASE_URL: url, HUINONG_DATA_DIR: folder }

    const whole = batch(['audit-check'], environment)
    await forgeRows(url, 'audit_row', [`update audit_row set action = 'thing.kept' where seq = 2`])
    const broken = batch(['audit-check'], environment)

    expect(whole).toMatchObject({ code: 0, out: '2 rows in 1 chains are as they were written.\n' })
    expect(broken).toMatchObject({ code: 1, out: '' })
    expect(broken.err).toMatch(/^chain \S+, row 2 \(\S+\): the row was changed\n$/)
  })
})
