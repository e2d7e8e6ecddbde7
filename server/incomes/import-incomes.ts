// Imports a file of incomes, all rows or none. What the platform owes is booked from the payer's account to the household's;
// what was paid by other ways is recorded beside the ledger. The same file does nothing the second time, the same line of
// another file is refused; what was taken back may come again, with another paper or payer perhaps.
import { eq, getTableColumns, inArray } from 'drizzle-orm'
import { districtDateStartMs } from '#shared/time/district-time.ts'
import { formatYuan } from '#shared/units/fen.ts'
import { insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { findHeadErrors } from '../households/find-head-errors.ts'
import { accountIdOf, namedAccounts } from '../ledger/account-kinds.ts'
import type { AccountId } from '../ledger/account-kinds.ts'
import { balanceOf } from '../ledger/balances.ts'
import type { CauseKind } from '../ledger/causes.ts'
import { postTransfers } from '../ledger/post-transfers.ts'
import type { Transfer } from '../ledger/post-transfers.ts'
import type { RowError } from '../tabular/read-table.ts'
import { refuseRows } from '../tabular/refuse-rows.ts'
import { listMappings } from './income-mapping.ts'
import type { ReadIncome } from './read-incomes.ts'
import { kindOf, mayPay, sourceOfImport } from './rules.ts'
import type { ImportKind, Payer } from './rules.ts'

/** Values named in one statement; both dialects bind far more. */
const valuesPerStatement = 500

export interface IncomeFile {
  readonly kind: ImportKind
  readonly payer: Payer
  readonly organisationId?: string | undefined
  readonly title: string
  readonly documentNumber: string
  /** Hex, of the bytes as they came. */
  readonly sha256: string
  readonly incomes: readonly ReadIncome[]
  readonly byAccountId: string
}

export type ImportRow = UnitContext['tables']['incomeImports']['$inferSelect']
export type IncomeLineRow = UnitContext['tables']['incomeLines']['$inferSelect']

export interface PlannedImport {
  /** Set when this very file is imported already: nothing is left to do. */
  readonly earlier: ImportRow | undefined
  readonly lines: readonly IncomeLineRow[]
  readonly transfers: readonly Transfer[]
}

export const causeOfImport = { wages: 'wage-line', grants: 'grant-line' } as const satisfies Partial<
  Record<ImportKind, CauseKind>
>

/**
 * What an import would enter and book; writes nothing, so that a dry run shows exactly this. Refuses with row errors,
 * income.payer_wrong and income.payer_short.
 */
export function* planImport(ctx: UnitContext, file: IncomeFile, importId: string): Unit<PlannedImport> {
  const { incomeImports: t, incomeLineKeys: k } = ctx.tables
  const [earlier] = yield* rows(
    ctx.db
      .select(getTableColumns(t))
      .from(k)
      .innerJoin(t, eq(t.importId, k.importId))
      .where(eq(k.key, fileKeyOf(file))),
  )
  if (earlier !== undefined) return { earlier, lines: [], transfers: [] }
  const payerAccount = yield* requirePayer(ctx, file)
  refuseRows(yield* findHeadErrors(ctx, file.incomes))
  refuseRows(yield* findRepeats(ctx, file))
  const mapping = yield* listMappings(ctx)
  const source = sourceOfImport[file.kind]
  const lines = file.incomes.map((income): IncomeLineRow => {
    const atMs = districtDateStartMs(income.day)
    return {
      importId,
      row: income.row,
      lineId: `${importId}.${income.row}`,
      householdCode: income.householdCode,
      source,
      incomeKind: income.incomeKind ?? kindOf(mapping, source, atMs),
      amountFen: income.amountFen,
      borneFen: 0,
      atMs,
      detail: income.detail,
      reference: income.reference ?? null,
      isPosted: payerAccount !== undefined,
    }
  })
  const transfers = payerAccount === undefined ? [] : lines.map((line) => transferOf(line, payerAccount, file))
  yield* requireFunds(ctx, payerAccount, lines)
  return { earlier: undefined, lines, transfers }
}

/** Enters and books the import; returns it, or the earlier one of the same file. */
export function* importIncomes(ctx: UnitContext, file: IncomeFile): Unit<{ row: ImportRow; isNew: boolean }> {
  const importId = ctx.newId()
  const { earlier, lines, transfers } = yield* planImport(ctx, file, importId)
  const accountId = file.byAccountId
  if (earlier !== undefined) {
    yield* recordAudit(ctx, { accountId, action: 'income.import_repeated', subjectId: earlier.importId })
    return { row: earlier, isNew: false }
  }
  const { kind, payer, organisationId = null, title, documentNumber, sha256 } = file
  const row: ImportRow = {
    importId,
    kind,
    payer,
    organisationId,
    title,
    documentNumber,
    sha256,
    reversesImportId: null,
    rowCount: lines.length,
    totalFen: lines.reduce((sum, line) => sum + line.amountFen, 0),
    importedBy: accountId,
    importedAtMs: ctx.now(),
    reason: null,
  }
  yield* insertRows(ctx.tables.incomeImports, [row])
  yield* insertRows(ctx.tables.incomeLines, lines)
  yield* insertRows(ctx.tables.incomeLineKeys, [
    { key: fileKeyOf(file), importId, row: 0 },
    ...file.incomes.map((income) => ({ key: keyOf(file, income), importId, row: income.row })),
  ])
  yield* postTransfers(ctx, transfers)
  const detail = { kind, payer, title, documentNumber, sha256, rowCount: row.rowCount, totalFen: row.totalFen }
  yield* recordAudit(ctx, { accountId, action: 'income.imported', subjectId: importId, detail })
  return { row, isNew: true }
}

function transferOf(line: IncomeLineRow, debit: AccountId, { kind, title, documentNumber }: IncomeFile): Transfer {
  const cause = kind === 'grants' ? causeOfImport.grants : causeOfImport.wages
  return {
    debit,
    credit: accountIdOf('household', line.householdCode),
    amountFen: line.amountFen,
    cause: { kind: cause, id: line.lineId },
    leg: 'owed',
    memo: `${title}（${documentNumber}）第 ${line.row} 行${line.detail === '' ? '' : `：${line.detail}`}`,
  }
}

/** The account that pays; undefined when nobody here does. */
function* requirePayer(ctx: UnitContext, { kind, payer, organisationId }: IncomeFile): Unit<AccountId | undefined> {
  if (!mayPay(kind, payer))
    throw new RefusalError('income.payer_wrong', `${payer} does not pay ${kind}`, { field: 'payer' })
  if ((payer === 'organisation') !== (organisationId !== undefined))
    throw new RefusalError('income.payer_wrong', 'an organisation pays when it is named, and only then', {
      field: 'organisationId',
    })
  if (payer === 'outside') return undefined
  if (organisationId === undefined) return namedAccounts.reliefFund
  const { organisations: t } = ctx.tables
  const known = yield* one(ctx.db.select({ name: t.name }).from(t).where(eq(t.organisationId, organisationId)))
  if (known === undefined)
    throw new RefusalError('income.payer_wrong', 'there is no such organisation', { field: 'organisationId' })
  return accountIdOf('organisation', organisationId)
}

function* requireFunds(ctx: UnitContext, payer: AccountId | undefined, lines: readonly IncomeLineRow[]): Unit<void> {
  if (payer === undefined) return
  const neededFen = lines.reduce((sum, line) => sum + line.amountFen, 0)
  const balanceFen = yield* balanceOf(ctx, payer)
  if (balanceFen >= neededFen) return
  throw new RefusalError(
    'income.payer_short',
    `${formatYuan(neededFen)} are needed, ${formatYuan(balanceFen)} are there`,
    {
      field: 'payer',
      facts: { balanceFen, neededFen },
    },
  )
}

const fileKeyOf = ({ kind, sha256 }: Pick<IncomeFile, 'kind' | 'sha256'>) => JSON.stringify(['file', kind, sha256])

/** What makes two lines the same: household, day, what for, number and amount; the document stands in for a missing number. */
function keyOf({ kind, documentNumber }: IncomeFile, income: ReadIncome): string {
  const { householdCode, day, detail, reference = documentNumber, incomeKind = '', amountFen } = income
  return JSON.stringify([kind, householdCode, day, incomeKind, detail, reference, amountFen])
}

function* findRepeats(ctx: UnitContext, file: IncomeFile): Unit<RowError[]> {
  const { incomeLineKeys: k, incomeImports: i } = ctx.tables
  const rowOf = new Map<string, number>()
  const errors: RowError[] = []
  for (const income of file.incomes) {
    const key = keyOf(file, income)
    const first = rowOf.get(key)
    if (first === undefined) rowOf.set(key, income.row)
    else errors.push({ row: income.row, message: `repeats row ${first}` })
  }
  const keys = [...rowOf.keys()]
  for (let from = 0; from < keys.length; from += valuesPerStatement) {
    const found = yield* rows(
      ctx.db
        .select({ key: k.key, row: k.row, title: i.title })
        .from(k)
        .innerJoin(i, eq(i.importId, k.importId))
        .where(inArray(k.key, keys.slice(from, from + valuesPerStatement))),
    )
    for (const { key, row, title } of found)
      errors.push({ row: rowOf.get(key) ?? 1, message: `is imported already: row ${row} of “${title}”` })
  }
  return errors.toSorted((a, b) => a.row - b.row)
}
