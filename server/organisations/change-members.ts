// The register of member households: who came when, and who left when.
import { and, eq, gt, inArray, isNull } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { exec, insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { findKnownHouseholds } from '../households/find-unknown-household.ts'
import { requireOrganisation } from './require-organisation.ts'

/** Codes asked for in one statement; both dialects bind far more. */
const codesPerStatement = 500

/** Of the households among these codes that are members now: since when. */
export function* currentMembers(
  ctx: UnitContext,
  organisationId: string,
  householdCodes: readonly string[],
): Unit<Map<string, number>> {
  const found = yield* findMemberships(ctx, organisationId, householdCodes, isNull(ctx.tables.organisationMembers.toMs))
  return new Map(found.map(({ householdCode, fromMs }) => [householdCode, fromMs]))
}

function* findMemberships(
  { db, tables: { organisationMembers: t } }: UnitContext,
  organisationId: string,
  householdCodes: readonly string[],
  isWanted: SQL | undefined,
): Unit<Array<{ householdCode: string; fromMs: number }>> {
  const memberships: Array<{ householdCode: string; fromMs: number }> = []
  for (let from = 0; from < householdCodes.length; from += codesPerStatement) {
    const asked = householdCodes.slice(from, from + codesPerStatement)
    const found = yield* rows(
      db
        .select({ householdCode: t.householdCode, fromMs: t.fromMs })
        .from(t)
        .where(and(eq(t.organisationId, organisationId), isWanted, inArray(t.householdCode, asked))),
    )
    memberships.push(...found)
  }
  return memberships
}

/** Why one household of a list cannot become a member. */
export interface MemberFault {
  /** In the list, from 0. */
  readonly index: number
  readonly code: 'household.unknown' | 'organisation.member_already' | 'organisation.date_wrong'
  readonly householdCode: string
  readonly message: string
}

interface MembersInput {
  readonly organisationId: Id
  readonly householdCodes: readonly string[]
  readonly fromMs: number
}

/** Every household of the list that cannot become a member from that day on, in the list's order. */
export function* findMemberFaults(
  ctx: UnitContext,
  { organisationId, householdCodes, fromMs }: MembersInput,
): Unit<MemberFault[]> {
  const known = yield* findKnownHouseholds(ctx, householdCodes)
  const members = new Set((yield* currentMembers(ctx, organisationId, householdCodes)).keys())
  const wereLater = gt(ctx.tables.organisationMembers.toMs, fromMs)
  const left = new Set(
    (yield* findMemberships(ctx, organisationId, householdCodes, wereLater)).map((row) => row.householdCode),
  )
  return householdCodes.flatMap((householdCode, index): MemberFault[] => {
    const fault = (code: MemberFault['code'], message: string) => [
      { index, code, householdCode, message: `${householdCode} ${message}` },
    ]
    if (!known.has(householdCode)) return fault('household.unknown', 'is not registered')
    if (members.has(householdCode)) return fault('organisation.member_already', 'is a member already')
    if (left.has(householdCode)) return fault('organisation.date_wrong', 'was a member until a day after that')
    members.add(householdCode)
    return []
  })
}

/**
 * Enters households into the register from `fromMs` on, all or none. Refuses with household.unknown,
 * organisation.member_already and organisation.date_wrong, naming the row.
 */
export function* admitMembers(ctx: UnitContext, input: MembersInput): Unit<number> {
  const { organisationId, householdCodes, fromMs } = input
  yield* requireOrganisation(ctx, organisationId)
  if (fromMs > ctx.now())
    throw new RefusalError('organisation.date_wrong', 'A membership begins today or earlier.', { field: 'fromMs' })
  const [fault] = yield* findMemberFaults(ctx, input)
  if (fault !== undefined)
    throw new RefusalError(fault.code, `row ${fault.index + 1}: ${fault.message}`, {
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
  const isOwn = and(eq(h.organisationId, organisationId), eq(h.householdCode, householdCode))
  const heldThen = (isHeld: SQL) => one(ctx.db.select({ kind: h.kind }).from(h).where(and(isOwn, isHeld)).limit(1))
  const held = yield* heldThen(isNull(h.toMs))
  if (held !== undefined) throw new RefusalError('organisation.member_holds_shares', `the household holds ${held.kind}`)
  const heldLonger = yield* heldThen(gt(h.toMs, toMs))
  if (heldLonger !== undefined)
    throw new RefusalError('organisation.date_wrong', `The household held ${heldLonger.kind} after that day.`, {
      field: 'toMs',
    })
  yield* exec(ctx.db.update(m).set({ toMs }).where(isCurrent))
  return { householdCode, fromMs: member.fromMs, toMs }
}
