// Brings the locks a cabinet's lanes want by rule (rules.ts) to what its planogram, prices and books say now. Writes the locks
// only; whoever changes the twin, or refresh-locks.ts, tells the cabinet.
import { and, eq, inArray, isNull } from 'drizzle-orm'
import { findSkusById } from '../catalog/find-goods.ts'
import { lotsInCabinet } from '../stock/lane-stock.ts'
import { exec, insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { openLocksOf } from './find-locks.ts'
import { isAutomatic, wantedLocks } from './rules.ts'
import type { WantedLock } from './rules.ts'

export interface JudgedShelf {
  readonly cabinetId: string
  readonly lanes: ReadonlyArray<{ readonly laneId: string; readonly skuId: string }>
  /** Fen per piece or per kg, by SKU. */
  readonly prices: Readonly<Record<string, number>>
}

const keyOf = (lock: Pick<WantedLock, 'laneId' | 'reason' | 'causeId'>) =>
  `${lock.laneId} ${lock.reason} ${lock.causeId}`

/** True when a lock was set or ended. */
export function* judgeLanes(ctx: UnitContext, shelf: JudgedShelf): Unit<boolean> {
  const { laneLocks: t } = ctx.tables
  const wanted = new Map((yield* findWanted(ctx, shelf)).map((lock) => [keyOf(lock), lock]))
  const open = (yield* openLocksOf(shelf.cabinetId)).filter(({ reason }) => isAutomatic(reason))
  const kept = new Set<string>()
  const ended: string[] = []
  for (const lock of open) {
    const key = keyOf(lock as WantedLock)
    if (wanted.has(key)) kept.add(key)
    else ended.push(lock.lockId)
  }
  const added = [...wanted].filter(([key]) => !kept.has(key))
  const atMs = ctx.now()
  if (ended.length > 0) {
    yield* exec(
      ctx.db
        .update(t)
        .set({ releasedAtMs: atMs })
        .where(and(inArray(t.lockId, ended), isNull(t.releasedAtMs))),
    )
  }
  yield* insertRows(
    t,
    added.map(([, lock]) => ({ ...lock, lockId: ctx.newId(), cabinetId: shelf.cabinetId, lockedAtMs: atMs })),
  )
  return added.length + ended.length > 0
}

function* findWanted(ctx: UnitContext, { cabinetId, lanes, prices }: JudgedShelf): Unit<WantedLock[]> {
  const skus = yield* findSkusById(ctx, [...new Set(lanes.map(({ skuId }) => skuId))])
  const stock = yield* lotsInCabinet(cabinetId)
  const allowed = yield* findAllowed(ctx, cabinetId)
  const nowMs = ctx.now()
  return lanes.flatMap(({ laneId, skuId }) => {
    const sku = skus.get(skuId)
    if (sku === undefined) return []
    const lots = stock.filter((lot) => lot.laneId === laneId && lot.skuId === skuId)
    const isAllowed = allowed === undefined || allowed.has(skuId)
    return wantedLocks({ laneId, sku, priceFen: prices[skuId] ?? sku.priceFen, lots, isAllowed }, nowMs)
  })
}

/** The allow-list of a school's cabinet; undefined where anything may be sold. */
function* findAllowed({ db, tables: t }: UnitContext, cabinetId: string): Unit<Set<string> | undefined> {
  const site = yield* one(
    db
      .select({ kind: t.hostSites.kind })
      .from(t.cabinets)
      .innerJoin(t.hostSites, eq(t.hostSites.hostSiteId, t.cabinets.hostSiteId))
      .where(eq(t.cabinets.cabinetId, cabinetId)),
  )
  if (site?.kind !== 'school') return undefined
  const found = yield* rows(db.select({ skuId: t.schoolSkus.skuId }).from(t.schoolSkus))
  return new Set(found.map(({ skuId }) => skuId))
}
