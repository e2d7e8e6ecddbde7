// A PostgreSQL server of the tests' own, on a unix socket in a temporary folder.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { seededRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { ClusterFiles } from './cluster-files.ts'
import { makeScratchFolder } from './scratch-folder.ts'

const template = 'huinong_template'
const startTimeoutMs = 60_000
// Test data may be lost with the machine; nothing waits for the disk.
const hastyFlags = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'wal_level=minimal',
  'max_wal_senders=0',
  'autovacuum=off',
]

export class EmbeddedCluster {
  readonly #files: ClusterFiles
  readonly #server: ChildProcess
  readonly #admin: pg.Pool
  #made = 0

  private constructor(files: ClusterFiles, server: ChildProcess) {
    this.#files = files
    this.#server = server
    this.#admin = new pg.Pool({ connectionString: files.urlOf('postgres'), max: 4 })
    this.#admin.on('error', () => {})
  }

  /** With `isDurable` commits reach the disk before they are answered, as in production; for measuring. */
  static async start({ isDurable = false } = {}): Promise<EmbeddedCluster> {
    const folder = isDurable ? mkdtempSync(join(tmpdir(), 'huinong-pg-')) : makeScratchFolder('huinong-pg-')
    const files = await ClusterFiles.make(folder, isDurable ? [] : hastyFlags)
    const [program, ...args] = files.command
    const server = spawn(program, args, { ...files.spawnOptions, stdio: ['ignore', 'ignore', 'pipe'] })
    await isReady(server)
    const cluster = new EmbeddedCluster(files, server)
    await cluster.#makeTemplate()
    return cluster
  }

  async #makeTemplate(): Promise<void> {
    await this.#admin.query(`CREATE DATABASE ${template} TEMPLATE template0`)
    const url = this.#files.urlOf(template)
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
    // Where nothing waits for the disk, a copy of the files takes a quarter of the time that the default, by way of the log, does.
    await this.#admin.query(`CREATE DATABASE ${name} TEMPLATE ${from} STRATEGY FILE_COPY`)
    return this.#files.urlOf(name)
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
    this.#files.remove()
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
