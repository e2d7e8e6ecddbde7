// The register of member households: who came when, and who left when.
import { and, eq, inArray, isNull } from 'drizzle-orm'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { exec, insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { findKnownHouseholds } from '../households/find-unknown-household.ts'
import { requireOrganisation } from './require-organisation.ts'

/** Codes asked for in one statement; both dialects bind far more. */
const codesPerStatement = 500

/** Codes among these of households that are members now. */
export function* currentMembers(
  { db, tables: { organisationMembers: t } }: UnitContext,
  organisationId: string,
  householdCodes: readonly string[],
): Unit<Set<string>> {
  const members = new Set<string>()
  for (let from = 0; from < householdCodes.length; from += codesPerStatement) {
    const asked = householdCodes.slice(from, from + codesPerStatement)
    const found = yield* rows(
      db
        .select({ householdCode: t.householdCode })
        .from(t)
        .where(and(eq(t.organisationId, organisationId), isNull(t.toMs), inArray(t.householdCode, asked))),
    )
    for (const { householdCode } of found) members.add(householdCode)
  }
  return members
}

/** Why one household of a list cannot become a member. */
export interface MemberFault {
  /** In the list, from 0. */
  readonly index: number
  readonly code: 'household.unknown' | 'organisation.member_already'
  readonly householdCode: string
}

/** Every household of the list that cannot become a member, in the list's order. */
export function* findMemberFaults(
  ctx: UnitContext,
  organisationId: string,
  householdCodes: readonly string[],
): Unit<MemberFault[]> {
  const known = yield* findKnownHouseholds(ctx, householdCodes)
  const members = yield* currentMembers(ctx, organisationId, householdCodes)
  return householdCodes.flatMap((householdCode, index): MemberFault[] => {
    if (!known.has(householdCode)) return [{ index, code: 'household.unknown', householdCode }]
    if (members.has(householdCode)) return [{ index, code: 'organisation.member_already', householdCode }]
    members.add(householdCode)
    return []
  })
}

/**
 * Enters households into the register from `fromMs` on, all or none. Refuses with household.unknown,
 * organisation.member_already and organisation.date_wrong, naming the row.
 */
export function* admitMembers(
  ctx: UnitContext,
  input: { readonly organisationId: Id; readonly householdCodes: readonly string[]; readonly fromMs: number },
): Unit<number> {
  const { organisationId, householdCodes, fromMs } = input
  yield* requireOrganisation(ctx, organisationId)
  if (fromMs > ctx.now())
    throw new RefusalError('organisation.date_wrong', 'A membership begins today or earlier.', { field: 'fromMs' })
  const [fault] = yield* findMemberFaults(ctx, organisationId, householdCodes)
  if (fault !== undefined)
    throw new RefusalError(fault.code, `row ${fault.index + 1} names household ${fault.householdCode}`, {
      field: `householdCodes.${fault.index}`,
    })
  return yield* insertRows(
    ctx.tables.organisationMembers,
    householdCodes.map((householdCode) => ({ organisationId, householdCode, fromMs, toMs: undefined })),
  )
}

/**
 * Ends a membership; the row stays. Refuses with organisation.member_unknown, organisation.date_wrong and, while the
 * household holds shares, organisation.member_holds_shares.
 */
export function* endMembership(
  ctx: UnitContext,
  input: { readonly organisationId: Id; readonly householdCode: string; readonly toMs: number },
): Unit<{ householdCode: string; fromMs: number; toMs: number }> {
  const { organisationId, householdCode, toMs } = input
  const { organisationMembers: m, shareHoldings: h } = ctx.tables
  const isCurrent = and(eq(m.organisationId, organisationId), eq(m.householdCode, householdCode), isNull(m.toMs))
  const member = yield* one(ctx.db.select().from(m).where(isCurrent))
  if (member === undefined) throw new RefusalError('organisation.member_unknown')
  if (toMs <= member.fromMs || toMs > ctx.now())
    throw new RefusalError('organisation.date_wrong', 'A membership ends after it began, and not in the future.', {
      field: 'toMs',
    })
  const held = yield* one(
    ctx.db
      .select({ kind: h.kind })
      .from(h)
      .where(and(eq(h.organisationId, organisationId), eq(h.householdCode, householdCode), isNull(h.toMs)))
      .limit(1),
  )
  if (held !== undefined) throw new RefusalError('organisation.member_holds_shares', `the household holds ${held.kind}`)
  yield* exec(ctx.db.update(m).set({ toMs }).where(isCurrent))
  return { householdCode, fromMs: member.fromMs, toMs }
}
