// What people see of harvest calls: calls in the viewer's scope, terms, the rotation with who is next, and needs.
import { and, asc, eq, inArray, isNull, ne, sql } from 'drizzle-orm'
import type { HarvestCall, HarvestMember, HarvestNeed, HarvestTerms } from '#shared/contracts/http/harvest-calls.ts'
import { sumOf } from '../db/expressions.ts'
import type { Page, PageRequest, TimedPageRequest } from '../db/keyset.ts'
import { behindInTime, behindKey, inTimeOrder, keyOfCursor, pageOfRows } from '../db/keyset.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { maskName } from '../households/masking.ts'
import { householdScope } from '../personal-data/row-scope.ts'
import type { Viewer } from '../personal-data/row-scope.ts'
import { byRotation, capLeft, mayCall } from './rules.ts'
import type { CallState } from './rules.ts'
import { findCalls, findCallsOfNeeds, findCandidates, findTerms } from './store.ts'
import type { CallRow, NeedRow, PlacedCall } from './store.ts'

function showCall({ call, ...placed }: PlacedCall): HarvestCall {
  const { seq: _seq, termsVersion: _terms, answeredBy: _by, endedAtMs: _ended, ...known } = call
  const { answeredAtMs, reason, lotId, ...shown } = known
  return {
    ...shown,
    ...placed,
    ...(answeredAtMs === null ? {} : { answeredAtMs }),
    ...(reason === null ? {} : { reason }),
    ...(lotId === null ? {} : { lotId }),
  }
}

export interface CallQuery extends TimedPageRequest {
  readonly state?: CallState | undefined
  readonly needId?: string | undefined
  readonly householdCode?: string | undefined
}

export function* listCalls(ctx: UnitContext, viewer: Viewer, query: CallQuery): Unit<Page<HarvestCall>> {
  const { harvestCalls: t } = ctx.tables
  const { state, needId, householdCode } = query
  const where = and(
    behindInTime([t.callId], query),
    state === undefined ? undefined : eq(t.state, state),
    needId === undefined ? undefined : eq(t.needId, needId),
    householdCode === undefined ? undefined : eq(t.householdCode, householdCode),
  )
  const found = yield* findCalls(ctx, viewer, where, query.limit + 1, query)
  return pageOfRows(found, query.limit, ({ call }) => [call.callId], showCall)
}

/** Refuses with harvest_call.unknown, also out of scope. */
export function* findCall(ctx: UnitContext, viewer: Viewer, callId: string): Unit<HarvestCall> {
  const [found] = yield* findCalls(ctx, viewer, eq(ctx.tables.harvestCalls.callId, callId), 1)
  if (found === undefined) throw new RefusalError('harvest_call.unknown')
  return showCall(found)
}

/** To whoever takes the goods in at the depot: the household's name stays masked, as for anybody who need not know it. */
export function* findCallToStaff(ctx: UnitContext, callId: string): Unit<HarvestCall> {
  const clerk: Viewer = { accountId: '', roles: ['operator'], householdCode: undefined, areaCode: undefined }
  const call = yield* findCall(ctx, clerk, callId)
  return { ...call, headName: maskName(call.headName) }
}

/** The terms that hold, by SKU. */
export function* listTerms(ctx: UnitContext, query: PageRequest): Unit<Page<HarvestTerms>> {
  const after = behindKey([ctx.tables.harvestTerms.skuId], keyOfCursor(query.cursor, 1), 'ascending')
  const found = yield* findCurrentTerms(ctx, after, query.limit + 1)
  return pageOfRows(
    found,
    query.limit,
    ({ skuId }) => [skuId],
    (shown) => shown,
  )
}

function* findCurrentTerms(ctx: UnitContext, where: ReturnType<typeof and>, limit: number): Unit<HarvestTerms[]> {
  const { harvestTerms: t, skus: s, suppliers: p } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select({ terms: t, skuName: s.name, supplierName: p.name })
      .from(t)
      .innerJoin(s, eq(s.skuId, t.skuId))
      .innerJoin(p, eq(p.supplierId, t.supplierId))
      .where(
        and(
          where,
          eq(t.version, sql`(select max(newest.version) from harvest_terms newest where newest.sku_id = ${t.skuId})`),
        ),
      )
      .orderBy(asc(t.skuId))
      .limit(limit),
  )
  return found.map(({ terms: { setBy: _by, ...terms }, ...names }) => ({ ...terms, ...names }))
}

/** Refuses with harvest_terms.unknown. */
export function* showTerms(ctx: UnitContext, skuId: string): Unit<HarvestTerms> {
  const [found] = yield* findCurrentTerms(ctx, eq(ctx.tables.harvestTerms.skuId, skuId), 1)
  if (found === undefined) throw new RefusalError('harvest_terms.unknown')
  return found
}

