// How many sessions a second the server settles: two lines each with all their postings, through the real ingest (entries as
// they come off the wire → units → group commit, SQLite synchronous=FULL), beside raw prepared inserts of the very same rows in
// the same batches, alternating in the same run on the same disk.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import pino from 'pino'
import { seededRandom } from '#shared/ids/random.ts'
import { makeId } from '#shared/ids/uuid-v7.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { ensureDefaultPlan } from '#server/attribution/revenue-plans.ts'
import type { Database } from '#server/db/database.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { Metrics } from '#server/http/metrics.ts'
import { Ingest } from '#server/mqtt/ingest.ts'
import { readEntry } from '#server/mqtt/journal-entries.ts'
import { openCabinet } from '#server/sessions/open-cabinet.ts'
import { JournalWriter } from '#tests/support/journal-writer.ts'
import {
  marketHandlers,
  openDeps,
  seedBuyer,
  seedCabinet,
  seedGoods,
  settled,
  unitsInLane,
} from '#tests/support/market.ts'
import type { BenchRow } from './bench-row.ts'

const cabinetCount = 256
const rounds = 10
/** The first rounds warm up the compilers and caches of both sides and are not counted. */
const warmUpRounds = 2
/** Units of each household in a lot: eight households, as an ordinary lot has, and together what all cabinets are loaded with. */
const lotUnits = Array.from({ length: 8 }, () => (cabinetCount * unitsInLane) / 8)

/** Tables a settlement inserts into, in the order it does. */
const insertedTables = [
  'sale_line',
  'ledger_transfer',
  'ledger_entry',
  'attributed_line',
  'attribution_part',
  'stock_move',
  'journal_entry',
] as const

interface Stand {
  readonly cabinetId: string
  readonly code: string
  readonly buyerId: string
  readonly journal: JournalWriter
}

interface World {
  readonly database: Database
  readonly goods: Parameters<typeof settled>[0]
  readonly stands: readonly Stand[]
}

async function seed(database: Database): Promise<World> {
  const random = seededRandom(3)
  return await database.run(function* (ctx) {
    yield* ensureDefaultPlan(ctx)
    const goods = yield* seedGoods(ctx, systemClock.now() - 3_600_000, lotUnits)
    const stands: Stand[] = []
    for (let index = 0; index < cabinetCount; index += 1) {
      const code = `YB-${String(index + 1).padStart(4, '0')}`
      const cabinetId = yield* seedCabinet(ctx, code, goods)
      const buyerId = yield* seedBuyer(ctx, `buyer-${index}`, 10_000_000)
      const journal = new JournalWriter(makeId(systemClock, random), () => systemClock.now())
      stands.push({ cabinetId, code, buyerId, journal })
    }
    return { database, goods, stands }
  })
}

/** Plateaus of twelve lanes before and after, and two steps: what a real decoder leaves with a bill. */
function evidenceOf() {
  const plateaus = Array.from({ length: 12 }, (_, index) => ({
    laneId: `L${String(index + 1).padStart(2, '0')}`,
    levelMg: 8_000_000 + index * 1_234,
    standardErrorMg: 180,
    sampleCount: 40,
  }))
  const steps = ['L01', 'L02'].map((laneId) => ({
    laneId,
    atMs: 1_772_323_200_000,
    massMg: -1_000_123,
    standardErrorMg: 210,
  }))
  return { opening: plateaus, closing: plateaus, steps, hypotheses: [] }
}

/** Opens a session at every cabinet and writes what its cabinet will send; none of this is timed. */
async function prepareRound({ database, goods, stands }: World, round: number): Promise<Map<string, string>> {
  const opened = stands.map(({ code, buyerId }) =>
    database.run((ctx) =>
      openCabinet(ctx, openDeps, {
        accountId: buyerId,
        accountName: 'buyer',
        cabinetCode: code,
        idempotencyKey: `round-${round}`,
      }),
    ),
  )
  const sessions = await Promise.all(opened)
  const evidence = evidenceOf()
  return new Map(
    stands.map(({ cabinetId, journal }, index) => {
      const sessionId = sessions[index]?.session.sessionId ?? ''
      const body = { ...settled(goods, sessionId, { count: 1, massMg: 820_000 }), evidence }
      return [cabinetId, JSON.stringify(journal.write('session.settled', body))]
    }),
  )
}

