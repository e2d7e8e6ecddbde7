// Ledger transfers per second, each an immutable transfer, two entries and the balances they touch: one caller, 16 and 256
// waiting at a time, between any two of a thousand wallets and onto one hot account; SQLite with synchronous=FULL beside raw
// prepared statements that write the same rows in the same groups, and beside pgledger; PostgreSQL (its commits synchronous)
// beside pgledger. Rounds of ours and of the raw peer alternate on the same disk, and each side's best counts.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { nextBelow, seededRandom } from '#shared/ids/random.ts'
import type { Clock } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import type { Database } from '#server/db/database.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { accountIdOf, namedAccounts } from '#server/ledger/account-kinds.ts'
import { openAccounts, postTransfers } from '#server/ledger/post-transfers.ts'
import type { Transfer } from '#server/ledger/post-transfers.ts'
import { EmbeddedCluster } from '#tests/support/embedded-cluster.ts'
import type { BenchRow } from '../bench-row.ts'

const walletCount = 1_000
const rounds = 3
const roundMs = 800
const warmUpMs = 300
const startFen = 1_000_000_000
const callerCounts = [1, 16, 256]
const patterns = ['uniform', 'one hot account'] as const
type Pattern = (typeof patterns)[number]

/** Transfers per second that pgledger makes on a machine like this one. */
const pgledger: Readonly<Record<Pattern, number>> = { uniform: 2_200, 'one hot account': 1_200 }
/** What ours makes of it on SQLite at least. */
const goals: Readonly<Record<Pattern, number>> = { uniform: 4, 'one hot account': 10 }
const singleCallerGoal = 2

const walletOf = (index: number) => accountIdOf('wallet', `w${index}`)
const hot = accountIdOf('channel', 'wallet')

/** Makes transfers for ever, each with a cause of its own. */
function transferSource(pattern: Pattern, seed: number): () => Transfer {
  const random = seededRandom(seed)
  let made = 0
  return () => {
    made += 1
    const debit = walletOf(nextBelow(random, walletCount))
    const other = walletOf(nextBelow(random, walletCount))
    const credit = pattern === 'uniform' && other !== debit ? other : hot
    return { debit, credit, amountFen: 1, cause: { kind: 'capture', id: `${seed}-${made}` }, leg: 'x' }
  }
}

/** Accounts are older than a minute, as all but the newest are. */
const openingClock: Clock = { ...systemClock, now: () => systemClock.now() - 120_000 }

async function fillWallets(url: string): Promise<void> {
  await using database = await openDatabase({ url, clock: openingClock, random: seededRandom(1) })
  const topUps = Array.from({ length: walletCount }, (_, index) => ({
    debit: namedAccounts.mainBank,
    credit: walletOf(index),
    amountFen: startFen,
    cause: { kind: 'top-up' as const, id: `w${index}` },
    leg: 'x',
  }))
  await database.run(function* (ctx) {
    yield* openAccounts(ctx, [hot])
    yield* postTransfers(ctx, topUps)
  })
}

/** Posts in waves of `callers` for the given time; returns transfers per second. */
async function post(database: Database, next: () => Transfer, callers: number, forMs: number): Promise<number> {
  const startMs = systemClock.monotonicMs()
  let posted = 0
  let elapsedMs = 0
  while (elapsedMs < forMs) {
    const wave = Array.from({ length: callers }, () => {
      const transfer = next()
      return database.run((ctx) => postTransfers(ctx, [transfer]))
    })
    await Promise.all(wave)
    posted += callers
    elapsedMs = systemClock.monotonicMs() - startMs
  }
  return (posted / elapsedMs) * 1_000
}

function openRaw(path: string): BetterSqlite3.Database {
  const client = new BetterSqlite3(path)
  const settings = ['synchronous = FULL', 'foreign_keys = ON', 'cache_size = -65536', 'wal_autocheckpoint = 16000']
  for (const setting of ['journal_mode = WAL', ...settings]) client.pragma(setting)
  return client
}

