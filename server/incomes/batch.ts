// `npm run batch -- import-incomes …`: an income file from the command line, by the same rules as over HTTP.
import { importIncomes as importRoute, previewIncomes as previewRoute } from '#shared/contracts/http/incomes.ts'
import { districtDateOf } from '#shared/time/district-time.ts'
import { formatYuan, parseYuan } from '#shared/units/fen.ts'
import { readInputFile, requirePerson } from '../batch/input-file.ts'
import type { BatchArguments, BatchJob } from '../batch/job.ts'
import { InvalidRequestError } from '../http/problem.ts'
import { importIncomes, planImport } from './import-incomes.ts'
import type { IncomeFile } from './import-incomes.ts'
import { maxIncomeFileBytes, readIncomes } from './read-incomes.ts'
import { refuseRows } from '../tabular/refuse-rows.ts'
import { importKinds, payers } from './rules.ts'

const textOf = (args: BatchArguments, name: string) => (typeof args[name] === 'string' ? args[name] : '')

/** What the request says beside the file, by the same contract. */
function readFacts(args: BatchArguments) {
  const totalFen = args['total'] === undefined ? undefined : parseYuan(textOf(args, 'total'))
  if (args['total'] !== undefined && totalFen === undefined)
    throw new InvalidRequestError([{ field: 'total', message: 'is no amount in yuan' }])
  const { kind, payer, organisation: organisationId, title, document: documentNumber } = args
  const facts = importRoute.query.safeParse({ kind, payer, organisationId, title, documentNumber, totalFen })
  if (!facts.success) throw InvalidRequestError.of('options', facts.error)
  return facts.data
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
    const { totalFen, ...facts } = readFacts(args)
    const { bytes, sha256 } = await readInputFile(textOf(args, 'file'), maxIncomeFileBytes)
    progress(0, 2)
    const read = await readIncomes(bytes, facts.kind, { today: districtDateOf(clock.now()), totalFen })
    refuseRows(read.errors)
    const file: Omit<IncomeFile, 'byAccountId'> = { ...facts, sha256, incomes: read.incomes }
    progress(1, 2)
    const counted = `${read.incomes.length} rows, ${formatYuan(read.totalFen)} yuan`
    if (args['dry-run'] === true) {
      const plan = await database.read(function* (ctx) {
        const byAccountId = yield* requirePerson(ctx, textOf(args, 'by'), previewRoute)
        return yield* planImport(ctx, { ...file, byAccountId }, 'preview')
      })
      if (plan.earlier !== undefined) return [`imported already as ${plan.earlier.importId}`]
      return [
        `would enter ${counted}`,
        ...plan.transfers.map((it) => `${it.debit} → ${it.credit} ${formatYuan(it.amountFen)}`),
      ]
    }
    const { row, isNew } = await database.run(function* (ctx) {
      const byAccountId = yield* requirePerson(ctx, textOf(args, 'by'), importRoute)
      return yield* importIncomes(ctx, { ...file, byAccountId })
    })
    progress(2, 2)
    return [isNew ? `imported ${counted} as ${row.importId}` : `imported already as ${row.importId}`]
  },
}

export const incomeJobs: readonly BatchJob[] = [importIncomesJob]
