// Queries of harvest calls, for this noun's use cases.
import { and, asc, desc, eq, inArray, isNull } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { TimeSorted } from '../db/keyset.ts'
import { inTimeOrder } from '../db/keyset.ts'
import { one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { householdScope } from '../personal-data/row-scope.ts'
import type { Viewer } from '../personal-data/row-scope.ts'
import { boundUnitsOf, openCallStates } from './rules.ts'
import type { Candidate } from './rules.ts'

type Tables = UnitContext['tables']
export type TermsRow = Tables['harvestTerms']['$inferSelect']
export type MemberRow = Tables['harvestMembers']['$inferSelect']
export type NeedRow = Tables['harvestNeeds']['$inferSelect']
export type CallRow = Tables['harvestCalls']['$inferSelect']

const dayMs = 86_400_000

/** The terms that hold. */
export function* findTerms(
  { db, tables: { harvestTerms: t } }: UnitContext,
  skuId: string,
): Unit<TermsRow | undefined> {
  return yield* one(db.select().from(t).where(eq(t.skuId, skuId)).orderBy(desc(t.version)).limit(1))
}

/** Open needs of a SKU, the one raised first at the head. */
export function* findOpenNeeds({ db, tables: { harvestNeeds: t } }: UnitContext, skuId: string): Unit<NeedRow[]> {
  return yield* rows(
    db
      .select()
      .from(t)
      .where(and(eq(t.skuId, skuId), eq(t.state, 'open')))
      .orderBy(asc(t.needId)),
  )
}

export function* findCallsOfNeeds(
  { db, tables: { harvestCalls: t } }: UnitContext,
  needIds: readonly string[],
): Unit<CallRow[]> {
  if (needIds.length === 0) return []
  return yield* rows(
    db
      .select()
      .from(t)
      .where(inArray(t.needId, [...needIds]))
      .orderBy(asc(t.seq)),
  )
}

/** The rotation of a SKU: who has not left, with what binds each of them. */
export function* findCandidates(ctx: UnitContext, { skuId, capDays }: TermsRow): Unit<Array<Candidate & MemberRow>> {
  const { harvestMembers: m, harvestCalls: t } = ctx.tables
  const members = yield* rows(
    ctx.db
      .select()
      .from(m)
      .where(and(eq(m.skuId, skuId), isNull(m.leftAtMs))),
  )
  const calls = yield* rows(ctx.db.select().from(t).where(eq(t.skuId, skuId)))
  const sinceMs = ctx.now() - capDays * dayMs
  const bound = new Map<string, number>()
  const open = new Set<string>()
  for (const call of calls) {
    const { householdCode, state, calledAtMs } = call
    if (isOpen(state)) open.add(householdCode)
    // A promise that is not kept yet binds however long ago it was asked for.
    if (calledAtMs < sinceMs && !isOpen(state)) continue
    bound.set(householdCode, (bound.get(householdCode) ?? 0) + boundUnitsOf(call))
  }
  return members.map((member) => ({
    ...member,
    boundUnits: bound.get(member.householdCode) ?? 0,
    hasOpenCall: open.has(member.householdCode),
  }))
}

export const isOpen = (state: CallRow['state']) => (openCallStates as readonly string[]).includes(state)

/** The number of a SKU's next call. */
export function* nextSeq({ db, tables: { harvestCalls: t } }: UnitContext, skuId: string): Unit<number> {
  const last = yield* one(db.select({ seq: t.seq }).from(t).where(eq(t.skuId, skuId)).orderBy(desc(t.seq)).limit(1))
  return (last?.seq ?? 0) + 1
}

/** A call with what a viewer in scope may know of its household. */
export interface PlacedCall {
  readonly call: CallRow
  readonly skuName: string
  readonly spec: string
  readonly headName: string
  readonly villageName: string
}

/** Calls in the viewer's scope, newest first unless sorted otherwise. */
export function* findCalls(
  ctx: UnitContext,
  viewer: Viewer,
  where: SQL | undefined,
  limit: number,
  sorted: TimeSorted = {},
): Unit<PlacedCall[]> {
  const { harvestCalls: c, households: h, villages: v, skus: s } = ctx.tables
  return yield* rows(
    ctx.db
      .select({ call: c, skuName: s.name, spec: s.spec, headName: h.headName, villageName: v.name })
      .from(c)
      .innerJoin(s, eq(s.skuId, c.skuId))
      .innerJoin(h, eq(h.householdCode, c.householdCode))
      .innerJoin(v, eq(v.villageCode, h.villageCode))
      .where(and(householdScope(ctx, viewer), where))
      .orderBy(...inTimeOrder([c.callId], sorted))
      .limit(limit),
  )
}
