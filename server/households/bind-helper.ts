// Binds a helper (帮扶责任人) to a household. The binding before it ends at the same instant and stays readable.
import { and, eq, isNull } from 'drizzle-orm'
import { exec, insertRows, one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { refuseNumbers } from '../personal-data/refuse-numbers.ts'
import type { Viewer } from '../personal-data/row-scope.ts'
import { findHousehold } from './find-household.ts'

export interface HelperBinding {
  readonly helperAccountId: string
  /** The helper's unit (帮扶单位). */
  readonly unitName: string
  readonly reason: string
}

/** The name of an open account that may help. Refuses with household.helper_unknown. */
function* nameOfHelper(ctx: UnitContext, accountId: string): Unit<string> {
  const { accounts: a, accountRoles: r } = ctx.tables
  const helper = yield* one(
    ctx.db
      .select({ name: a.displayName })
      .from(a)
      .innerJoin(r, and(eq(r.accountId, a.accountId), eq(r.role, 'helper')))
      .where(and(eq(a.accountId, accountId), eq(a.isActive, true))),
  )
  if (helper === undefined) throw new RefusalError('household.helper_unknown', undefined, { field: 'helperAccountId' })
  return helper.name
}

export function* bindHelper(
  ctx: UnitContext,
  input: HelperBinding & { readonly viewer: Viewer; readonly householdCode: string },
): Unit<void> {
  const { viewer, householdCode, helperAccountId, unitName, reason } = input
  const { households: h, helperBindings: b } = ctx.tables
  refuseNumbers({ unitName })
  const household = yield* findHousehold(ctx, viewer, householdCode)
  const helperName = yield* nameOfHelper(ctx, helperAccountId)
  const atMs = ctx.now()
  yield* exec(
    ctx.db
      .update(b)
      .set({ toMs: atMs })
      .where(and(eq(b.householdCode, householdCode), isNull(b.toMs))),
  )
  yield* insertRows(b, [
    {
      bindingId: ctx.newId(),
      householdCode,
      helperAccountId,
      helperName,
      unitName,
      fromMs: atMs,
      boundBy: viewer.accountId,
      reason,
    },
  ])
  yield* exec(ctx.db.update(h).set({ helperAccountId, helperName }).where(eq(h.householdCode, householdCode)))
  yield* recordAudit(ctx, {
    accountId: viewer.accountId,
    action: 'household.helper_bound',
    subjectId: householdCode,
    why: reason,
    before: { helperAccountId: household.helperAccountId, helperName: household.helperName },
    after: { helperAccountId, helperName, unitName },
  })
}
