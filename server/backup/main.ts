// `npm run --silent backup -- create|verify|restore`: copies of the SQLite database that HUINONG_DATABASE_URL names, while a
// server works on it.
import { parseArgs } from 'node:util'
import { systemRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { makeProgressBar } from '../batch/show-progress.ts'
import { ConfigError, readServerConfig } from '../config/server-config.ts'
import { BackupError } from './backup-error.ts'
import { createBackup } from './create-backup.ts'
import { restoreBackup } from './restore-backup.ts'
import { verifyBackup } from './verify-backup.ts'

const usage = `usage: backup create FILE
       backup verify FILE
       backup restore FILE [--replace]

create   copies the database as it stands at this instant to FILE, with its SHA-256 in FILE.json; a server may go on selling
verify   proves FILE: its bytes, SQLite's pages and references, and the books
restore  verifies FILE and puts it in the database's place; --replace moves an existing one aside. Stop the server first

The database is the one that HUINONG_DATABASE_URL names (default sqlite:./data/huinong.db). The keys of the data folder are
not in the backup: keep them elsewhere, without them the sealed numbers cannot be read.
Exit codes: 0 done · 1 refused, nothing changed · 2 not understood.`

/** A call that the usage does not allow. */
class UsageError extends Error {}

function databasePath(): string {
  const { databaseUrl } = readServerConfig(process.env)
  if (!databaseUrl.startsWith('sqlite:'))
    throw new BackupError('Only SQLite is backed up by this command; PostgreSQL has pg_dump and pg_basebackup.')
  return databaseUrl.slice('sqlite:'.length)
}

function bar(name: string) {
  const output = { isTerminal: process.stderr.isTTY, write: (text: string) => void process.stderr.write(text) }
  return makeProgressBar(name, output, systemClock)
}

const tools = { clock: systemClock, random: systemRandom }

const verbs: Readonly<Record<string, (file: string, mayReplace: boolean) => Promise<string>>> = {
  async create(file) {
    const { show, end } = bar('backup')
    try {
      const { bytes, sha256 } = await createBackup(databasePath(), file, { ...tools, onProgress: show })
      return `${file}: ${bytes} bytes, SHA-256 ${sha256}`
    } finally {
      end()
    }
  },
  async verify(file) {
    const { show, end } = bar('verify')
    try {
      const { manifest, checkedTransfers } = await verifyBackup(file, { ...tools, onProgress: show })
      const takenAt = new Date(manifest.takenAtMs).toISOString()
      return `${file} is sound: taken ${takenAt}, ${manifest.bytes} bytes, ${checkedTransfers} transfers proven`
    } finally {
      end()
    }
  },
  async restore(file, mayReplace) {
    const { show, end } = bar('restore')
    try {
      const target = databasePath()
      const { checkedTransfers, movedAsideTo } = await restoreBackup(file, target, {
        ...tools,
        mayReplace,
        onProgress: show,
      })
      const aside = movedAsideTo === undefined ? '' : `; what was there is now ${movedAsideTo}`
      return `${target} is restored, ${checkedTransfers} transfers proven${aside}`
    } finally {
      end()
    }
  },
}

function parseCall() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { replace: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
    })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

async function main(): Promise<number> {
  try {
    const { values, positionals } = parseCall()
    if (values.help) {
      console.log(usage)
      return 0
    }
    const [name = '', file, ...rest] = positionals
    const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined
    if (verb === undefined) throw new UsageError(name === '' ? 'Create, verify or restore?' : `There is no ${name}.`)
    if (file === undefined || rest.length > 0) throw new UsageError(`${name} wants one FILE.`)
    console.log(await verb(file, values.replace))
    return 0
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`${error.message}\n\n${usage}`)
      return 2
    }
    const isKnown = error instanceof BackupError || error instanceof ConfigError
    console.error(isKnown ? error.message : error)
    return 1
  }
}

process.exitCode = await main()
