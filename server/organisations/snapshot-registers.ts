// The registers as they stood at an instant: what a distribution freezes.
import { and, eq, gt, isNull, lte, or } from 'drizzle-orm'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import type { ShareKind } from './schema.ts'
import { heldAt } from './store.ts'

export interface HeldShares {
  readonly householdCode: string | null
  readonly kind: ShareKind
  readonly quantityMilli: number
  readonly sharesMilli: number
}

/** Every holding of an organisation at an instant. */
export function* sharesAt(ctx: UnitContext, organisationId: string, atMs: number): Unit<HeldShares[]> {
  const { shareHoldings: t } = ctx.tables
  return yield* rows(
    ctx.db
      .select({
        householdCode: t.householdCode,
        kind: t.kind,
        quantityMilli: t.quantityMilli,
        sharesMilli: t.sharesMilli,
      })
      .from(t)
      .where(and(eq(t.organisationId, organisationId), heldAt(ctx, atMs))),
  )
}

/** Codes of the households that were members at an instant. */
export function* membersAt(
  { db, tables: { organisationMembers: t } }: UnitContext,
  organisationId: string,
  atMs: number,
): Unit<Set<string>> {
  const found = yield* rows(
    db
      .select({ householdCode: t.householdCode })
      .from(t)
      .where(and(eq(t.organisationId, organisationId), lte(t.fromMs, atMs), or(isNull(t.toMs), gt(t.toMs, atMs)))),
  )
  return new Set(found.map((row) => row.householdCode))
}
