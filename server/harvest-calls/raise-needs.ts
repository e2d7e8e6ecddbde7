// What is to be harvested: by a person's word, or by what a day's restock plan could not get from the depot.
import { and, eq, inArray } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import { findSkusById } from '../catalog/find-goods.ts'
import { insertRows, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { callNext } from './call-next.ts'
import { findCallsOfNeeds, findTerms } from './store.ts'
import type { NeedRow } from './store.ts'

const dayMs = 86_400_000
/** Where nobody has set terms; then nobody is called, but the need shows. */
const usualDeliveryDays = 2

/** Returns the need's id. Refuses with catalog.sku_unknown. */
export function* raiseNeed(
  ctx: UnitContext,
  input: { readonly skuId: string; readonly units: number; readonly byAccountId: string },
): Unit<string> {
  const { skuId, units, byAccountId } = input
  if (!(yield* findSkusById(ctx, [skuId])).has(skuId))
    throw new RefusalError('catalog.sku_unknown', undefined, { field: 'skuId' })
  return yield* raise(ctx, { skuId, units, origin: 'by_hand', raisedBy: byAccountId })
}

/**
 * Raises what a plan lacks, SKU by SKU, less what earlier needs are bringing already: planning a day anew calls nobody twice.
 * Only goods that have terms: the others are bought otherwise. Returns how many needs were raised.
 */
export function* raisePlanNeeds(ctx: UnitContext, shortBySku: ReadonlyMap<string, number>): Unit<number> {
  let raised = 0
  const coming = yield* unitsComing(ctx, [...shortBySku.keys()])
  for (const [skuId, short] of shortBySku) {
    const units = short - (coming.get(skuId) ?? 0)
    if (units <= 0 || (yield* findTerms(ctx, skuId)) === undefined) continue
    yield* raise(ctx, { skuId, units, origin: 'restock_plan', raisedBy: null })
    raised += 1
  }
  return raised
}

function* raise(ctx: UnitContext, input: Pick<NeedRow, 'skuId' | 'units' | 'origin' | 'raisedBy'>): Unit<string> {
  const terms = yield* findTerms(ctx, input.skuId)
  const raisedAtMs = ctx.now()
  const need: NeedRow = {
    needId: ctx.newId(),
    ...input,
    deliverByMs: raisedAtMs + (terms?.deliveryDays ?? usualDeliveryDays) * dayMs,
    state: 'open',
    stuck: null,
    raisedAtMs,
  }
  yield* insertRows(ctx.tables.harvestNeeds, [need])
  const { skuId, units, origin } = input
  yield* recordAudit(ctx, {
    accountId: input.raisedBy ?? undefined,
    action: 'harvest_need.raised',
    subjectId: need.needId,
    detail: { skuId, units, origin },
  })
  yield* callNext(ctx, need)
  return need.needId
}

/** Units of open needs that are not at the depot yet, by SKU. */
function* unitsComing(ctx: UnitContext, skuIds: readonly string[]): Unit<Map<string, number>> {
  if (skuIds.length === 0) return new Map()
  const { harvestNeeds: t } = ctx.tables
  const needs = yield* rows(
    ctx.db
      .select()
      .from(t)
      .where(and(eq(t.state, 'open'), inArray(t.skuId, [...skuIds]))),
  )
  const calls = yield* findCallsOfNeeds(
    ctx,
    needs.map(({ needId }) => needId),
  )
  const delivered = new Map<string, number>()
  for (const { needId, deliveredUnits } of calls) delivered.set(needId, (delivered.get(needId) ?? 0) + deliveredUnits)
  const coming = new Map<string, number>()
  for (const { needId, skuId, units } of needs)
    coming.set(skuId, (coming.get(skuId) ?? 0) + Math.max(0, units - (delivered.get(needId) ?? 0)))
  return coming
}
