// The one way a use case gets at a household that somebody names: out of the viewer's scope it looks like none at all.
import { and, eq } from 'drizzle-orm'
import { one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { householdScope } from '../personal-data/row-scope.ts'
import type { Viewer } from '../personal-data/row-scope.ts'

export type HouseholdRow = UnitContext['tables']['households']['$inferSelect'] & {
  readonly villageName: string
  readonly townCode: string
  readonly townName: string
}

/** The household with its village. Refuses with household.not_found. */
export function* findHousehold(ctx: UnitContext, viewer: Viewer, householdCode: string): Unit<HouseholdRow> {
  const { households: h, villages: v } = ctx.tables
  const found = yield* one(
    ctx.db
      .select({ household: h, villageName: v.name, townCode: v.townCode, townName: v.townName })
      .from(h)
      .innerJoin(v, eq(v.villageCode, h.villageCode))
      .where(and(eq(h.householdCode, householdCode), householdScope(ctx, viewer))),
  )
  if (found === undefined) throw new RefusalError('household.not_found')
  const { household, ...village } = found
  return { ...household, ...village }
}
