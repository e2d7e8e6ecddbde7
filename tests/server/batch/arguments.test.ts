// What the batch jobs refuse of their options and files: the same as the requests of the same work, in one sentence each.
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '#shared/ids/random.ts'
import { readInputFile } from '#server/batch/input-file.ts'
import type { BatchArguments } from '#server/batch/job.ts'
import { batchJobs } from '#server/batch/jobs.ts'
import { rows } from '#server/db/unit.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { openTestDatabase } from '#tests/support/test-database.ts'
import { testSealer } from '#tests/support/test-sealer.ts'

async function openJobs() {
  const clock = new TestClock()
  const database = await openTestDatabase('sqlite', { clock })
  return {
    database,
    run: (name: string, args: BatchArguments) => {
      const job = batchJobs.find((one) => one.name === name)
      const context = { database, sealer: testSealer, commandKeyFile: '', clock, random: seededRandom(1) }
      return job?.run(context, args, () => undefined)
    },
    [Symbol.asyncDispose]: () => database.close(),
  }
}

describe('a batch job', () => {
  it.each([
    ['a kind there is none of', { kind: 'bonus' }, 'kind'],
    ['an empty title', { title: ' ' }, 'title'],
    ['no number of the paper', { document: '' }, 'documentNumber'],
    ['an organisation that is no id', { organisation: 'union' }, 'organisationId'],
    ['a total that is no amount', { total: '1,5' }, 'total'],
  ])('does not import incomes with %s', async (_, wrong, field) => {
    await using jobs = await openJobs()
    const right = { file: 'wages.csv', kind: 'wages', payer: 'outside', title: '工资', document: 'W-1', by: 'clerk' }

    const run = jobs.run('import-incomes', { ...right, ...wrong })

    await expect(run).rejects.toMatchObject({ code: 'request.invalid', field })
  })

  it('keeps no comparison of a day that there is not', async () => {
    await using jobs = await openJobs()

    for (const day of ['20261127', '2026-02-30', 'yesterday'])
      await expect(jobs.run('reconcile', { day })).rejects.toMatchObject({ code: 'request.invalid', field: 'day' })

    const kept = await jobs.database.read(({ db, tables: { reconciliations: t } }) => rows(db.select().from(t)))
    expect(kept).toEqual([])
  })

  it('says of a file that is missing, no file, or too large to be read, that it is so', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'batch-'))
    await using _ = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
    const large = join(folder, 'large.csv')
    const handle = await open(large, 'w')
    // A gigabyte that takes no room on the disk.
    await handle.truncate(1024 ** 3)
    await handle.close()

    const refusals = [join(folder, 'nothing.csv'), folder, large].map((path) => readInputFile(path, 1_000))

    for (const [index, message] of [/ENOENT/, /EISDIR|bytes/, /1073741824 bytes; 1000 are the most/].entries())
      await expect(refusals[index]).rejects.toMatchObject({ field: 'file', message: expect.stringMatching(message) })
  })
})
