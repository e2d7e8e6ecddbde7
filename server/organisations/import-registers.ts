// Imports the member register or the share register of an organisation from a file, all rows or none: every row that is wrong
// is named before anything is written. What the import began and ended is kept, so that it can be taken back (reverse-register.ts).
import type { Id } from '#shared/ids/uuid-v7.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { insertRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { findHeadErrors } from '../households/find-head-errors.ts'
import type { RowError } from '../tabular/read-table.ts'
import { refuseRows } from '../tabular/refuse-rows.ts'
import { admitMembers, findMemberFaults } from './change-members.ts'
import { findHoldingFaults, setHoldings } from './enter-holdings.ts'
import type { HoldingsEntered } from './enter-holdings.ts'
import { holdingColumns } from './read-registers.ts'
import type { HoldingFileRow, MemberFileRow } from './read-registers.ts'
import { requireOrganisation } from './require-organisation.ts'
import type { registers } from './schema.ts'
import type { HoldingRow } from './store.ts'

interface RegisterFile<Row> {
  readonly organisationId: Id
  /** When what the file says began. */
  readonly fromMs: number
  readonly rows: readonly Row[]
  /** Hex, of the bytes as they came. */
  readonly sha256: string
  readonly byAccountId: string
}

const rowOf = (rows: ReadonlyArray<{ readonly row: number }>, index: number) => rows[index]?.row ?? 1

/**
 * Enters households that are no members yet. Refuses with row errors, organisation.unknown and organisation.date_wrong.
 */
export function* importMembers(ctx: UnitContext, file: RegisterFile<MemberFileRow>): Unit<number> {
  const { organisationId, fromMs, rows, sha256, byAccountId } = file
  yield* requireOrganisation(ctx, organisationId)
  refuseRows(yield* findHeadErrors(ctx, rows))
  const householdCodes = rows.map(({ householdCode }) => householdCode)
  const faults = yield* findMemberFaults(ctx, { organisationId, householdCodes, fromMs })
  refuseRows(faults.map(({ index, message }): RowError => ({ row: rowOf(rows, index), column: '户编号', message })))
  const admitted = yield* admitMembers(ctx, { organisationId, householdCodes, fromMs })
  const began = householdCodes.map((householdCode) => ({ householdCode, holdingId: null, facts: { fromMs } }))
  const importId = yield* keepImport(ctx, 'members', file, { began, ended: [] })
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'organisation.members_imported',
    subjectId: organisationId,
    detail: { importId, sha256, fromMs, admitted },
  })
  return admitted
}

/**
 * Sets the holdings the file names; others stay. Refuses with row errors, organisation.unknown and
 * organisation.date_wrong.
 */
export function* importHoldings(ctx: UnitContext, file: RegisterFile<HoldingFileRow>): Unit<HoldingsEntered> {
  const { organisationId, fromMs, rows, sha256, byAccountId } = file
  yield* requireOrganisation(ctx, organisationId)
  const named = rows.flatMap(({ row, headName, holding: { householdCode } }) =>
    householdCode === undefined ? [] : [{ row, headName, householdCode }],
  )
  refuseRows(yield* findHeadErrors(ctx, named))
  const input = { organisationId, fromMs, holdings: rows.map(({ holding }) => holding) }
  const faults = yield* findHoldingFaults(ctx, input)
  refuseRows(
    faults.map(({ index, field, message }): RowError => ({
      row: rowOf(rows, index),
      ...(field === undefined ? {} : { column: holdingColumns[field].names[0] }),
      message,
    })),
  )
  const { begun, ended } = yield* setHoldings(ctx, input)
  const importId = yield* keepImport(ctx, 'holdings', file, { began: begun.map(keptRow), ended: ended.map(keptRow) })
  const entered = { begun: begun.length, ended: ended.length, unchanged: rows.length - begun.length }
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'organisation.holdings_imported',
    subjectId: organisationId,
    detail: { importId, sha256, fromMs, ...entered },
  })
  return entered
}

type KeptRow = Pick<
  UnitContext['tables']['registerImportRows']['$inferInsert'],
  'householdCode' | 'holdingId' | 'facts'
>

const keptRow = ({
  householdCode,
  holdingId,
  kind,
  quantityMilli,
  unit,
  sharesMilli,
  fromMs,
}: HoldingRow): KeptRow => ({
  householdCode,
  holdingId,
  facts: { kind, quantityMilli, unit, sharesMilli, fromMs },
})

/** Returns the import's id. */
function* keepImport(
  ctx: UnitContext,
  register: (typeof registers)[number],
  file: Omit<RegisterFile<unknown>, 'rows'>,
  { began, ended }: { readonly began: readonly KeptRow[]; readonly ended: readonly KeptRow[] },
): Unit<string> {
  const { registerImports, registerImportRows } = ctx.tables
  const { organisationId, fromMs, sha256, byAccountId } = file
  const importId = ctx.newId()
  const counts = { beganCount: began.length, endedCount: ended.length }
  const imported = { importedBy: byAccountId, importedAtMs: ctx.now() }
  yield* insertRows(registerImports, [{ importId, organisationId, register, fromMs, sha256, ...counts, ...imported }])
  const effects = [
    ...began.map((row) => ({ ...row, effect: 'began' as const })),
    ...ended.map((row) => ({ ...row, effect: 'ended' as const })),
  ]
  yield* insertRows(
    registerImportRows,
    effects.map((row, index) => ({ ...row, importId, ordinal: index + 1 })),
  )
  return importId
}
