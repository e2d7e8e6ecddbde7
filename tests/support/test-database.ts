// A fresh, empty, migrated database for one test, on either dialect:
//
//   describe.each(dialects)('wallets on %s', (dialect) => {
//     it('…', async () => {
//       await using database = await openTestDatabase(dialect)
//       await database.run((ctx) => …)
//     })
//   })
//
// SQLite lives in a temporary file copied from a migrated one; PostgreSQL in a database copied from a template.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { inject } from 'vitest'
import { seededRandom } from '#shared/ids/random.ts'
import type { Random } from '#shared/ids/random.ts'
import type { Clock } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import type { Database } from '#server/db/database.ts'
import type { Dialect } from '#server/db/kit.ts'
import { openDatabase } from '#server/db/open-database.ts'

/** Both dialects; every server test that touches the database runs on each. */
export const dialects: readonly Dialect[] = ['sqlite', 'postgres']

export interface TestDatabaseOptions {
  /** Default: the machine's clock. Give a test clock where time matters. */
  readonly clock?: Clock
  /** Default: seeded with 1. */
  readonly random?: Random
  readonly maxGroupSize?: number
}

/** A URL that more than one Database may be opened on; disposing removes the database. */
export interface TestDatabasePlace extends AsyncDisposable {
  readonly url: string
}

function askDesk(request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let reply = ''
    const socket = connect(inject('postgresDeskPort'), '127.0.0.1', () => socket.write(`${request}\n`))
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => (reply += chunk))
    socket.on('error', reject)
    socket.on('end', () => (reply.startsWith('ok ') ? resolve(reply.slice(3)) : reject(new Error(reply))))
  })
}

const makeFolder = () => mkdtempSync(join(inject('scratchFolder'), 'sqlite-'))

let template: string | undefined

/** Path of a migrated SQLite file of this worker, made at first use. */
async function sqliteTemplate(): Promise<string> {
  if (template !== undefined) return template
  const path = join(makeFolder(), 'template.db')
  const database = await openDatabase({ url: `sqlite:${path}`, clock: systemClock, random: seededRandom(1) })
  // Closing checkpoints the log, so that the file alone is the whole database.
  await database.close()
  template = path
  return path
}

/** Makes a place for a database: migrated, or with `isBare` without any tables. */
export async function makeDatabasePlace(dialect: Dialect, { isBare = false } = {}): Promise<TestDatabasePlace> {
  if (dialect === 'postgres') {
    const url = await askDesk(isBare ? 'bare' : 'create')
    const name = /\/(test_\d+)\?/.exec(url)?.[1] ?? ''
    return { url, [Symbol.asyncDispose]: async () => void (await askDesk(`drop ${name}`)) }
  }
  const folder = makeFolder()
  const path = join(folder, 'test.db')
  if (!isBare) copyFileSync(await sqliteTemplate(), path)
  return { url: `sqlite:${path}`, [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true, force: true }) }
}

export async function openTestDatabase(dialect: Dialect, options: TestDatabaseOptions = {}): Promise<Database> {
  const place = await makeDatabasePlace(dialect)
  const { clock = systemClock, random = seededRandom(1), ...rest } = options
  const database = await openDatabase({ url: place.url, clock, random, ...rest })
  const close = async () => {
    await database.close()
    await place[Symbol.asyncDispose]()
  }
  return {
    dialect,
    counters: database.counters,
    run: (work) => database.run(work),
    read: (work) => database.read(work),
    close,
    [Symbol.asyncDispose]: close,
  }
}
