// Ledger transfers per second, each an immutable transfer, two entries and the balances they touch: one caller, 16 and 256
// waiting at a time, between any two of a thousand wallets and onto one hot account; SQLite with synchronous=FULL beside raw
// prepared statements that write the same rows in the same groups; PostgreSQL (its commits synchronous) beside SQLite.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { nextBelow, seededRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import type { Database } from '#server/db/database.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { accountIdOf, namedAccounts } from '#server/ledger/account-kinds.ts'
import { openAccounts, postTransfers } from '#server/ledger/post-transfers.ts'
import type { Transfer } from '#server/ledger/post-transfers.ts'
import { EmbeddedCluster } from '#tests/support/embedded-cluster.ts'
import type { BenchRow } from './bench-row.ts'

const walletCount = 1_000
const roundMs = 1_500
const warmUpMs = 300
const startFen = 1_000_000_000
const callerCounts = [1, 16, 256]
const patterns = ['uniform', 'one hot account'] as const
type Pattern = (typeof patterns)[number]

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

async function fillWallets(database: Database): Promise<void> {
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

/** The peer: prepared statements alone write the same rows and balances, `callers` transfers to a commit. */
function postRaw(path: string, next: () => Transfer, callers: number, forMs: number): number {
  const client = new BetterSqlite3(path)
  for (const setting of ['journal_mode = WAL', 'synchronous = FULL', 'foreign_keys = ON', 'cache_size = -65536'])
    client.pragma(setting)
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
  client.close()
  return (posted / elapsedMs) * 1_000
}

async function measureSqlite(folder: string, pattern: Pattern, callers: number, seed: number): Promise<BenchRow> {
  const path = join(folder, `${seed}.db`)
  const rawPath = join(folder, `${seed}-raw.db`)
  const open = (at: string) => openDatabase({ url: `sqlite:${at}`, clock: systemClock, random: seededRandom(seed) })
  const raw = await open(rawPath)
  await fillWallets(raw)
  await raw.close()
  const database = await open(path)
  await fillWallets(database)
  const next = transferSource(pattern, seed)
  await post(database, next, callers, warmUpMs)
  const value = await post(database, next, callers, roundMs)
  await database.close()
  const limit = postRaw(rawPath, transferSource(pattern, seed), callers, roundMs)
  return {
    name: `Ledger transfers, SQLite, ${callers} at a time, ${pattern}`,
    value,
    unit: 'transfers/s',
    limit,
    limitName: 'raw prepared statements, same rows, same groups',
    ratio: { value: value / limit },
  }
}

async function measurePostgres(
  cluster: EmbeddedCluster,
  pattern: Pattern,
  callers: number,
  seed: number,
): Promise<BenchRow> {
  const url = await cluster.create()
  const database = await openDatabase({ url, clock: systemClock, random: seededRandom(seed) })
  await fillWallets(database)
  const next = transferSource(pattern, seed)
  await post(database, next, callers, warmUpMs)
  const value = await post(database, next, callers, roundMs)
  await database.close()
  return { name: `Ledger transfers, PostgreSQL, ${callers} at a time, ${pattern}`, value, unit: 'transfers/s' }
}

export async function benchLedger(): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'huinong-bench-ledger-'))
  const cluster = await EmbeddedCluster.start({ isDurable: true })
  const benchRows: BenchRow[] = []
  let seed = 100
  try {
    for (const pattern of patterns)
      for (const callers of callerCounts) benchRows.push(await measureSqlite(folder, pattern, callers, (seed += 10)))
    for (const pattern of patterns)
      for (const callers of callerCounts) benchRows.push(await measurePostgres(cluster, pattern, callers, (seed += 10)))
  } finally {
    await cluster.stop()
    rmSync(folder, { recursive: true })
  }
  return benchRows
}
