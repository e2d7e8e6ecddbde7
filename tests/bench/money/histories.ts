// Whether SQLite and PostgreSQL agree to the hash over ten thousand seeded histories of sales, refunds, distributions, payouts,
// bank answers and returns. The suite plays a few hundred of the same and looks closer; this is the long run. Histories share a
// database by the hundred, a copy of one that was migrated once, and a few databases are played at a time: what PostgreSQL does is
// mostly waited for.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
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
const databasesAtATime = 3

interface Played {
  readonly hash: string
  readonly unsound: number
}

/** Plays one batch on an empty database; returns its hash, and counts what its books do not keep. */
async function play(url: string, seeds: readonly number[]): Promise<Played> {
  const clock = new TestClock()
  await using database = await openDatabase({ url, clock, random: seededRandom(1) })
  const { hash, snapshots } = await playHistories(database, clock, { seeds, steps })
  const { problems } = await database.read(checkLedger)
  const overdrawn = snapshots.filter(({ balances }) => Math.min(...balances.values()) < 0)
  return { hash, unsound: problems.length + overdrawn.length }
}

async function playOnSqlite(folder: string, template: string, seeds: readonly number[]): Promise<Played> {
  const path = join(folder, `${seeds[0]}.db`)
  copyFileSync(template, path)
  const played = await play(`sqlite:${path}`, seeds)
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true })
  return played
}

async function playOnPostgres(cluster: EmbeddedCluster, seeds: readonly number[]): Promise<Played> {
  const url = await cluster.create()
  const played = await play(url, seeds)
  await cluster.drop(/\/(test_\d+)\?/.exec(url)?.[1] ?? '')
  return played
}

async function makeTemplate(folder: string): Promise<string> {
  const path = join(folder, 'template.db')
  const database = await openDatabase({ url: `sqlite:${path}`, clock: systemClock, random: seededRandom(1) })
  // Closing checkpoints the log, so that the file alone is the whole database.
  await database.close()
  return path
}

export async function benchHistories({ isFull }: BenchSize): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'huinong-bench-histories-'))
  const cluster = await EmbeddedCluster.start()
  const histories = isFull ? fullHistories : usualHistories
  let apart = 0
  let unsound = 0
  let next = 1
  let done = 0
  try {
    const template = await makeTemplate(folder)
    const playOn = async () => {
      while (next <= histories) {
        const first = next
        next += perDatabase
        const seeds = Array.from({ length: perDatabase }, (_, index) => first + index)
        const postgres = playOnPostgres(cluster, seeds)
        const sqlite = await playOnSqlite(folder, template, seeds)
        const { hash, unsound: faults } = await postgres
        if (sqlite.hash !== hash) apart += perDatabase
        unsound += sqlite.unsound + faults
        done += perDatabase
        process.stderr.write(`  ${done} of ${histories} histories\n`)
      }
    }
    await Promise.all(Array.from({ length: databasesAtATime }, playOn))
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
