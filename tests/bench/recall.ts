// A recall with a thousand cabinets connected: how long until the last of them knows that the lane is locked.
import { eq } from 'drizzle-orm'
import { openRecall } from '#shared/contracts/http/recalls.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { delay } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { bookMoves } from '#server/stock/book-moves.ts'
import { fixedPlaces, lanePlace } from '#server/stock/rules.ts'
import { receiveLot } from '#server/catalog/receive-lot.ts'
import { exec, type Unit, type UnitContext } from '#server/db/unit.ts'
import { householdCode, seedGoods } from '#tests/support/market.ts'
import type { BenchRow } from './bench-row.ts'
import { gatherSwarm } from './fleet/swarm.ts'
import { quantile } from './quantile.ts'

const cabinetCount = 1_000
const unitsEach = 10
const goalMs = 2_000
/** After this a cabinet counts as not reached. */
const mostMs = 15_000
/** Welcomes of the cabinets that have just connected go out first. */
const settleMs = 5_000

/** Every cabinet sells citrus from its first lane, all of one lot. */
function* stock(ctx: UnitContext, cabinetIds: readonly Id[]): Unit<Id> {
  const { citrus, supplierId } = yield* seedGoods(ctx, ctx.now() - 3_600_000)
  const units = cabinetIds.length * unitsEach
  const { lot } = yield* receiveLot(ctx, {
    skuId: citrus.skuId,
    supplierId,
    harvestedAtMs: ctx.now() - 3_600_000,
    unitsReceived: units,
    certificateNumber: 'YSCN-0002',
    sources: [{ householdCode: householdCode(1), units }],
    byAccountId: 'keeper',
  })
  const label = { skuId: citrus.skuId, skuName: '沃柑', mode: 'piece', capacity: 40 } as const
  const mass = { labelUnitMassMg: 1_000_000, labelUnitMassSdMg: 20_000, isOnSale: true }
  const planogram = { version: 1, lanes: [{ laneId: 'L01', ...label, ...mass }] }
  const prices = { version: 1, prices: { [citrus.skuId]: citrus.priceFen } }
  const { cabinetTwins: t } = ctx.tables
  for (const cabinetId of cabinetIds) {
    yield* exec(ctx.db.update(t).set({ version: 1, planogram, prices }).where(eq(t.cabinetId, cabinetId)))
    const to = lanePlace({ cabinetId, laneId: 'L01' })
    const goods = { lotId: lot.lotId, units: unitsEach, causeId: cabinetId }
    yield* bookMoves(ctx, [{ kind: 'loaded', from: fixedPlaces.depot, to, ...goods }])
  }
  return lot.lotId
}

export async function benchRecall(): Promise<BenchRow[]> {
  let lotId = ''
  await using swarm = await gatherSwarm({
    cabinetCount,
    *prepare(ctx, cabinetIds) {
      lotId = yield* stock(ctx, cabinetIds)
    },
  })
  await delay(systemClock, settleMs)
  const startMs = systemClock.now()
  await swarm.operator.call(openRecall, { body: { lotId, reason: '抽检不合格' } })
  const answeredMs = systemClock.now() - startMs
  let reachedMs: number[] = []
  while (reachedMs.length < cabinetCount && systemClock.now() - startMs < mostMs) {
    await delay(systemClock, 250)
    swarm.order({ do: 'count' })
    const { cabinets } = await swarm.next('count')
    reachedMs = cabinets.flatMap(({ recalledAtMs }) => (recalledAtMs === undefined ? [] : [recalledAtMs - startMs]))
  }
  const lastMs = reachedMs.length === cabinetCount ? Math.max(...reachedMs) : Number.POSITIVE_INFINITY
  const what = 'Recall with 1,000 cabinets connected'
  return [
    {
      name: `${what}: the last one knows after`,
      value: lastMs,
      unit: 'ms',
      limit: goalMs,
      limitName: 'goal',
      keepsLimit: lastMs <= goalMs,
    },
    { name: `${what}: half of them know after`, value: quantile(reachedMs, 0.5), unit: 'ms' },
    { name: `${what}: the operator has the answer after`, value: answeredMs, unit: 'ms' },
    {
      name: `${what}: cabinets reached`,
      value: reachedMs.length,
      unit: '',
      limit: cabinetCount,
      limitName: 'all',
      keepsLimit: reachedMs.length === cabinetCount,
    },
  ]
}
