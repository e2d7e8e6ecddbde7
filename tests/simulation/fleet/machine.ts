// One computer of the simulation: a disk that survives, and a process that may end at any call it makes. Every way out of the
// process (a write, a message, the lock's coil) goes through `Life.touch`, where a planned crash strikes.
import { copyFileSync, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import BetterSqlite3 from 'better-sqlite3'
import { nextBelow, nextUnit, type Random } from '#shared/ids/random.ts'
import { MachineClock, type Scheduler } from './scheduler.ts'

/** What a process that has just died throws at whoever called; nobody is left to catch it. */
export class ProcessDied extends Error {
  override readonly name = 'ProcessDied'
}

/** Lets a test's planted bug change or leave out a statement: return false and it is not run. */
export type StatementFilter = (sql: string, values: readonly unknown[]) => boolean

export interface MachineOptions {
  readonly name: string
  readonly scheduler: Scheduler
  readonly random: Random
  /** Wall-clock time at the simulation's beginning, epoch ms. */
  readonly epochMs: number
  readonly onDeath: (why: string) => void
  readonly filter?: StatementFilter | undefined
  /** A planted bug: what the log holds was never synced, and a power cut takes it. */
  readonly isLogUnsynced?: boolean | undefined
}

/** What SQLite says when the device underneath fails. */
export class DiskFault extends Error {
  readonly code: 'SQLITE_IOERR_WRITE' | 'SQLITE_FULL'
  readonly machine: Machine

  constructor(code: DiskFault['code'], machine: Machine) {
    super(code === 'SQLITE_FULL' ? 'database or disk is full' : 'disk I/O error')
    this.code = code
    this.machine = machine
  }
}

/** Whether a process died under a request, however its last word was wrapped on its way. */
export function isDeath(error: unknown): boolean {
  for (let link = error; link instanceof Error; link = link.cause)
    if (link instanceof ProcessDied || /database connection is not open/.test(link.message)) return true
  return false
}

/** Whose disk failed; undefined when none did. */
export function findFailedDisk(error: unknown): Machine | undefined {
  for (let link = error; link instanceof Error; link = link.cause) if (link instanceof DiskFault) return link.machine
  return undefined
}

export class Machine {
  readonly name: string
  readonly scheduler: Scheduler
  /** How far the wall clock is off. */
  skewMs = 0
  isDiskFull = false
  /** Writes that fail from now on, one after the other. */
  failingWrites = 0
  life: Life | undefined
  readonly #options: MachineOptions

  constructor(options: MachineOptions) {
    this.#options = options
    this.name = options.name
    this.scheduler = options.scheduler
  }

  get isRunning(): boolean {
    return this.life !== undefined
  }

  boot(): Life {
    if (this.life !== undefined) throw new Error(`${this.name} runs already`)
    this.life = new Life(this, this.#options)
    return this.life
  }

  /** Ends the process where it stands. With the power gone the page cache goes too: torn frames are left behind. */
  crash(why: string, isPowerCut = false): void {
    const { life } = this
    if (life === undefined) return
    this.life = undefined
    life.end(isPowerCut)
    this.#options.onDeath(why)
  }
}

export class Life {
  readonly clock: MachineClock
  isOver = false
  /** Calls out of the process until the planned crash; undefined when none is planned. */
  callsLeft: number | undefined
  readonly #machine: Machine
  readonly #options: MachineOptions
  readonly #cleanUps: Array<() => void> = []
  readonly #files = new Map<string, BetterSqlite3.Database[]>()

  constructor(machine: Machine, options: MachineOptions) {
    this.#machine = machine
    this.#options = options
    this.clock = new MachineClock(
      options.scheduler,
      () => options.epochMs + machine.skewMs,
      () => !this.isOver,
    )
  }

  /** Runs when the process is gone, however it went: what the kernel does for it, such as closing its sockets. */
  onEnd(cleanUp: () => void): void {
    this.#cleanUps.push(cleanUp)
  }

  /** Must be called on the way out of the process: here a planned crash strikes. */
  touch(what: string): void {
    if (this.isOver) throw new ProcessDied(`${this.#options.name} is dead`)
    if (this.callsLeft === undefined) return
    this.callsLeft -= 1
    if (this.callsLeft > 0) return
    this.#machine.crash(`crash at ${what}`, true)
    throw new ProcessDied(`${this.#options.name} died at ${what}`)
  }

  /** The same before a write to a file, which fails when the disk does. */
  touchDisk(what: string): void {
    this.touch(what)
    this.#fail()
  }

  openFile = (path: string, settings: { timeout: number; readonly?: boolean }): BetterSqlite3.Database => {
    const db = new BetterSqlite3(path, settings)
    this.#files.set(path, [...(this.#files.get(path) ?? []), db])
    // Nothing leaves the process by it.
    if (settings.readonly === true) return db
    const prepare = db.prepare.bind(db)
    const wrapped = (sql: string) => this.#guard(prepare(sql), sql)
    db.prepare = wrapped as typeof db.prepare
    const transaction = db.transaction.bind(db)
    const guarded = (work: () => unknown) => this.#guardTransaction(transaction, work)
    db.transaction = guarded as typeof db.transaction
    return db
  }

  #guard(statement: BetterSqlite3.Statement, sql: string): BetterSqlite3.Statement {
    if (statement.reader) return statement.readonly ? statement : this.#guardReturning(statement, sql)
    const run = statement.run.bind(statement)
    const isCommit = sql === 'COMMIT'
    const isWrite = isWriting(sql)
    const { filter } = this.#options
    const nothing = { changes: 1, lastInsertRowid: 0 }
    statement.run = (...values: unknown[]) => {
      this.touch(isCommit ? 'commit' : 'write')
      if (isWrite) this.#fail()
      if (filter !== undefined && !filter(sql, values)) return nothing
      const result = run(...values)
      // It is on the disk and nobody knows it yet.
      if (isCommit) this.touch('committed')
      return result
    }
    return statement
  }

  /** The driver commits by a statement of its own: the end of its work is where that may fail. */
  #guardTransaction(transaction: BetterSqlite3.Database['transaction'], work: () => unknown): () => unknown {
    const run = transaction(() => {
      const result = work()
      this.touch('commit')
      this.#fail()
      return result
    })
    const committed = (commit: () => unknown) => () => {
      const result = commit()
      // It is on the disk and nobody knows it yet.
      this.touch('committed')
      return result
    }
    return Object.assign(committed(run), { immediate: committed(() => run.immediate()) })
  }

  /** A write that gives rows back. */
  #guardReturning(statement: BetterSqlite3.Statement, sql: string): BetterSqlite3.Statement {
    const all = statement.all.bind(statement)
    const isWrite = isWriting(sql)
    statement.all = (...values: unknown[]) => {
      this.touch('write')
      if (isWrite) this.#fail()
      return all(...values)
    }
    return statement
  }

  #fail(): void {
    const machine = this.#machine
    if (!machine.isDiskFull && machine.failingWrites === 0) return
    if (machine.isDiskFull) throw new DiskFault('SQLITE_FULL', machine)
    machine.failingWrites -= 1
    throw new DiskFault('SQLITE_IOERR_WRITE', machine)
  }

  /** What is on the disk stays there, nothing else does. */
  end(isPowerCut: boolean): void {
    this.isOver = true
    for (const cleanUp of this.#cleanUps) cleanUp()
    for (const [path, handles] of this.#files) {
      closeAsItIs(path, handles)
      rmSync(`${path}-shm`, { force: true })
      const log = `${path}-wal`
      if (!isPowerCut || !existsSync(log)) continue
      if (this.#options.isLogUnsynced === true) rmSync(log)
      else tearTail(log, this.#options.random)
    }
  }
}

const isWriting = (sql: string) => /^\s*(insert|update|delete|COMMIT)/i.test(sql)

/** Whoever closes a file last puts the log into it; a process that is gone does not. */
function closeAsItIs(path: string, handles: readonly BetterSqlite3.Database[]): void {
  const reader = handles.find(({ readonly }) => readonly)
  if (reader !== undefined) {
    // While it reads, no writer is the last one; and it may not write itself.
    if (!reader.inTransaction) reader.exec('BEGIN')
    reader.prepare('SELECT 1 FROM sqlite_schema').get()
    for (const handle of handles) if (handle !== reader) handle.close()
    reader.close()
    return
  }
  const files = [path, `${path}-wal`].filter((file) => existsSync(file))
  for (const file of files) copyFileSync(file, `${file}.kept`)
  for (const handle of handles) handle.close()
  for (const file of files) renameSync(`${file}.kept`, file)
}

/** Frames that were on their way and never synced: half of one, garbage, or zeros behind the last good frame. */
function tearTail(file: string, random: Random): void {
  const draw = nextUnit(random)
  if (draw < 0.4) return
  const length = 1 + nextBelow(random, 6_000)
  const tail = Buffer.alloc(length)
  if (draw < 0.8) for (let at = 0; at < length; at += 4) tail.writeUInt8(nextBelow(random, 256), at)
  writeFileSync(file, tail, { flag: 'a' })
}
