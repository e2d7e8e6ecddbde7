/**
 * Gives restockers and farmers of the demo something to do: forecasts, as a quarter of sales would have made them, from which
 * each start plans its day; and the union's rotation for harvesting citrus, with calls in every state.
 */
import { asc, eq } from 'drizzle-orm'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { dayOf } from '../calendar/rules.ts'
import { rows, type Unit, type UnitContext } from '../db/unit.ts'
import { answerCall, deliverCall } from '../harvest-calls/answer-call.ts'
import { raiseNeed } from '../harvest-calls/raise-needs.ts'
import { admitMembers, setTerms } from '../harvest-calls/set-terms.ts'
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
