/**
 * Gives restockers and farmers of the demo something to do: forecasts, as a quarter of sales would have made them, from which
 * each start plans its day; the ladder by which goods near their date get cheaper, move or are given away; and the union's
 * rotation for harvesting citrus, with calls in every state.
 */
import { asc, eq } from 'drizzle-orm'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { dayOf } from '../calendar/rules.ts'
import { rows, type Unit, type UnitContext } from '../db/unit.ts'
import { answerCall, deliverCall } from '../harvest-calls/answer-call.ts'
import { raiseNeed } from '../harvest-calls/raise-needs.ts'
import { admitMembers, setTerms } from '../harvest-calls/set-terms.ts'
import { listRules, setRules, versionOfRules, type CategoryLadder } from '../mark-downs/set-rules.ts'
import type { Viewer } from '../personal-data/row-scope.ts'
import { forecastDays, keepForecasts } from '../replenishment/make-forecasts.ts'
import type { DemoData } from './data/demo-data.ts'
import type { SkuKey } from './data/goods.ts'

export interface RestockingIds {
  readonly skus: ReadonlyMap<SkuKey, Id>
  readonly unionId: Id
  readonly operatorId: Id
  readonly restockerId: Id
  readonly farmerId: Id
}

/** A lane sells about so much of what it holds in a day: three days' demand fills it up to the brim. */
const partSoldPerDay = 0.4
const otherMembers = 7
const hourMs = 3_600_000

/** Call after the cabinets are there. */
export function* seedForecasts(ctx: UnitContext, data: DemoData, skus: ReadonlyMap<SkuKey, Id>): Unit<void> {
  const { cabinets: t } = ctx.tables
  const live = yield* rows(
    ctx.db
      .select({ cabinetId: t.cabinetId, code: t.code })
      .from(t)
      .where(eq(t.rolloutState, 'live'))
      .orderBy(asc(t.code)),
  )
  const forecasts = live.flatMap(({ cabinetId, code }) =>
    (data.shelves.get(code) ?? []).map(({ skuKey, capacity }) => ({
      cabinetId,
      skuId: skus.get(skuKey) ?? '',
      meanByDay: Array.from({ length: forecastDays }, () => capacity * partSoldPerDay),
      dispersion: 1.2,
    })),
  )
  yield* keepForecasts(ctx, dayOf(ctx.now()), forecasts)
}

/** What keeps for weeks gets two steps down, what keeps for days only the last day's. */
export function* seedLadder(ctx: UnitContext, byAccountId: Id): Unit<void> {
  const rules: readonly CategoryLadder[] = [
    {
      category: 'fruit',
      steps: [
        { daysLeft: 2, percentOff: 15 },
        { daysLeft: 1, percentOff: 30 },
        { daysLeft: 0, percentOff: 50 },
      ],
      transferDaysLeft: 2,
      donationDaysLeft: 1,
    },
    { category: 'vegetable', steps: [{ daysLeft: 0, percentOff: 40 }], transferDaysLeft: 0, donationDaysLeft: 0 },
    {
      category: 'egg',
      steps: [
        { daysLeft: 5, percentOff: 15 },
        { daysLeft: 2, percentOff: 30 },
      ],
      transferDaysLeft: 5,
      donationDaysLeft: 2,
    },
  ]
  yield* setRules(ctx, {
    rules,
    expectedVersion: versionOfRules(yield* listRules(ctx)),
    note: '演示：临期先降价，再调拨，最后捐赠',
    by: byAccountId,
  })
}

/** The farmer has delivered once and is called again; of the others one has declined, one promised, and some have yet to answer. */
export function* seedHarvestCalls(ctx: UnitContext, data: DemoData, ids: RestockingIds): Unit<void> {
  const skuId = ids.skus.get('wogan') ?? ''
  const { operatorId: byAccountId, unionId: supplierId } = ids
  const amounts = { floorFen: 700, capUnits: 60, capDays: 30, minUnitsPerCall: 5, maxUnitsPerCall: 20 }
  const times = { answerHours: 24, deliveryDays: 3 }
  yield* setTerms(ctx, { skuId, supplierId, expectedVersion: 0, ...amounts, ...times, byAccountId })
  const { farmerHouseholdCode: farmerCode } = data
  yield* admitMembers(ctx, { skuId, householdCodes: [farmerCode], byAccountId })
  const firstNeed = yield* raiseNeed(ctx, { skuId, units: 12, byAccountId })
  const [firstCall = ''] = yield* callsOf(ctx, firstNeed)
  const farmer = viewerOf(ids.farmerId, 'farmer', farmerCode)
  yield* answerCall(ctx, { viewer: farmer, callId: firstCall, answer: 'accept' })
  yield* deliverCall(ctx, {
    viewer: viewerOf(ids.restockerId, 'restocker'),
    callId: firstCall,
    units: 12,
    harvestedAtMs: ctx.now() - 3 * hourMs,
    certificateNumber: 'YB-CALL-000001',
  })
  const others = data.unionMemberCodes.filter((code) => code !== farmerCode).slice(0, otherMembers)
  yield* admitMembers(ctx, { skuId, householdCodes: others, byAccountId })
  const secondNeed = yield* raiseNeed(ctx, { skuId, units: 60, byAccountId })
  const [declined = '', promised = ''] = yield* callsOf(ctx, secondNeed)
  const byPhone = viewerOf(byAccountId, 'operator')
  yield* answerCall(ctx, { viewer: byPhone, callId: declined, answer: 'decline', reason: '电话答复：还没有成熟' })
  yield* answerCall(ctx, { viewer: byPhone, callId: promised, answer: 'accept', units: 15 })
  // As many as the rotation has left before it comes round to the farmer.
  yield* raiseNeed(ctx, { skuId, units: 80, byAccountId })
}

function* callsOf({ db, tables: { harvestCalls: t } }: UnitContext, needId: string): Unit<string[]> {
  const found = yield* rows(db.select({ callId: t.callId }).from(t).where(eq(t.needId, needId)).orderBy(asc(t.seq)))
  return found.map(({ callId }) => callId)
}

function viewerOf(accountId: Id, role: Viewer['roles'][number], householdCode?: string): Viewer {
  return { accountId, roles: [role], householdCode, areaCode: undefined }
}
