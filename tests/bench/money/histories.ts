// Whether SQLite and PostgreSQL agree to the hash over ten thousand seeded histories of sales, refunds, distributions, payouts,
// bank answers and returns. The suite plays a few hundred of the same and looks closer; this is the long run.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '#shared/ids/random.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { checkLedger } from '#server/ledger/check-ledger.ts'
import { EmbeddedCluster } from '#tests/support/embedded-cluster.ts'
import { playHistories } from '#tests/support/money-histories.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import type { BenchRow, BenchSize } from '../bench-row.ts'

const fullHistories = 10_000
const usualHistories = 500
const steps = 24
const perDatabase = 250

/** Plays one batch on a fresh database; returns its hash, and counts what its books do not keep. */
async function play(url: string, seeds: readonly number[]): Promise<{ hash: string; unsound: number }> {
  const clock = new TestClock()
  await using database = await openDatabase({ url, clock, random: seededRandom(1) })
  const { hash, snapshots } = await playHistories(database, clock, { seeds, steps })
  const { problems } = await database.read(checkLedger)
  const overdrawn = snapshots.filter(({ balances }) => Math.min(...balances.values()) < 0)
  return { hash, unsound: problems.length + overdrawn.length }
}

export async function benchHistories({ isFull }: BenchSize): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'huinong-bench-histories-'))
  const cluster = await EmbeddedCluster.start()
  const histories = isFull ? fullHistories : usualHistories
  let apart = 0
  let unsound = 0
  try {
    for (let first = 1; first <= histories; first += perDatabase) {
      const seeds = Array.from({ length: perDatabase }, (_, index) => first + index)
      const path = join(folder, 'histories.db')
      const sqlite = await play(`sqlite:${path}`, seeds)
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true })
      const url = await cluster.create()
      const postgres = await play(url, seeds)
      await cluster.drop(/\/(test_\d+)\?/.exec(url)?.[1] ?? '')
      if (sqlite.hash !== postgres.hash) apart += perDatabase
      unsound += sqlite.unsound + postgres.unsound
      process.stderr.write(`  ${first + perDatabase - 1} of ${histories} histories\n`)
    }
  } finally {
    await cluster.stop()
    rmSync(folder, { recursive: true })
  }
  const row = (name: string, value: number, unit: string): BenchRow => ({
    name,
    value,
    unit,
    limit: 0,
    limitName: 'goal',
    ratio: { value, atMost: 0 },
  })
  return [
    row(
      `Histories of money on which SQLite and PostgreSQL differ, of ${histories}, ${steps} steps each`,
      apart,
      'histories',
    ),
    row('Faults in the books of these histories', unsound, 'faults'),
  ]
}
