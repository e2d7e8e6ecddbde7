import BetterSqlite3 from 'better-sqlite3'
import type { Command, Reply } from '#shared/contracts/mqtt/command.ts'
import { genesisHash, type JournalEntry } from '#shared/contracts/mqtt/event.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import type { LaneRecord } from '../lanes/lane-record.ts'
import { isFinalEvent } from '../session/end-session.ts'
import { activeSession, initialState, type CabinetState, type SessionPass } from '../session/session-state.ts'
import type { DryingRate } from '../weighing/moisture-loss.ts'
import { chainEntry, fitBody, hashEntry } from './entry-chain.ts'
import { DiskFullError, isDiskFull, JournalError } from './journal-error.ts'
import { prepareSchema, schemaVersion } from './journal-schema.ts'

/** What one commit writes, all of it or nothing. Times are epoch ms. */
export interface JournalWrite {
  atMs: number
  state?: CabinetState
  events?: ReadonlyArray<{ type: string; body: object }>
  /** A command taken up now; answered by a reply in this commit or a later one. */
  command?: Pick<Command, 'commandId' | 'kind' | 'issuedAtMs' | 'expiresAtMs'>
  replies?: readonly Reply[]
  lanes?: readonly LaneRecord[]
  /** Passes used up by the last of these events. */
  passUses?: readonly SessionPass[]
  revokedPass?: Pick<SessionPass, 'passId' | 'buyerId' | 'counter' | 'expiresAtMs'>
  /** By SKU. */
  dryingRates?: ReadonlyMap<Id, DryingRate>
  /** What the decoder was told of a session: gzipped NDJSON, base64. */
  traces?: ReadonlyArray<{ sessionId: Id; trace: string }>
  raiseAlarms?: ReadonlyArray<{ alarm: string; detail: string }>
  clearAlarms?: readonly string[]
  /** Named JSON values: the twin and what is on trial. Null deletes. */
  settings?: Readonly<Record<string, unknown>>
}

export interface JournalPosition {
  /** Sequence number of the newest entry; 0 when there is none. */
  lastSeq: number
  /** Everything up to here is committed by the server. */
  ackedSeq: number
  /** Oldest entry still held; lastSeq + 1 when none is. */
  oldestSeq: number
}

export interface JournalOptions {
  /** Path, or ":memory:". */
  file: string
  bootId: Id
  /** Acknowledged entries kept for a server that was restored from an older backup. */
  keptEntries?: number
  /** Upper bound of the file in pages of 4 KiB; for small partitions. */
  maxPages?: number
  /** Opens the file; the simulation puts its own disk here. */
  openFile?: (file: string) => BetterSqlite3.Database
}

/** Members that are absent have to be read. */
interface Known {
  lanes?: ReadonlyMap<string, LaneRecord>
  alarms?: readonly string[]
  undelivered?: readonly Reply[]
  lastIssuedAtMs?: number
}

interface EntryRow {
  bootId: string
  seq: number
  atMs: number
  type: string
  body: string
  prevHash: string
  hash: string
}

/** How often a disk that fails is asked to write over what it failed at. */
const buryAttempts = 10
/** Handled commands are remembered this long after they expired: a repeat gets the same answer. */
const commandMemoryMs = 7 * 86_400_000
/** About a month of a busy cabinet; at 10 kB each. */
const keptTraces = 1_000
/** Passes are remembered this long after they expired, ms. */
const passMemoryMs = 30 * 86_400_000
const sessionMemoryMs = 90 * 86_400_000

/**
 * The agent's journal: one SQLite file, one writer, every commit on the disk before it returns. Throws JournalError
 * when opened on a file that cannot be trusted, DiskFullError when the disk takes no more.
 */
export class Journal {
  readonly #db: BetterSqlite3.Database
  readonly #bootId: Id
  readonly #keptEntries: number
  readonly #statements = new Map<string, BetterSqlite3.Statement>()
  #position: JournalPosition
  #lastHash: string
  /** The session that was saved last, as far as its row changes. */
  #saved: { readonly sessionId: Id; readonly opening: string | null } | undefined
  /** Acks and deliveries that the next commit takes along: what is lost of them is told once more. */
  #isAckWaiting = false
  #delivered = new Set<Id>()
  /** What was read last of tables that are asked for at every turn and change seldom. */
  #known: Known = {}

