// Takes an import back by a new negative one; nothing entered is edited. A household is never debited below zero: what it no
// longer holds is borne by a named account, and stays its income.
import { asc, eq } from 'drizzle-orm'
import { exec, insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { accountIdOf, namedAccounts } from '../ledger/account-kinds.ts'
import type { AccountId } from '../ledger/account-kinds.ts'
import { inlineBalancesOf } from '../ledger/balances.ts'
import { transferIdOf } from '../ledger/causes.ts'
import { postTransfers } from '../ledger/post-transfers.ts'
import type { Transfer } from '../ledger/post-transfers.ts'
import { causeOfImport } from './import-incomes.ts'
import type { ImportRow, IncomeLineRow } from './import-incomes.ts'

interface Taking {
  readonly line: IncomeLineRow
  readonly takenFen: number
  readonly borneFen: number
}

/** Refuses with income.import_unknown, income.import_is_reversal and income.import_reversed. */
export function* reverseImport(
  ctx: UnitContext,
  input: { readonly importId: string; readonly byAccountId: string; readonly reason: string },
): Unit<ImportRow> {
  const { importId, byAccountId, reason } = input
  const { incomeImports, incomeLines, incomeLineKeys } = ctx.tables
  const original = yield* requireReversible(ctx, importId)
  const lines = yield* rows(
    ctx.db.select().from(incomeLines).where(eq(incomeLines.importId, importId)).orderBy(asc(incomeLines.row)),
  )
  const takings = yield* planTakings(ctx, lines)
  const reversal: ImportRow = {
    ...original,
    importId: ctx.newId(),
    sha256: null,
    reversesImportId: importId,
    totalFen: -takings.reduce((sum, { takenFen }) => sum + takenFen, 0),
    importedBy: byAccountId,
    importedAtMs: ctx.now(),
    reason,
  }
  yield* insertRows(incomeImports, [reversal])
  yield* insertRows(
    incomeLines,
    takings.map(({ line, takenFen, borneFen }) => ({
      ...line,
      importId: reversal.importId,
      lineId: `${reversal.importId}.${line.row}`,
      amountFen: -takenFen,
      borneFen,
    })),
  )
  yield* exec(ctx.db.delete(incomeLineKeys).where(eq(incomeLineKeys.importId, importId)))
  yield* postTransfers(
    ctx,
    takings.flatMap((taking) => transfersOf(taking, original, reason)),
  )
  const detail = { reversalId: reversal.importId, takenFen: -reversal.totalFen }
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'income.reversed',
    subjectId: importId,
    why: reason,
    detail,
  })
  return reversal
}

function* requireReversible(ctx: UnitContext, importId: string): Unit<ImportRow> {
  const { incomeImports: t } = ctx.tables
  const original = yield* one(ctx.db.select().from(t).where(eq(t.importId, importId)))
  if (original === undefined) throw new RefusalError('income.import_unknown')
  if (original.reversesImportId !== null) throw new RefusalError('income.import_is_reversal')
  const earlier = yield* one(ctx.db.select({ importId: t.importId }).from(t).where(eq(t.reversesImportId, importId)))
  if (earlier !== undefined) throw new RefusalError('income.import_reversed')
  return original
}

/** What each line gives back: of a household at most what it holds. Two lines of one household share its balance. */
function* planTakings(ctx: UnitContext, lines: readonly IncomeLineRow[]): Unit<Taking[]> {
  const posted = lines.filter(({ isPosted }) => isPosted)
  const ids = [...new Set(posted.map(({ householdCode }) => accountIdOf('household', householdCode)))]
  const heldFen = yield* inlineBalancesOf(ctx, ids)
  return lines.map((line) => {
    if (!line.isPosted) return { line, takenFen: line.amountFen, borneFen: 0 }
    const accountId = accountIdOf('household', line.householdCode)
    const balanceFen = heldFen.get(accountId) ?? 0
    const takenFen = Math.min(balanceFen, line.amountFen)
    heldFen.set(accountId, balanceFen - takenFen)
    return { line, takenFen, borneFen: line.amountFen - takenFen }
  })
}

function transfersOf({ line, takenFen, borneFen }: Taking, original: ImportRow, reason: string): Transfer[] {
  if (!line.isPosted) return []
  const kind = original.kind === 'grants' ? causeOfImport.grants : causeOfImport.wages
  const cause = { kind, id: line.lineId }
  const { organisationId } = original
  const credit: AccountId =
    organisationId === null ? namedAccounts.reliefFund : accountIdOf('organisation', organisationId)
  const memo = `冲销 ${original.title} 第 ${line.row} 行：${reason}`
  const transfers: Transfer[] = []
  const debit = accountIdOf('household', line.householdCode)
  if (takenFen > 0) transfers.push({ debit, credit, amountFen: takenFen, cause, leg: 'reversal', memo })
  if (borneFen > 0)
    transfers.push({
      debit: namedAccounts.incomesBorne,
      credit,
      amountFen: borneFen,
      cause,
      leg: 'reversal.borne',
      memo,
    })
  const [first, ...rest] = transfers
  // A line is taken back once, whoever asks.
  return first === undefined ? [] : [{ ...first, reversesId: transferIdOf(cause, 'owed') }, ...rest]
}