/** By household code; the positions count all members, also those the viewer does not see. Refuses with harvest_terms.unknown. */
export function* listMembers(
  ctx: UnitContext,
  viewer: Viewer,
  { skuId, ...query }: PageRequest & { readonly skuId: string },
): Unit<Page<HarvestMember>> {
  const terms = yield* findTerms(ctx, skuId)
  if (terms === undefined) throw new RefusalError('harvest_terms.unknown')
  const { harvestMembers: m, harvestCalls: c, households: h, villages: v } = ctx.tables
  const candidates = yield* findCandidates(ctx, terms)
  const rotation = candidates.filter((one) => mayCall(terms, one, terms.minUnitsPerCall)).toSorted(byRotation)
  const position = new Map(rotation.map(({ householdCode }, index) => [householdCode, index + 1]))
  const byCode = new Map(candidates.map((one) => [one.householdCode, one]))
  const found = yield* rows(
    ctx.db
      .select({ householdCode: m.householdCode, headName: h.headName, villageName: v.name })
      .from(m)
      .innerJoin(h, eq(h.householdCode, m.householdCode))
      .innerJoin(v, eq(v.villageCode, h.villageCode))
      .where(
        and(
          eq(m.skuId, skuId),
          isNull(m.leftAtMs),
          householdScope(ctx, viewer),
          behindKey([m.householdCode], keyOfCursor(query.cursor, 1), 'ascending'),
        ),
      )
      .orderBy(asc(m.householdCode))
      .limit(query.limit + 1),
  )
  const delivered = yield* rows(
    ctx.db
      .select({ householdCode: c.householdCode, units: sumOf(c.deliveredUnits) })
      .from(c)
      .where(eq(c.skuId, skuId))
      .groupBy(c.householdCode),
  )
  const unitsOf = new Map(delivered.map(({ householdCode, units }) => [householdCode, units]))
  return pageOfRows(
    found,
    query.limit,
    ({ householdCode }) => [householdCode],
    (row) => {
      const member = byCode.get(row.householdCode)
      const place = position.get(row.householdCode)
      const lastCalledAtMs = member?.lastCalledAtMs ?? null
      return {
        ...row,
        joinedAtMs: member?.joinedAtMs ?? 0,
        ...(place === undefined ? {} : { position: place }),
        ...(lastCalledAtMs === null ? {} : { lastCalledAtMs }),
        calls: member?.calls ?? 0,
        deliveredUnits: unitsOf.get(row.householdCode) ?? 0,
        capLeftUnits: member === undefined ? 0 : capLeft(terms, member),
        hasOpenCall: member?.hasOpenCall ?? false,
      }
    },
  )
}

export interface NeedQuery extends TimedPageRequest {
  readonly skuId?: string | undefined
  readonly isOpen?: boolean | undefined
  readonly needIds?: readonly string[]
}

export function* listNeeds(ctx: UnitContext, query: NeedQuery): Unit<Page<HarvestNeed>> {
  const { harvestNeeds: n, skus: s } = ctx.tables
  const { skuId, isOpen, needIds } = query
  const found = yield* rows(
    ctx.db
      .select({ need: n, skuName: s.name })
      .from(n)
      .innerJoin(s, eq(s.skuId, n.skuId))
      .where(
        and(
          behindInTime([n.needId], query),
          skuId === undefined ? undefined : eq(n.skuId, skuId),
          isOpen === undefined ? undefined : isOpen ? eq(n.state, 'open') : ne(n.state, 'open'),
          needIds === undefined ? undefined : inArray(n.needId, [...needIds]),
        ),
      )
      .orderBy(...inTimeOrder([n.needId], query))
      .limit(query.limit + 1),
  )
  const calls = yield* findCallsOfNeeds(
    ctx,
    found.map(({ need }) => need.needId),
  )
  return pageOfRows(
    found,
    query.limit,
    ({ need }) => [need.needId],
    ({ need, skuName }) =>
      showNeed(
        need,
        skuName,
        calls.filter(({ needId }) => needId === need.needId),
      ),
  )
}

function showNeed(need: NeedRow, skuName: string, calls: readonly CallRow[]): HarvestNeed {
  const { raisedBy: _by, stuck, ...shown } = need
  const sum = (state: CallState, unitsOf: (call: CallRow) => number) =>
    calls.reduce((total, call) => total + (call.state === state ? unitsOf(call) : 0), 0)
  return {
    ...shown,
    skuName,
    calledUnits: sum('called', ({ units }) => units),
    acceptedUnits: sum('accepted', ({ acceptedUnits }) => acceptedUnits),
    deliveredUnits: sum('delivered', ({ deliveredUnits }) => deliveredUnits),
    ...(stuck === null || need.state !== 'open' ? {} : { stuck }),
  }
}