/** The peer: prepared statements alone write the same rows and balances, `callers` transfers to a commit. */
function postRaw(client: BetterSqlite3.Database, next: () => Transfer, callers: number, forMs: number): number {
  const transfer = client.prepare(
    'INSERT INTO ledger_transfer (id, debit_account_id, credit_account_id, amount_fen, cause_kind, cause_id, leg, at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  )
  const entry = client.prepare(
    'INSERT INTO ledger_entry (account_id, at_ms, transfer_id, amount_fen) VALUES (?, ?, ?, ?)',
  )
  const change = client.prepare('UPDATE ledger_account SET balance_fen = balance_fen + ? WHERE id = ?')
  const begin = client.prepare('BEGIN IMMEDIATE')
  const commit = client.prepare('COMMIT')
  const startMs = systemClock.monotonicMs()
  let posted = 0
  let elapsedMs = 0
  while (elapsedMs < forMs) {
    begin.run()
    for (let caller = 0; caller < callers; caller += 1) {
      const { debit, credit, amountFen, cause, leg } = next()
      const atMs = systemClock.now()
      const id = `${cause.kind}:${cause.id}:${leg}`
      transfer.run(id, debit, credit, amountFen, cause.kind, cause.id, leg, atMs)
      change.run(-amountFen, debit)
      if (credit !== hot) change.run(amountFen, credit)
      entry.run(debit, atMs, id, -amountFen)
      entry.run(credit, atMs, id, amountFen)
    }
    commit.run()
    posted += callers
    elapsedMs = systemClock.monotonicMs() - startMs
  }
  return (posted / elapsedMs) * 1_000
}

function goalOf(pattern: Pattern, callers: number): number {
  return callers === 1 ? singleCallerGoal : goals[pattern]
}

async function measureSqlite(folder: string, pattern: Pattern, callers: number, seed: number): Promise<BenchRow[]> {
  const url = `sqlite:${join(folder, `${seed}.db`)}`
  const rawPath = join(folder, `${seed}-raw.db`)
  await fillWallets(url)
  await fillWallets(`sqlite:${rawPath}`)
  await using database = await openDatabase({ url, clock: systemClock, random: seededRandom(seed) })
  const rawClient = openRaw(rawPath)
  const next = transferSource(pattern, seed)
  const nextRaw = transferSource(pattern, seed)
  await post(database, next, callers, warmUpMs)
  postRaw(rawClient, nextRaw, callers, warmUpMs)
  let ours = 0
  let raw = 0
  for (let round = 0; round < rounds; round += 1) {
    ours = Math.max(ours, await post(database, next, callers, roundMs))
    raw = Math.max(raw, postRaw(rawClient, nextRaw, callers, roundMs))
  }
  rawClient.close()
  const name = `${callers} at a time, ${pattern}`
  const peer = pgledger[pattern]
  return [
    {
      name: `Ledger transfers, SQLite, ${name}`,
      value: ours,
      unit: 'transfers/s',
      limit: peer,
      limitName: 'pgledger',
      ratio: { value: ours / peer, atLeast: goalOf(pattern, callers) },
    },
    {
      name: `The same rows by raw prepared statements, ${name}`,
      value: raw,
      unit: 'transfers/s',
      limit: ours,
      limitName: 'ours',
      ratio: { value: raw / ours },
    },
  ]
}

async function measurePostgres(
  cluster: EmbeddedCluster,
  pattern: Pattern,
  callers: number,
  seed: number,
): Promise<BenchRow> {
  const url = await cluster.create()
  await fillWallets(url)
  await using database = await openDatabase({ url, clock: systemClock, random: seededRandom(seed) })
  const next = transferSource(pattern, seed)
  await post(database, next, callers, warmUpMs)
  let value = 0
  for (let round = 0; round < rounds; round += 1) value = Math.max(value, await post(database, next, callers, roundMs))
  const limit = pgledger[pattern]
  return {
    name: `Ledger transfers, PostgreSQL, ${callers} at a time, ${pattern}`,
    value,
    unit: 'transfers/s',
    limit,
    limitName: 'pgledger',
    ratio: { value: value / limit },
  }
}

export async function benchTransfers(): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'huinong-bench-transfers-'))
  const cluster = await EmbeddedCluster.start({ isDurable: true })
  const benchRows: BenchRow[] = []
  let seed = 100
  try {
    for (const pattern of patterns)
      for (const callers of callerCounts)
        benchRows.push(...(await measureSqlite(folder, pattern, callers, (seed += 10))))
    for (const pattern of patterns)
      for (const callers of callerCounts) benchRows.push(await measurePostgres(cluster, pattern, callers, (seed += 10)))
  } finally {
    await cluster.stop()
    rmSync(folder, { recursive: true })
  }
  return benchRows
}
