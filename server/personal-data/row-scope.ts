// Who sees which households (domain.md, A21): staff all, a helper the own ones, a desk those of its district, town or village,
// a farmer the own one. Every list and every household's page goes through this; a household out of scope looks like none.
import { and, eq, gte, isNull, lt, or, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { Role } from '#shared/contracts/http/route.ts'
import type { UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'

/** Who is looking. */
export interface Viewer {
  readonly accountId: string
  readonly roles: readonly Role[]
  /** A farmer's household. */
  readonly householdCode: string | undefined
  /** A desk's district, town or village. */
  readonly areaCode: string | undefined
}

const staffRoles: readonly Role[] = ['operator', 'finance', 'auditor', 'admin']

/** Condition on the household table for the rows a viewer may see: of those not taken out, what several roles let see adds up. */
export function householdScope(ctx: UnitContext, viewer: Viewer): SQL | undefined {
  return and(isNull(ctx.tables.households.takenOutAtMs), scopeOfRoles(ctx, viewer))
}

function scopeOfRoles({ tables: { households: h } }: UnitContext, viewer: Viewer): SQL | undefined {
  const { accountId, roles, householdCode, areaCode } = viewer
  if (roles.some((role) => staffRoles.includes(role))) return undefined
  const own = roles.includes('helper') ? eq(h.helperAccountId, accountId) : undefined
  // A household's code begins with its village's, that with the town's; ':' is the character after the digits.
  const inArea =
    roles.includes('desk') && areaCode !== undefined
      ? and(gte(h.householdCode, areaCode), lt(h.householdCode, `${areaCode}:`))
      : undefined
  const self = roles.includes('farmer') && householdCode !== undefined ? eq(h.householdCode, householdCode) : undefined
  return or(own, inArea, self) ?? sql`1 = 0`
}

/** A household that is yet to be entered: staff may anywhere, a desk in its area. Refuses with household.out_of_area. */
export function requireInArea({ roles, areaCode }: Viewer, householdCode: string): void {
  if (roles.some((role) => staffRoles.includes(role))) return
  if (roles.includes('desk') && areaCode !== undefined && householdCode.startsWith(areaCode)) return
  throw new RefusalError('household.out_of_area', undefined, { field: 'householdCode' })
}
