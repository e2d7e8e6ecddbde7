// Calls who is next in rotation for what a need still lacks: when it is raised, and whenever a call brought less than asked for.
import { and, eq, sql } from 'drizzle-orm'
import { householdPriceOf } from '../attribution/revenue-plans.ts'
import { recordAudits } from '../audit/record-audit.ts'
import { findSkusById } from '../catalog/find-goods.ts'
import { exec, insertRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { boundUnitsOf, chooseCalls } from './rules.ts'
import type { StuckReason } from './rules.ts'
import { findCallsOfNeeds, findCandidates, findOpenNeeds, findTerms, nextSeq } from './store.ts'
import type { CallRow, NeedRow, TermsRow } from './store.ts'

const hourMs = 3_600_000
const dayMs = 86_400_000

/**
 * Makes the calls that open needs of a SKU lack, the oldest need first. Whenever a call ends, terms change or a household joins: who
 * is free by it may be wanted for another need than the one that was asked for.
 */
export function* callForSku(ctx: UnitContext, skuId: string): Unit<void> {
  for (const need of yield* findOpenNeeds(ctx, skuId)) yield* callNext(ctx, need)
}

/** Makes the calls a need lacks, and keeps why there are none. A need that is met or over calls nobody. */
export function* callNext(ctx: UnitContext, need: NeedRow): Unit<void> {
  const calls = yield* findCallsOfNeeds(ctx, [need.needId])
  const delivered = calls.reduce((sum, call) => sum + call.deliveredUnits, 0)
  if (delivered >= need.units) return yield* change(ctx, need, { state: 'met', stuck: null })
  if (need.deliverByMs <= ctx.now()) return
  const left = need.units - calls.reduce((sum, call) => sum + boundUnitsOf(call), 0)
  if (left <= 0) return yield* change(ctx, need, { stuck: null })
  const asked = new Set(calls.map(({ householdCode }) => householdCode))
  yield* change(ctx, need, { stuck: (yield* makeCalls(ctx, need, left, asked)) ?? null })
}

/**
 * Returns why more cannot be called; undefined when the calls cover what is left. Who was asked for this need already has
 * said what can be had.
 */
function* makeCalls(
  ctx: UnitContext,
  need: NeedRow,
  left: number,
  asked: ReadonlySet<string>,
): Unit<StuckReason | undefined> {
  const terms = yield* findTerms(ctx, need.skuId)
  if (terms === undefined) return 'no_terms'
  const priceFen = yield* priceOf(ctx, terms)
  if (priceFen < terms.floorFen) return 'under_floor'
  const chosen = chooseCalls(
    terms,
    (yield* findCandidates(ctx, terms)).filter(({ householdCode }) => !asked.has(householdCode)),
    left,
  )
  const firstSeq = yield* nextSeq(ctx, need.skuId)
  const calledAtMs = ctx.now()
  const calls = chosen.map(({ householdCode, units }, index): CallRow => ({
    callId: ctx.newId(),
    needId: need.needId,
    skuId: need.skuId,
    seq: firstSeq + index,
    householdCode,
    state: 'called',
    units,
    acceptedUnits: 0,
    deliveredUnits: 0,
    termsVersion: terms.version,
    priceFen,
    floorFen: terms.floorFen,
    calledAtMs,
    answerByMs: Math.min(calledAtMs + terms.answerHours * hourMs, need.deliverByMs),
    deliverByMs: Math.max(need.deliverByMs, calledAtMs + dayMs),
    answeredAtMs: null,
    answeredBy: null,
    endedAtMs: null,
    reason: null,
    lotId: null,
  }))
  yield* insertRows(ctx.tables.harvestCalls, calls)
  for (const call of calls) yield* moveToEnd(ctx, call)
  yield* recordAudits(
    ctx,
    calls.map(({ callId, householdCode, units }) => ({
      accountId: need.raisedBy ?? undefined,
      action: 'harvest_call.made',
      subjectId: callId,
      detail: { needId: need.needId, householdCode, units, priceFen, floorFen: terms.floorFen },
    })),
  )
  const called = calls.reduce((sum, { units }) => sum + units, 0)
  return called < left ? 'nobody_left' : undefined
}

/** What a household gets for a unit that sells at its label's price, by the plan in force; rounded down. */
function* priceOf(ctx: UnitContext, { skuId, supplierId }: TermsRow): Unit<number> {
  const sku = (yield* findSkusById(ctx, [skuId])).get(skuId)
  return sku === undefined ? 0 : yield* householdPriceOf(supplierId, sku.priceFen, ctx.now())
}

function* moveToEnd(ctx: UnitContext, { skuId, householdCode, seq, calledAtMs }: CallRow): Unit<void> {
  const { harvestMembers: m } = ctx.tables
  yield* exec(
    ctx.db
      .update(m)
      .set({ lastCalledSeq: seq, lastCalledAtMs: calledAtMs, calls: sql`${m.calls} + 1` })
      .where(and(eq(m.skuId, skuId), eq(m.householdCode, householdCode))),
  )
}

function* change(ctx: UnitContext, { needId }: NeedRow, changes: Partial<NeedRow>): Unit<void> {
  const { harvestNeeds: t } = ctx.tables
  yield* exec(ctx.db.update(t).set(changes).where(eq(t.needId, needId)))
}
