// `npm run --silent ledger -- export --format hledger|beancount`: prints the books of the database that HUINONG_DATABASE_URL
// names, for an independent auditor's program. `-- check` proves the books from within, `-- statement` prints one account.
import { existsSync, writeSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { systemRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { formatYuan } from '#shared/units/fen.ts'
import type { Database } from '../db/database.ts'
import { openDatabase } from '../db/open-database.ts'
import type { AccountId } from './account-kinds.ts'
import { runProofs } from './check-books.ts'
import { spanOfDay } from './district-day.ts'
import { exportJournal } from './export-journal.ts'
import { journalFormats } from './journal-formats.ts'
import { printStatement } from './print-statement.ts'
import { showBalance } from './show-statement.ts'

const usage = `usage: ledger export --format hledger|beancount
       ledger check
       ledger balance --account ID [--through DAY]
       ledger statement --account ID [--from DAY] [--through DAY]

An account id looks like household:5001121422010001; a DAY like 2026-11-27 is the district's (UTC+8), both ends included.
Reads the database named by HUINONG_DATABASE_URL (default sqlite:./data/huinong.db).`

/** A call that the usage does not allow. */
class UsageError extends Error {}

const options = {
  format: { type: 'string', default: 'hledger' },
  account: { type: 'string' },
  from: { type: 'string' },
  through: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const

interface Values {
  readonly format: string
  readonly account?: string | undefined
  readonly from?: string | undefined
  readonly through?: string | undefined
}

/** Characters gathered before they are written. */
const flushLength = 65_536

async function open(): Promise<Database> {
  const url = process.env['HUINONG_DATABASE_URL'] ?? 'sqlite:./data/huinong.db'
  // Opening would make an empty one, whose books are always in order.
  if (url.startsWith('sqlite:') && !existsSync(url.slice('sqlite:'.length)))
    throw new Error(`there is no database ${url}`)
  return openDatabase({ url, clock: systemClock, random: systemRandom })
}

/** Gathers pieces of text into few writes to stdout. */
function gather(): { readonly write: (text: string) => void; readonly flush: () => void } {
  let pending = ''
  const flush = () => {
    writeSync(1, pending)
    pending = ''
  }
  return {
    flush,
    write(text) {
      pending += text
      if (pending.length > flushLength) flush()
    },
  }
}

function spanOf({ from, through }: Values): { fromMs?: number; throughMs?: number } {
  const span = (day: string) => {
    const found = spanOfDay(day)
    if (found === undefined) throw new UsageError(`not a day: ${day}`)
    return found
  }
  return {
    ...(from === undefined ? {} : { fromMs: span(from).firstMs }),
    ...(through === undefined ? {} : { throughMs: span(through).lastMs }),
  }
}

function accountOf({ account }: Values): AccountId {
  if (account === undefined) throw new UsageError('--account is missing')
  return account as AccountId
}

const verbs: Readonly<Record<string, (values: Values) => Promise<number>>> = {
  async export(values) {
    const format = Object.entries(journalFormats).find(([name]) => name === values.format)?.[1]
    if (format === undefined) throw new UsageError(`unknown format ${values.format}`)
    await using database = await open()
    const out = gather()
    await database.read((ctx) => exportJournal(ctx, format, out.write))
    out.flush()
    return 0
  },
  async check() {
    await using database = await open()
    const proofs = await runProofs(database, undefined)
    const problems = proofs.flatMap((proof) => proof.problems)
    const checked = Object.fromEntries(proofs.map((proof) => [proof.name, proof.checked]))
    const isSound = problems.length === 0
    console.log(JSON.stringify({ isSound, checkedTransfers: proofs[0]?.checked ?? 0, checked, problems }))
    return isSound ? 0 : 1
  },
  async balance(values) {
    const accountId = accountOf(values)
    const { throughMs } = spanOf(values)
    await using database = await open()
    const { balanceFen } = await database.read((ctx) => showBalance(ctx, accountId, throughMs))
    console.log(formatYuan(balanceFen))
    return 0
  },
  async statement(values) {
    const accountId = accountOf(values)
    const span = spanOf(values)
    await using database = await open()
    const out = gather()
    await printStatement(database, accountId, span, out.write)
    out.flush()
    return 0
  },
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options })
  const verb = Object.hasOwn(verbs, positionals[0] ?? '') ? verbs[positionals[0] ?? ''] : undefined
  if (values.help || verb === undefined) {
    console.log(usage)
    return values.help ? 0 : 2
  }
  try {
    return await verb(values)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(`${error.message}\n${usage}`)
    return 2
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
