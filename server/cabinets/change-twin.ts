// Changes what a cabinet should be: planogram, prices, configuration. A writer says which version it saw; a stale one is
// refused, so that nobody's change is lost unseen. Every version is kept, so that an old bill finds the shelf it was made on.
import { and, eq, inArray, isNotNull, sql, type SQL } from 'drizzle-orm'
import {
  type AgentRelease,
  CabinetConfig,
  type CabinetConfigChange,
  type DesiredTwin,
  type PlanogramLane,
  type PriceList,
} from '#shared/contracts/mqtt/twin.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { findClashes, type WeightClash } from '#shared/planogram/planogram-check.ts'
import { findLotsById, findSkusById } from '../catalog/find-goods.ts'
import type { Effect } from '../context.ts'
import { exec, insertRows, one, rows, statement, statementOfMany, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { openLocksOf, openLocksOfMany, toLockedLanes } from '../lane-locks/find-locks.ts'
import { judgeLanes } from '../lane-locks/judge-lanes.ts'
import { type TwinPart, twinParts } from './twin-diff.ts'

/** A lane as an operator plans it; weights, name and mode come from the SKU. */
export type PlannedLane = Omit<PlanogramLane, 'skuName' | 'labelUnitMassMg' | 'labelUnitMassSdMg' | 'mode'>

export interface TwinChange {
  readonly cabinetId: Id
  /** The version the writer saw; undefined overwrites whatever is there. */
  readonly expectedVersion?: number | undefined
  /** Name of who changes it. */
  readonly changedBy: string
}

export interface ChangedTwin {
  readonly twin: DesiredTwin
  readonly effects: readonly Effect[]
}

export function* findTwin({ db, tables: { cabinetTwins: t } }: UnitContext, cabinetId: Id): Unit<DesiredTwin> {
  const row = yield* one(db.select().from(t).where(eq(t.cabinetId, cabinetId)))
  if (row === undefined) throw new RefusalError('cabinet.unknown')
  const { version, planogram, prices, config, agent } = row
  return { version, planogram, prices, config, agent, lockedLanes: toLockedLanes(yield* openLocksOf(cabinetId)) }
}

function selectTwins({ db, tables: { cabinets, cabinetTwins: t } }: UnitContext, where?: SQL) {
  return db
    .select({
      cabinetId: t.cabinetId,
      version: t.version,
      planogram: t.planogram,
      prices: t.prices,
      config: t.config,
      agent: t.agent,
    })
    .from(t)
    .innerJoin(cabinets, eq(cabinets.cabinetId, t.cabinetId))
    .where(and(isNotNull(cabinets.publicKey), where))
}

const twinsOfAll = statement((ctx) => selectTwins(ctx))
const twinsOfSome = statementOfMany((ctx, ids) => selectTwins(ctx, inArray(ctx.tables.cabinetTwins.cabinetId, ids)))

/** Twins of every enrolled cabinet, or of those named. */
export function* findTwins(
  ctx: UnitContext,
  cabinetIds?: readonly Id[],
): Unit<Array<{ cabinetId: Id; twin: DesiredTwin }>> {
  if (cabinetIds?.length === 0) return []
  const found = yield* rows(
    cabinetIds === undefined ? twinsOfAll.with({}) : twinsOfSome.of(ctx, [...new Set(cabinetIds)]),
  )
  const locks = yield* openLocksOfMany(ctx, cabinetIds)
  return found.map(({ cabinetId, ...twin }) => ({
    cabinetId,
    twin: { ...twin, lockedLanes: toLockedLanes(locks.get(cabinetId) ?? []) },
  }))
}

/** After locks were set or released: one more version of each of these twins, and all of them to be published. */
export function* publishLocks(ctx: UnitContext, cabinetIds: readonly Id[], changedBy: string): Unit<readonly Effect[]> {
  const { cabinetTwins: t, twinChanges } = ctx.tables
  if (cabinetIds.length === 0) return []
  const atMs = ctx.now()
  yield* exec(
    ctx.db
      .update(t)
      .set({ version: sql`${t.version} + 1`, changedAtMs: atMs })
      .where(inArray(t.cabinetId, [...new Set(cabinetIds)])),
  )
  const twins = yield* findTwins(ctx, cabinetIds)
  yield* insertRows(
    twinChanges,
    twins.map(({ cabinetId, twin: { version, lockedLanes } }) => ({
      cabinetId,
      version,
      part: 'locks' as const,
      partVersion: version,
      value: lockedLanes,
      changedBy,
      atMs,
    })),
  )
  return twins.map(({ cabinetId, twin }) => ({ kind: 'desired', cabinetId, twin }))
}

function checkVersion(change: TwinChange, version: number): void {
  if (change.expectedVersion === undefined || change.expectedVersion === version) return
  throw new RefusalError('cabinet.twin_stale', undefined, { field: 'expectedVersion', facts: { version } })
}

/** Stores the changed parts, one twin version each, and leaves the whole to be published. */
function* saveTwin(
  ctx: UnitContext,
  change: TwinChange,
  before: DesiredTwin,
  next: Partial<Pick<DesiredTwin, TwinPart>>,
): Unit<ChangedTwin> {
  const { cabinetTwins, twinChanges } = ctx.tables
  const atMs = ctx.now()
  const changed = twinParts.filter((part) => next[part] !== undefined)
  const { lockedLanes: lockedBefore, ...kept } = { ...before, ...next, version: before.version + changed.length }
  yield* exec(
    ctx.db
      .update(cabinetTwins)
      .set({ ...kept, changedAtMs: atMs })
      .where(eq(cabinetTwins.cabinetId, change.cabinetId)),
  )
  const twin: DesiredTwin = { ...kept, lockedLanes: yield* judgeAnew(ctx, change.cabinetId, kept, lockedBefore) }
  yield* insertRows(
    twinChanges,
    changed.map((part, index) => ({
      cabinetId: change.cabinetId,
      version: before.version + 1 + index,
      part,
      partVersion: part === 'planogram' || part === 'prices' ? twin[part].version : before.version + 1 + index,
      value: twin[part],
      changedBy: change.changedBy,
      atMs,
    })),
  )
  return { twin, effects: [{ kind: 'desired', cabinetId: change.cabinetId, twin }] }
}

/** The locks as they are for the twin that is saved: other goods or prices may lock a lane, or let it go. */
function* judgeAnew(
  ctx: UnitContext,
  cabinetId: Id,
  { planogram: { lanes }, prices: { prices } }: Pick<DesiredTwin, 'planogram' | 'prices'>,
  before: DesiredTwin['lockedLanes'],
): Unit<DesiredTwin['lockedLanes']> {
  const isChanged = yield* judgeLanes(ctx, { cabinetId, lanes, prices })
  return isChanged ? toLockedLanes(yield* openLocksOf(cabinetId)) : before
}

/** Fills a planned lane from its SKU; refuses unknown SKUs and lots of other SKUs, naming the lane. */
function* fillLanes(ctx: UnitContext, planned: readonly PlannedLane[]) {
  const skus = yield* findSkusById(ctx, [...new Set(planned.map(({ skuId }) => skuId))])
  const lotIds = planned.flatMap(({ lotId }) => (lotId === undefined ? [] : [lotId]))
  const lots = yield* findLotsById(ctx, [...new Set(lotIds)])
  const seen = new Set<string>()
  const lanes = planned.map((lane, index): PlanogramLane => {
    if (seen.has(lane.laneId))
      throw new RefusalError('cabinet.lane_repeated', undefined, { field: `lanes.${index}.laneId` })
    seen.add(lane.laneId)
    const sku = skus.get(lane.skuId)
    if (sku === undefined) throw new RefusalError('cabinet.sku_unknown', undefined, { field: `lanes.${index}.skuId` })
    if (lane.lotId !== undefined && lots.get(lane.lotId)?.skuId !== lane.skuId)
      throw new RefusalError('cabinet.lot_unknown', undefined, { field: `lanes.${index}.lotId` })
    const { name: skuName, mode, labelUnitMassMg, labelUnitMassSdMg } = sku
    return { ...lane, skuName, mode, labelUnitMassMg, labelUnitMassSdMg }
  })
  return { lanes, skus }
}

/** Saves a planogram. SKUs that had no price in this cabinet get the one of their label. */
export function* changePlanogram(
  ctx: UnitContext,
  change: TwinChange & { readonly lanes: readonly PlannedLane[] },
): Unit<ChangedTwin & { readonly warnings: WeightClash[] }> {
  const before = yield* findTwin(ctx, change.cabinetId)
  checkVersion(change, before.planogram.version)
  const { lanes, skus } = yield* fillLanes(ctx, change.lanes)
  const priced = new Set(Object.keys(before.prices.prices))
  const added = [...skus.values()].filter(({ skuId }) => !priced.has(skuId))
  const prices = {
    version: before.prices.version + 1,
    prices: { ...before.prices.prices, ...Object.fromEntries(added.map((sku) => [sku.skuId, sku.priceFen])) },
  }
  const saved = yield* saveTwin(ctx, change, before, {
    planogram: { version: before.planogram.version + 1, lanes },
    ...(added.length === 0 ? {} : { prices }),
  })
  return { ...saved, warnings: findClashes(lanes, yield* findReported(ctx, change.cabinetId)) }
}

/** What the cabinet last said of itself. */
function* findReported({ db, tables: { cabinetStatuses: s } }: UnitContext, cabinetId: Id) {
  const status = yield* one(db.select({ reported: s.reported }).from(s).where(eq(s.cabinetId, cabinetId)))
  return status?.reported ?? undefined
}

/** Sets prices of the named SKUs; others keep theirs. Effective between sessions, which the cabinet sees to. */
export function* changePrices(
  ctx: UnitContext,
  change: TwinChange & { readonly prices: Readonly<Record<Id, number>> },
): Unit<ChangedTwin> {
  const before = yield* findTwin(ctx, change.cabinetId)
  checkVersion(change, before.prices.version)
  const skuIds = Object.keys(change.prices)
  const known = yield* findSkusById(ctx, skuIds)
  const unknown = skuIds.find((skuId) => !known.has(skuId))
  if (unknown !== undefined) throw new RefusalError('cabinet.sku_unknown', undefined, { field: `prices.${unknown}` })
  const prices = { version: before.prices.version + 1, prices: { ...before.prices.prices, ...change.prices } }
  return yield* saveTwin(ctx, change, before, { prices })
}

/** Changes some settings of the configuration. */
export function* changeConfig(
  ctx: UnitContext,
  change: TwinChange & { readonly config: CabinetConfigChange },
): Unit<ChangedTwin> {
  const before = yield* findTwin(ctx, change.cabinetId)
  const config = CabinetConfig.safeParse({ ...before.config, ...change.config })
  if (!config.success) throw new RefusalError('cabinet.config_invalid', config.error.issues[0]?.message)
  return yield* saveTwin(ctx, change, before, { config: config.data })
}

/** Says which agent a cabinet should run; null: the one installed with it. */
export function* changeAgent(
  ctx: UnitContext,
  change: TwinChange & { readonly agent: AgentRelease | null },
): Unit<ChangedTwin> {
  const before = yield* findTwin(ctx, change.cabinetId)
  return yield* saveTwin(ctx, change, before, { agent: change.agent })
}

/** Puts lanes or prices back as they once stood, as a new version of the part. */
export function* putBack(
  ctx: UnitContext,
  change: TwinChange,
  was: { readonly lanes: readonly PlanogramLane[] } | { readonly prices: PriceList['prices'] },
): Unit<ChangedTwin> {
  const before = yield* findTwin(ctx, change.cabinetId)
  const next =
    'lanes' in was
      ? { planogram: { version: before.planogram.version + 1, lanes: [...was.lanes] } }
      : { prices: { version: before.prices.version + 1, prices: was.prices } }
  return yield* saveTwin(ctx, change, before, next)
}

/** More changes than a twin sees between a backup and what it was made for. */
const renewalLeap = 100_000

/**
 * After the database was put back to an earlier instant: cabinets may hold later twins under the very numbers that are given next, and
 * would take another planogram, other prices or locks for known. All numbers go past any that was given, and every twin is new.
 */
export function* renewTwins(ctx: UnitContext, changedBy: string): Unit<number> {
  const found = yield* findTwins(ctx)
  for (const { cabinetId, twin } of found) {
    const { version, planogram, prices } = twin
    yield* saveTwin(
      ctx,
      { cabinetId, changedBy },
      { ...twin, version: version + renewalLeap },
      {
        planogram: { ...planogram, version: planogram.version + renewalLeap },
        prices: { ...prices, version: prices.version + renewalLeap },
      },
    )
  }
  return found.length
}
