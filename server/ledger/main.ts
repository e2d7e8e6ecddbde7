// `npm run --silent ledger -- export --format hledger|beancount`: prints the books of the database that HUINONG_DATABASE_URL
// names, for an independent auditor's program. `-- check` proves the books from within.
import { existsSync, writeSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { systemRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { checkAttribution } from '../attribution/check-attribution.ts'
import type { Database } from '../db/database.ts'
import { openDatabase } from '../db/open-database.ts'
import { checkLedger } from './check-ledger.ts'
import { exportJournal } from './export-journal.ts'
import { journalFormats } from './journal-formats.ts'

const usage = `usage: ledger export --format hledger|beancount
       ledger check

Reads the database named by HUINONG_DATABASE_URL (default sqlite:./data/huinong.db).`

/** Characters gathered before they are written. */
const flushLength = 65_536

async function open(): Promise<Database> {
  const url = process.env['HUINONG_DATABASE_URL'] ?? 'sqlite:./data/huinong.db'
  // Opening would make an empty one, whose books are always in order.
  if (url.startsWith('sqlite:') && !existsSync(url.slice('sqlite:'.length)))
    throw new Error(`there is no database ${url}`)
  return openDatabase({ url, clock: systemClock, random: systemRandom })
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { format: { type: 'string', default: 'hledger' }, help: { type: 'boolean', default: false } },
  })
  const [verb] = positionals
  if (values.help || (verb !== 'export' && verb !== 'check')) {
    console.log(usage)
    return values.help ? 0 : 2
  }
  if (verb === 'check') {
    await using database = await open()
    const ledger = await database.read(checkLedger)
    const problems = [...ledger.problems, ...(await database.read(checkAttribution))]
    console.log(JSON.stringify({ isSound: problems.length === 0, checkedTransfers: ledger.checkedTransfers, problems }))
    return problems.length === 0 ? 0 : 1
  }
  const format = Object.entries(journalFormats).find(([name]) => name === values.format)?.[1]
  if (format === undefined) {
    console.error(`unknown format ${values.format}\n${usage}`)
    return 2
  }
  await using database = await open()
  let pending = ''
  const flush = () => {
    writeSync(1, pending)
    pending = ''
  }
  const write = (text: string) => {
    pending += text
    if (pending.length > flushLength) flush()
  }
  await database.read((ctx) => exportJournal(ctx, format, write))
  flush()
  return 0
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
