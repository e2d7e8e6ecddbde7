// `npm run batch -- import-incomes …`: an income file from the command line, by the same rules as over HTTP.
import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { and, eq, inArray } from 'drizzle-orm'
import { districtDateOf } from '#shared/time/district-time.ts'
import { formatYuan, parseYuan } from '#shared/units/fen.ts'
import type { BatchArguments, BatchJob } from '../batch/job.ts'
import { one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { InvalidRequestError } from '../http/problem.ts'
import { importIncomes, planImport } from './import-incomes.ts'
import type { IncomeFile } from './import-incomes.ts'
import { maxIncomeFileBytes, readIncomes } from './read-incomes.ts'
import { refuseRows } from '../tabular/refuse-rows.ts'
import { importKinds, payers } from './rules.ts'

function wordOf<T extends string>(args: BatchArguments, name: string, words: readonly T[]): T {
  const found = words.find((word) => word === args[name])
  if (found !== undefined) return found
  throw new InvalidRequestError([{ field: name, message: `is one of ${words.join(', ')}` }])
}

const textOf = (args: BatchArguments, name: string) => (typeof args[name] === 'string' ? args[name] : '')

/** The account of who runs it: finance or admin, by login. */
function* requireClerk(ctx: UnitContext, login: string): Unit<string> {
  const { accounts: a, accountRoles: r } = ctx.tables
  const found = yield* one(
    ctx.db
      .select({ accountId: a.accountId })
      .from(a)
      .innerJoin(r, eq(r.accountId, a.accountId))
      .where(and(eq(a.login, login.toLowerCase()), eq(a.isActive, true), inArray(r.role, ['finance', 'admin']))),
  )
  if (found === undefined) throw new RefusalError('identity.role_missing', `${login} is not of finance`)
  return found.accountId
}

async function readBytes(path: string): Promise<Uint8Array> {
  const { size } = await stat(path)
  if (size > maxIncomeFileBytes)
    throw new InvalidRequestError([{ field: 'file', message: `has ${size} bytes; ${maxIncomeFileBytes} are the most` }])
  return readFile(path)
}

const importIncomesJob: BatchJob = {
  name: 'import-incomes',
  describe: 'Imports wages, grants, operating costs or history from a CSV or XLSX file, all rows or none.',
  options: {
    file: { value: 'FILE', describe: 'path of the file', isRequired: true },
    kind: { value: 'KIND', describe: importKinds.join(', '), isRequired: true },
    payer: { value: 'WHO', describe: payers.join(', '), isRequired: true },
    organisation: { value: 'ID', describe: 'id of the organisation that pays' },
    title: { value: 'TEXT', describe: 'what it is, as the household will read it', isRequired: true },
    document: { value: 'NUMBER', describe: 'number of the paper behind it', isRequired: true },
    by: { value: 'LOGIN', describe: 'login of who imports it', isRequired: true },
    total: { value: 'YUAN', describe: 'yuan that the paper says it comes to' },
    'dry-run': { describe: 'only shows what would be entered and booked' },
  },
  async run({ database, clock }, args, progress) {
    const bytes = await readBytes(textOf(args, 'file'))
    const kind = wordOf(args, 'kind', importKinds)
    const totalFen = args['total'] === undefined ? undefined : parseYuan(textOf(args, 'total'))
    if (args['total'] !== undefined && totalFen === undefined)
      throw new InvalidRequestError([{ field: 'total', message: 'is no amount in yuan' }])
    progress(0, 2)
    const read = await readIncomes(bytes, kind, { today: districtDateOf(clock.now()), totalFen })
    refuseRows(read.errors)
    const file: Omit<IncomeFile, 'byAccountId'> = {
      kind,
      payer: wordOf(args, 'payer', payers),
      organisationId: args['organisation'] === undefined ? undefined : textOf(args, 'organisation'),
      title: textOf(args, 'title'),
      documentNumber: textOf(args, 'document'),
      sha256: createHash('sha256').update(bytes).digest('hex'),
      incomes: read.incomes,
    }
    progress(1, 2)
    const facts = `${read.incomes.length} rows, ${formatYuan(read.totalFen)} yuan`
    if (args['dry-run'] === true) {
      const plan = await database.read((ctx) => planImport(ctx, { ...file, byAccountId: '' }, 'preview'))
      if (plan.earlier !== undefined) return [`imported already as ${plan.earlier.importId}`]
      return [
        `would enter ${facts}`,
        ...plan.transfers.map((it) => `${it.debit} → ${it.credit} ${formatYuan(it.amountFen)}`),
      ]
    }
    const { row, isNew } = await database.run(function* (ctx) {
      return yield* importIncomes(ctx, { ...file, byAccountId: yield* requireClerk(ctx, textOf(args, 'by')) })
    })
    progress(2, 2)
    return [isNew ? `imported ${facts} as ${row.importId}` : `imported already as ${row.importId}`]
  },
}

export const incomeJobs: readonly BatchJob[] = [importIncomesJob]