  private constructor(db: BetterSqlite3.Database, options: JournalOptions) {
    this.#db = db
    this.#bootId = options.bootId
    this.#keptEntries = options.keptEntries ?? 1_000
    const chain = this.#get('SELECT lastSeq, lastHash, ackedSeq FROM chain') as {
      lastSeq: number
      lastHash: string
      ackedSeq: number
    }
    const oldest = this.#get('SELECT min(seq) AS seq FROM entries') as { seq: number | null }
    this.#lastHash = chain.lastHash
    this.#position = {
      lastSeq: chain.lastSeq,
      ackedSeq: chain.ackedSeq,
      oldestSeq: oldest.seq ?? chain.lastSeq + 1,
    }
  }

  /** Opens or makes the file; checks pages and the hash chain of what is not acknowledged. */
  static open(options: JournalOptions): Journal {
    const { file } = options
    let db: BetterSqlite3.Database | undefined
    try {
      db = options.openFile?.(file) ?? new BetterSqlite3(file, { timeout: 500 })
      // One process owns the file: a second agent is refused, and no shared-memory file is needed.
      db.pragma('locking_mode = EXCLUSIVE')
      db.pragma('journal_mode = WAL')
      db.pragma('synchronous = FULL')
      db.pragma('wal_autocheckpoint = 256')
      db.pragma('cache_size = -512')
      if (options.maxPages !== undefined) db.pragma(`max_page_count = ${options.maxPages}`)
      const check = db.pragma('quick_check(1)', { simple: true })
      if (check !== 'ok') throw new JournalError('journal.corrupt', `${file} is damaged: ${String(check)}`)
      prepareSchema(db, file)
      const journal = new Journal(db, options)
      journal.#verifyChain(file)
      return journal
    } catch (error) {
      db?.close()
      throw openError(error, file)
    }
  }

  position(): JournalPosition {
    return this.#position
  }

  loadState(): CabinetState {
    const row = this.#get('SELECT state FROM machine') as { state: string } | undefined
    return row === undefined ? initialState : (JSON.parse(row.state) as CabinetState)
  }

  /** Writes everything in one transaction and returns the entries made. */
  commit(write: JournalWrite): readonly JournalEntry[] {
    return this.#transact(() => this.#write(write))
  }

  /**
   * Puts on the disk what the server and the broker have confirmed since the last commit; for when no other comes soon. Until then
   * a crash makes it be told once more, which costs nothing: both ends count everything once.
   */
  keepConfirmed(): void {
    if (this.#isAckWaiting || this.#delivered.size > 0) this.#transact(() => {})
  }

  #transact<T>(work: () => T): T {
    const before = { position: this.#position, lastHash: this.#lastHash }
    try {
      this.#run('BEGIN')
      const made = work()
      this.#saveConfirmed()
      this.#run('COMMIT')
      this.#isAckWaiting = false
      if (this.#delivered.size > 0) this.#delivered = new Set()
      return made
    } catch (error) {
      // After some errors, such as a full disk, SQLite has undone it by itself.
      if (this.#db.inTransaction) this.#run('ROLLBACK')
      this.#position = before.position
      this.#lastHash = before.lastHash
      this.#saved = undefined
      this.#known = {}
      if (!isDiskFull(error)) throw error
      this.#buryFailedCommit()
      throw new DiskFullError('the disk is full: nothing was journalled', { cause: error })
    }
  }

  /**
   * A commit whose sync failed may stand whole in the log, where the next start would find it and take it for a good one. Written
   * over, if only by the first page of a write that says nothing, it is none any more, and may be answered as not journalled.
   */
  #buryFailedCommit(): void {
    for (let attempt = 0; attempt < buryAttempts; attempt += 1) {
      try {
        this.#db.pragma(`user_version = ${schemaVersion}`)
        return
      } catch (error) {
        // The page is written, only not yet synced.
        if ((error as { code?: string }).code === 'SQLITE_IOERR_FSYNC') return
      }
    }
  }

  #write(write: JournalWrite): JournalEntry[] {
    const { atMs } = write
    const made: JournalEntry[] = []
    const append = (type: string, body: object) => {
      const entry = this.#append(atMs, type, body as Record<string, unknown>)
      if (isFinalEvent(type)) this.#endSession(entry.body['sessionId'], type, atMs)
      made.push(entry)
    }
    if (write.command !== undefined) {
      const { commandId, kind, issuedAtMs, expiresAtMs } = write.command
      this.#run(
        'INSERT INTO commands (commandId, kind, issuedAtMs, expiresAtMs) VALUES (?, ?, ?, ?)',
        commandId,
        kind,
        issuedAtMs,
        expiresAtMs,
      )
      this.#known.lastIssuedAtMs = Math.max(this.lastIssuedAtMs(), issuedAtMs)
      // By signed times only: a clock years ahead must not forget what was carried out.
      this.#run('DELETE FROM commands WHERE expiresAtMs < ? AND isDelivered = 1', issuedAtMs - commandMemoryMs)
    }
    if (write.state !== undefined) this.#saveState(write.state, atMs)
    for (const { type, body } of write.events ?? []) append(type, body)
    for (const reply of write.replies ?? []) {
      delete this.#known.undelivered
      this.#run(
        'UPDATE commands SET reply = ? WHERE commandId = ? AND reply IS NULL',
        JSON.stringify(reply),
        reply.commandId,
      )
    }
    for (const pass of write.passUses ?? []) this.#usePass(pass)
    if (write.revokedPass !== undefined) {
      const { passId, buyerId, counter, expiresAtMs } = write.revokedPass
      this.#run('INSERT OR IGNORE INTO passUses VALUES (?, ?, ?, 0, ?, 0, 1)', passId, buyerId, counter, expiresAtMs)
    }
    for (const lane of write.lanes ?? []) {
      delete this.#known.lanes
      this.#run('INSERT OR REPLACE INTO lanes (laneId, record) VALUES (?, ?)', lane.laneId, JSON.stringify(lane))
    }
    for (const [skuId, rate] of write.dryingRates ?? []) {
      this.#run('INSERT OR REPLACE INTO dryingRates (skuId, rate) VALUES (?, ?)', skuId, JSON.stringify(rate))
    }
    for (const { sessionId, trace } of write.traces ?? []) this.#saveTrace(sessionId, trace, atMs)
    for (const { alarm, detail } of write.raiseAlarms ?? []) {
      delete this.#known.alarms
      const raised = this.#run('INSERT OR IGNORE INTO alarms VALUES (?, ?, ?)', alarm, detail, atMs)
      if (raised > 0) append('alarm.raised', { alarm, detail: detail.slice(0, 300) })
    }
    for (const alarm of write.clearAlarms ?? []) {
      if (!this.alarms().includes(alarm)) continue
      delete this.#known.alarms
      if (this.#run('DELETE FROM alarms WHERE alarm = ?', alarm) > 0) append('alarm.cleared', { alarm })
    }
    for (const [name, value] of Object.entries(write.settings ?? {})) this.#setSetting(name, value)
    if (made.length > 0) this.#saveChain()
    return made
  }

  #append(atMs: number, type: string, body: Record<string, unknown>): JournalEntry {
    const seq = this.#position.lastSeq + 1
    const text = JSON.stringify(fitBody(body))
    const plain = JSON.parse(text) as Record<string, unknown>
    const entry = chainEntry({ bootId: this.#bootId, seq, atMs, type, body: plain, prevHash: this.#lastHash })
    this.#run(
      'INSERT INTO entries (seq, bootId, atMs, type, body, prevHash, hash) VALUES (?, ?, ?, ?, ?, ?, ?)',
      seq,
      entry.bootId,
      atMs,
      type,
      text,
      entry.prevHash,
      entry.hash,
    )
    this.#position = { ...this.#position, lastSeq: seq }
    this.#lastHash = entry.hash
    return entry
  }

  /** Once for all entries of a transaction. */
  #saveChain(): void {
    this.#run('UPDATE chain SET lastSeq = ?, lastHash = ?', this.#position.lastSeq, this.#lastHash)
  }

  #saveConfirmed(): void {
    const { ackedSeq, oldestSeq } = this.#position
    if (this.#isAckWaiting) {
      this.#run('UPDATE chain SET ackedSeq = ?', ackedSeq)
      this.#run('DELETE FROM entries WHERE seq < ?', oldestSeq)
    }
    for (const commandId of this.#delivered)
      this.#run('UPDATE commands SET isDelivered = 1 WHERE commandId = ?', commandId)
  }

  #saveState(state: CabinetState, atMs: number): void {
    this.#run('INSERT OR REPLACE INTO machine (id, state) VALUES (1, ?)', JSON.stringify(state))
    const { session } = state
    const active = activeSession(session)
    if (active !== undefined) {
      const { sessionId, kind, commandId } = active.core
      const opening = 'opening' in active ? JSON.stringify(active.opening) : null
      const saved = { sessionId, opening }
      if (saved.sessionId === this.#saved?.sessionId && saved.opening === this.#saved.opening) return
      this.#saved = saved
      this.#run(
        `INSERT INTO sessions (sessionId, kind, commandId, startedAtMs, opening) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (sessionId) DO UPDATE SET opening = coalesce(excluded.opening, opening)`,
        sessionId,
        kind,
        commandId,
        atMs,
        opening,
      )
    }
  }

  /** A session's end, whether it ever began here or was refused at once: its id never opens a door again. */
  #endSession(sessionId: unknown, finalEvent: string, atMs: number): void {
    this.#run(
      `INSERT INTO sessions (sessionId, kind, commandId, startedAtMs, finalEvent, endedAtMs) VALUES (?, '', '', ?, ?, ?)
       ON CONFLICT (sessionId) DO UPDATE SET finalEvent = excluded.finalEvent, endedAtMs = excluded.endedAtMs`,
      sessionId,
      atMs,
      finalEvent,
      atMs,
    )
    this.#run('DELETE FROM sessions WHERE endedAtMs < ?', atMs - sessionMemoryMs)
  }

  /** Old passes go by signed times only: a clock years ahead must not forget what is used up. */
  #usePass({ passId, buyerId, counter, capFen, notBeforeMs, expiresAtMs }: SessionPass): void {
    const { lastSeq, ackedSeq } = this.#position
    const use = [passId, buyerId, counter, capFen, expiresAtMs, lastSeq] as const
    // Revoked in the very moment, when the disk had no room to say so first: the use counts like any other.
    this.#run(
      `INSERT INTO passUses VALUES (?, ?, ?, ?, ?, ?, 0)
       ON CONFLICT (passId) DO UPDATE SET capFen = excluded.capFen, seq = excluded.seq`,
      ...use,
    )
    this.#run('DELETE FROM passUses WHERE expiresAtMs < ? AND seq <= ?', notBeforeMs - passMemoryMs, ackedSeq)
  }

  #saveTrace(sessionId: Id, trace: string, atMs: number): void {
    this.#run(
      'INSERT OR REPLACE INTO traces (sessionId, atMs, trace) VALUES (?, ?, ?)',
      sessionId,
      atMs,
      Buffer.from(trace, 'base64'),
    )
    this.#run(
      'DELETE FROM traces WHERE atMs <= (SELECT atMs FROM traces ORDER BY atMs DESC LIMIT 1 OFFSET ?)',
      keptTraces,
    )
  }

  #setSetting(name: string, value: unknown): void {
    if (value === null) this.#run('DELETE FROM settings WHERE name = ?', name)
    else this.#run('INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)', name, JSON.stringify(value))
  }

  /** The newest issue time of any command taken up: the server's clock cannot be behind it. */
  lastIssuedAtMs(): number {
    const read = () => this.#get('SELECT coalesce(max(issuedAtMs), 0) AS atMs FROM commands') as { atMs: number }
    return (this.#known.lastIssuedAtMs ??= read().atMs)
  }

  isKnownSession(sessionId: Id): boolean {
    return this.#get('SELECT 1 FROM sessions WHERE sessionId = ?', sessionId) !== undefined
  }

  /** The highest counter of a buyer's passes that is used up or revoked here; -1 when none is. */
  lastPassCounter(buyerId: Id): number {
    const query = 'SELECT coalesce(max(counter), -1) AS counter FROM passUses WHERE buyerId = ?'
    return (this.#get(query, buyerId) as { counter: number }).counter
  }

  isPassRevoked(passId: Id): boolean {
    return this.#get('SELECT 1 FROM passUses WHERE passId = ? AND isRevoked = 1', passId) !== undefined
  }

  /** Uses that the server has not acknowledged: how many, and the sum of their caps in fen. */
  openPassUses(): { sessions: number; capFen: number } {
    const query = 'SELECT count(*) AS sessions, coalesce(sum(capFen), 0) AS capFen FROM passUses WHERE seq > ?'
    return this.#get(query, this.#position.ackedSeq) as { sessions: number; capFen: number }
  }

  /** A command taken up before: its reply, or null while it is being carried out. Undefined when it is new. */
  findCommand(commandId: Id): { reply: Reply | null } | undefined {
    const row = this.#get('SELECT reply FROM commands WHERE commandId = ?', commandId) as
      | { reply: string | null }
      | undefined
    if (row === undefined) return undefined
    return { reply: row.reply === null ? null : (JSON.parse(row.reply) as Reply) }
  }

  /** Commands taken up and not answered yet. */
  unansweredCommandIds(): readonly Id[] {
    const rows = this.#all('SELECT commandId FROM commands WHERE reply IS NULL') as Array<{ commandId: string }>
    return rows.map((row) => row.commandId)
  }

  /** Replies the broker has not confirmed. */
  undeliveredReplies(): readonly Reply[] {
    return (this.#known.undelivered ??= this.#readUndelivered())
  }

  #readUndelivered(): readonly Reply[] {
    const rows = this.#all(
      'SELECT reply FROM commands WHERE isDelivered = 0 AND reply IS NOT NULL ORDER BY commandId',
    ) as Array<{ reply: string }>
    return rows.map((row) => JSON.parse(row.reply) as Reply).filter(({ commandId }) => !this.#delivered.has(commandId))
  }

  /** The broker has this reply; it is on the disk with the next commit. */
  markDelivered(commandId: Id): void {
    this.#delivered.add(commandId)
    delete this.#known.undelivered
  }

  lanes(): ReadonlyMap<string, LaneRecord> {
    return (this.#known.lanes ??= this.#readLanes())
  }

  #readLanes(): ReadonlyMap<string, LaneRecord> {
    const rows = this.#all('SELECT laneId, record FROM lanes ORDER BY laneId') as Array<{
      laneId: string
      record: string
    }>
    return new Map(rows.map((row) => [row.laneId, JSON.parse(row.record) as LaneRecord]))
  }

  dryingRates(): ReadonlyMap<Id, DryingRate> {
    const rows = this.#all('SELECT skuId, rate FROM dryingRates') as Array<{ skuId: Id; rate: string }>
    return new Map(rows.map((row) => [row.skuId, JSON.parse(row.rate) as DryingRate]))
  }

  alarms(): readonly string[] {
    const read = () => this.#all('SELECT alarm FROM alarms ORDER BY alarm') as Array<{ alarm: string }>
    return (this.#known.alarms ??= read().map((row) => row.alarm))
  }

  setting(name: string): unknown {
    const row = this.#get('SELECT value FROM settings WHERE name = ?', name) as { value: string } | undefined
    return row === undefined ? undefined : JSON.parse(row.value)
  }

  /** Entries after `seq` in order, at most `limit`. */
  entriesAfter(seq: number, limit: number): readonly JournalEntry[] {
    // What is held has no gaps. By the last one and not by LIMIT: at each number bound there SQLite plans the statement anew.
    const from = Math.max(seq, this.#position.oldestSeq - 1)
    const rows = this.#all(
      'SELECT * FROM entries WHERE seq > ? AND seq <= ? ORDER BY seq',
      from,
      from + limit,
    ) as EntryRow[]
    return rows.map(toEntry)
  }

  /** The server has committed everything up to here: only now may entries leave. It is on the disk with the next commit. */
  acknowledge(throughSeq: number): void {
    const { ackedSeq, lastSeq, oldestSeq } = this.#position
    const newAcked = Math.min(throughSeq, lastSeq)
    if (newAcked <= ackedSeq) return
    this.#position = { lastSeq, ackedSeq: newAcked, oldestSeq: Math.max(oldestSeq, newAcked - this.#keptEntries + 1) }
    this.#isAckWaiting = true
  }

  /**
   * Moves what is not acknowledged behind a position the server holds and this journal never had: the file was lost
   * or replaced by an older one, and numbers used twice would make the server drop news as duplicates.
   */
  renumberBehind(serverSeq: number): void {
    if (serverSeq > this.#position.lastSeq) this.#renumber(this.#position.ackedSeq, serverSeq)
  }

  /**
   * Lets all that is kept follow on a position that lies before it: the server was put back further than this journal reaches. The
   * chain begins anew there, by which the server sees that entries are missing.
   */
  followOn(serverSeq: number): void {
    if (serverSeq < this.#position.oldestSeq - 1) this.#renumber(this.#position.oldestSeq - 1, serverSeq)
  }

  /** Makes the entries after `fromSeq` those after `serverSeq`, not acknowledged, in a new chain. */
  #renumber(fromSeq: number, serverSeq: number): void {
    this.#transact(() => {
      const moved = this.entriesAfter(fromSeq, Number.MAX_SAFE_INTEGER)
      // Each moves by as much, so what was open stays open.
      this.#run('UPDATE passUses SET seq = seq + ? WHERE seq > ?', serverSeq - fromSeq, fromSeq)
      this.#run('DELETE FROM entries')
      this.#run('UPDATE chain SET lastSeq = ?, lastHash = ?, ackedSeq = ?', serverSeq, genesisHash, serverSeq)
      this.#lastHash = genesisHash
      this.#position = { lastSeq: serverSeq, ackedSeq: serverSeq, oldestSeq: serverSeq + 1 }
      for (const { atMs, type, body } of moved) this.#append(atMs, type, body)
      this.#saveChain()
    })
  }

  close(): void {
    this.#db.close()
  }

  #verifyChain(file: string): void {
    // One by one: what gathered in months without a network may be more than a small computer's memory.
    const query = 'SELECT * FROM entries WHERE seq > ? ORDER BY seq'
    const rows = this.#prepare(query).iterate(this.#position.ackedSeq) as IterableIterator<EntryRow>
    let previous: JournalEntry | undefined
    for (const row of rows) {
      const entry = toEntry(row)
      const isChained = previous === undefined || (entry.prevHash === previous.hash && entry.seq === previous.seq + 1)
      if (!isChained || hashEntry(entry) !== entry.hash) {
        throw new JournalError('journal.corrupt', `${file} is damaged: entry ${entry.seq} does not fit its hash`)
      }
      previous = entry
    }
    if (previous !== undefined && previous.seq !== this.#position.lastSeq) {
      throw new JournalError(
        'journal.corrupt',
        `${file} is damaged: it ends at ${previous.seq}, not ${this.#position.lastSeq}`,
      )
    }
  }

  #prepare(sql: string): BetterSqlite3.Statement {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#db.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  #run(sql: string, ...values: unknown[]): number {
    return this.#prepare(sql).run(...values).changes
  }

  #get(sql: string, ...values: unknown[]): unknown {
    return this.#prepare(sql).get(...values)
  }

  #all(sql: string, ...values: unknown[]): unknown[] {
    return this.#prepare(sql).all(...values)
  }
}

function toEntry(row: EntryRow): JournalEntry {
  return { ...row, body: JSON.parse(row.body) as Record<string, unknown> }
}

function openError(error: unknown, file: string): Error {
  if (error instanceof JournalError) return error
  if (isDiskFull(error)) return new DiskFullError(`${file}: the disk is full`, { cause: error })
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const message = error instanceof Error ? error.message : String(error)
  if (code === 'SQLITE_NOTADB' || code === 'SQLITE_CORRUPT') {
    return new JournalError(
      'journal.corrupt',
      `${file} is damaged (${message}). Keep it for the operator, move it away and start again: unsent sales in it are not lost to a person.`,
      { cause: error },
    )
  }
  if (code === 'SQLITE_BUSY' || code === 'SQLITE_LOCKED') {
    return new JournalError('journal.locked', `${file} is in use: another agent runs on it`, { cause: error })
  }
  return new JournalError('journal.unreadable', `${file} cannot be opened: ${message}`, { cause: error })
}
