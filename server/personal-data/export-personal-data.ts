// Everything that is held on a household (access and copy, PIPL). It is found from the tables themselves: every table with a column
// `household_code` is in it, so that a table that somebody adds cannot be forgotten; the household's ledger entries and the
// audit trail of its data go beside them. Sealed values, hashes and fingerprints stay out: of those, masks and last digits are
// columns of their own. Several times larger than any household is the cap of rows per table.
import { eq, getTableColumns, getTableName } from 'drizzle-orm'
import type { AnyPgColumn, PgTable } from 'drizzle-orm/pg-core'
import { recordAudit } from '../audit/record-audit.ts'
import type { ServerContext } from '../context.ts'
import type { Tables } from '../db/tables.ts'
import { one, rows, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { phonePurpose } from '../households/phone.ts'
import { accountIdOf } from '../ledger/account-kinds.ts'
import { maskWritten } from './mask-numbers.ts'

/** Most rows of one table. */
const maxRows = 100_000
const secretColumn = /(Sealed|Hash|Fingerprint)$/

interface HeldTable {
  readonly name: string
  readonly table: PgTable
  readonly column: AnyPgColumn
  readonly value: string
}

/** Where something about the household is, by SQL name of the table. */
function heldTables(tables: Tables, householdCode: string): HeldTable[] {
  const { ledgerEntries, auditRows } = tables
  const named = Object.values(tables).flatMap((table): HeldTable[] => {
    const column = (getTableColumns(table) as Record<string, AnyPgColumn>)['householdCode']
    return column === undefined ? [] : [{ name: getTableName(table), table, column, value: householdCode }]
  })
  const accountId = accountIdOf('household', householdCode)
  return [
    ...named,
    { name: getTableName(ledgerEntries), table: ledgerEntries, column: ledgerEntries.accountId, value: accountId },
    { name: getTableName(auditRows), table: auditRows, column: auditRows.subjectId, value: householdCode },
  ]
}

function* readHeld(ctx: UnitContext, { table, column, value }: HeldTable): Unit<Array<Record<string, unknown>>> {
  const shown = Object.entries(getTableColumns(table)).filter(([name]) => !secretColumn.test(name))
  return yield* rows(
    ctx.db
      .select(Object.fromEntries(shown) as Record<string, AnyPgColumn>)
      .from(table)
      .where(eq(column, value))
      .limit(maxRows),
  )
}

export interface PersonalData {
  readonly householdCode: string
  readonly exportedAtMs: number
  readonly phone?: string
  readonly tables: Record<string, Array<Record<string, unknown>>>
}

/** Takes the copy and records who took it; refuses with household.not_found. */
export async function exportPersonalData(
  { database, sealer }: Pick<ServerContext, 'database' | 'sealer'>,
  { householdCode, accountId, reason }: { householdCode: string; accountId: string; reason: string },
): Promise<PersonalData> {
  const { sealed, exportedAtMs } = await database.run(function* (ctx) {
    const { households: h } = ctx.tables
    const found = yield* one(ctx.db.select({ sealed: h.phoneSealed }).from(h).where(eq(h.householdCode, householdCode)))
    if (found === undefined) throw new RefusalError('household.not_found')
    const action = 'personal_data.exported'
    yield* recordAudit(ctx, { accountId, action, subjectId: householdCode, why: reason })
    return { ...found, exportedAtMs: ctx.now() }
  })
  const held = await database.read(function* (ctx): Unit<PersonalData['tables']> {
    const found: PersonalData['tables'] = {}
    for (const place of heldTables(ctx.tables, householdCode)) found[place.name] = yield* readHeld(ctx, place)
    return found
  })
  const phone = sealed === null ? {} : { phone: sealer.open(sealed, phonePurpose(householdCode)) }
  return { householdCode, exportedAtMs, ...phone, tables: maskWritten(held) }
}