/** Sends a round's messages and waits for every ack; returns milliseconds. */
async function settleRound(ingest: Ingest, messages: ReadonlyMap<string, string>, acks: Acks): Promise<number> {
  const startedMs = systemClock.monotonicMs()
  const done = acks.expect(messages.size)
  for (const [cabinetId, text] of messages) {
    const received = readEntry(JSON.parse(text), systemClock.now())
    if (received === undefined || received.event === undefined) throw new Error('the bench wrote an entry that is none')
    ingest.submit(cabinetId, [received])
  }
  await done
  return systemClock.monotonicMs() - startedMs
}

class Acks {
  #left = 0
  #resolve: () => void = () => {}

  expect(count: number): Promise<void> {
    this.#left = count
    return new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  arrive(): void {
    this.#left -= 1
    if (this.#left === 0) this.#resolve()
  }
}

interface RawRow {
  readonly table: (typeof insertedTables)[number]
  readonly values: unknown[]
}

/** Which session a row belongs to: by its own id, its sale line's, or its cabinet's. */
const ownerColumns = {
  sale_line: 'session_id',
  ledger_transfer: 'cause_id',
  ledger_entry: 'transfer_id',
  attributed_line: 'sale_line_id',
  attribution_part: 'sale_line_id',
  stock_move: 'cause_id',
  journal_entry: 'cabinet_id',
} as const satisfies Record<RawRow['table'], string>

const newRowsFilter: Partial<Record<RawRow['table'], string>> = {
  stock_move: "where kind = 'sold'",
  ledger_transfer: "where cause_kind in ('sale-line', 'capture', 'release')",
  ledger_entry: "where transfer_id like 'sale-line:%' or transfer_id like 'capture:%' or transfer_id like 'release:%'",
}

/** The rows that a round inserted, as SQLite keeps them, session by session in the order a settlement writes them. */
class RowReader {
  readonly #source: BetterSqlite3.Database
  readonly #taken = new Set<string>()

  constructor(path: string) {
    this.#source = new BetterSqlite3(path, { readonly: true })
  }

  read(): RawRow[] {
    const sessions = new Map<string, RawRow[]>()
    const sessionOf = new Map<string, string>()
    const idOf = this.#source.prepare('select sale_line_id, session_id from sale_line').raw().all() as string[][]
    for (const [saleLineId = '', sessionId = ''] of idOf) sessionOf.set(saleLineId, sessionId)
    const cabinets = this.#source
      .prepare('select cabinet_id, session_id from shopping_session order by session_id')
      .raw()
    for (const [cabinetId = '', sessionId = ''] of cabinets.all() as string[][]) sessionOf.set(cabinetId, sessionId)
    for (const table of insertedTables) {
      const select = this.#source.prepare(`select * from ${table} ${newRowsFilter[table] ?? ''}`).raw()
      const owner = select.columns().findIndex((column) => column.name === ownerColumns[table])
      for (const values of select.all() as unknown[][]) {
        const key = [table, ...values.slice(0, 3)].join('|')
        if (this.#taken.has(key)) continue
        this.#taken.add(key)
        const named = String(values[owner])
        const id = table === 'ledger_entry' ? (named.split(':')[1] ?? '') : named
        const sessionId = sessionOf.get(id) ?? id
        const rows = sessions.get(sessionId) ?? []
        rows.push({ table, values })
        sessions.set(sessionId, rows)
      }
    }
    return [...sessions.values()].flat()
  }

  close(): void {
    this.#source.close()
  }
}

/** The peer: the same tables with the same indexes and triggers, written by prepared inserts alone. */
class RawWriter {
  readonly #client: BetterSqlite3.Database
  readonly #inserts: ReadonlyMap<string, BetterSqlite3.Statement>

  constructor(path: string) {
    this.#client = new BetterSqlite3(path)
    this.#client.pragma('journal_mode = WAL')
    this.#client.pragma('synchronous = FULL')
    this.#client.pragma('cache_size = -65536')
    this.#client.pragma('wal_autocheckpoint = 16000')
    // Its parents stay in the other database; not checking them favours the peer.
    this.#client.pragma('foreign_keys = OFF')
    this.#inserts = new Map(
      insertedTables.map((table) => {
        const columns = this.#client.prepare(`select * from ${table}`).columns().length
        return [table, this.#client.prepare(`insert into ${table} values (${Array(columns).fill('?').join(', ')})`)]
      }),
    )
  }

  /** Writes one batch in one transaction; returns milliseconds. */
  write(batch: readonly RawRow[]): number {
    const startedMs = systemClock.monotonicMs()
    this.#client.exec('BEGIN IMMEDIATE')
    for (const { table, values } of batch) this.#inserts.get(table)?.run(values)
    this.#client.exec('COMMIT')
    return systemClock.monotonicMs() - startedMs
  }

  close(): void {
    this.#client.close()
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

async function measure(folder: string): Promise<{ ours: number[]; raw: number[]; rowsPerSession: number }> {
  const random = seededRandom(5)
  const open = (name: string) => openDatabase({ url: `sqlite:${join(folder, name)}`, clock: systemClock, random })
  await using database = await open('ours.db')
  // Opened once, so that it has the tables.
  await (await open('raw.db')).close()
  const world = await seed(database)
  const acks = new Acks()
  const logger = pino({ level: 'silent' })
  const fail = (what: string) => () => {
    throw new Error(`the bench's entries are ${what}`)
  }
  await using ingest = new Ingest({
    database,
    clock: systemClock,
    logger,
    metrics: new Metrics(),
    handlers: marketHandlers,
    sendAck: () => acks.arrive(),
    perform: () => {},
    onConflict: fail('in conflict'),
    onFlagged: fail('flagged'),
    onUnknownCabinet: fail('of an unknown cabinet'),
  })
  const reader = new RowReader(join(folder, 'ours.db'))
  const writer = new RawWriter(join(folder, 'raw.db'))
  const ours: number[] = []
  const raw: number[] = []
  let rowsPerSession = 0
  for (let round = 0; round < rounds; round += 1) {
    const messages = await prepareRound(world, round)
    const oursMs = await settleRound(ingest, messages, acks)
    const batch = reader.read()
    const rawMs = writer.write(batch)
    rowsPerSession = batch.length / cabinetCount
    if (round < warmUpRounds) continue
    ours.push(oursMs)
    raw.push(rawMs)
  }
  reader.close()
  writer.close()
  return { ours, raw, rowsPerSession }
}

/** Sessions settled per second, beside raw prepared inserts of the same rows; each figure is a median over the rounds. */
export async function benchIngest(): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'huinong-bench-ingest-'))
  try {
    const { ours, raw, rowsPerSession } = await measure(folder)
    const perSecond = (elapsedMs: number) => (cabinetCount / elapsedMs) * 1_000
    const value = perSecond(median(ours))
    const limit = perSecond(median(raw))
    // Round by round, so that what else the machine does meanwhile touches both sides alike.
    const ratio = median(ours.map((oursMs, index) => (raw[index] ?? 0) / oursMs))
    return [
      {
        name: `Ingest: sessions settled (2 lines, 8 households a lot, ${rowsPerSession.toFixed(0)} rows each, ${cabinetCount} to a commit)`,
        value,
        unit: 'sessions/s',
        limit,
        limitName: 'raw prepared inserts of the same rows, same batches',
        ratio: { value: ratio, atLeast: 0.4 },
      },
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
