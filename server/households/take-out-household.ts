// Takes a household out of the register that was entered by mistake. Its row and its history stay, so that the number is never given
// again, and it looks like none from then on. Once anything was built on it, leaving poverty is what ends it, never this (四不摘).
import { and, eq, getTableColumns, getTableName, isNull } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import { recordAudit } from '../audit/record-audit.ts'
import { exec, one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { accountIdOf } from '../ledger/account-kinds.ts'
import type { Viewer } from '../personal-data/row-scope.ts'
import { endAsMistaken, isWarningActedOn } from '../warnings/handle-warnings.ts'
import { findHousehold } from './find-household.ts'

/** What the entry itself writes, and warnings, which come by themselves: those that a person has acted on count. */
const ownTables: ReadonlySet<string> = new Set(['household', 'household_change', 'helper_binding', 'warning'])

/** Refuses with household.not_found, and with household.built_upon where another table or the ledger names the household. */
export function* takeOutHousehold(
  ctx: UnitContext,
  input: { readonly viewer: Viewer; readonly householdCode: string; readonly reason: string },
): Unit<void> {
  const { viewer, householdCode, reason } = input
  const { households: h, helperBindings: b } = ctx.tables
  const { headName, population, kind, identifiedYear, exitedYear } = yield* findHousehold(ctx, viewer, householdCode)
  const builtOn = yield* findBuiltOn(ctx, householdCode)
  if (builtOn !== undefined) throw new RefusalError('household.built_upon', undefined, { facts: { builtOn } })
  yield* endAsMistaken(ctx, { viewer, householdCode, note: reason })
  const takenOutAtMs = ctx.now()
  yield* exec(
    ctx.db
      .update(h)
      .set({ takenOutAtMs, phoneSealed: null, phoneMasked: null, helperAccountId: null, helperName: null })
      .where(eq(h.householdCode, householdCode)),
  )
  yield* exec(
    ctx.db
      .update(b)
      .set({ toMs: takenOutAtMs })
      .where(and(eq(b.householdCode, householdCode), isNull(b.toMs))),
  )
  yield* recordAudit(ctx, {
    accountId: viewer.accountId,
    action: 'household.taken_out',
    subjectId: householdCode,
    why: reason,
    before: { headName, population, kind, identifiedYear, exitedYear },
    after: { takenOutAtMs },
  })
}

/** Name of a table that holds something of the household; every table with such a column is asked, so that a new one is too. */
function* findBuiltOn(ctx: UnitContext, householdCode: string): Unit<string | undefined> {
  const { ledgerAccounts: a } = ctx.tables
  const account = ctx.db
    .select({ id: a.id })
    .from(a)
    .where(eq(a.id, accountIdOf('household', householdCode)))
  if ((yield* one(account)) !== undefined) return getTableName(a)
  if (yield* isWarningActedOn(ctx, householdCode)) return getTableName(ctx.tables.warnings)
  for (const table of Object.values(ctx.tables) as PgTable[]) {
    const { householdCode: code } = getTableColumns(table)
    const name = getTableName(table)
    if (code === undefined || ownTables.has(name)) continue
    if ((yield* one(ctx.db.select({ code }).from(table).where(eq(code, householdCode)).limit(1))) !== undefined)
      return name
  }
  return undefined
}
