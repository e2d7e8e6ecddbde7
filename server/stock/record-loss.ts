// Goods that nobody bought leave the books: spoiled, missing at a count, or given away before their date. Somebody named bears
// the loss and pays the producers what a sale would have brought them; no household ever does (domain.md, stock).
import { and, eq, gt, isNotNull, isNull } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import { splitForProducers } from '../attribution/split-for-producers.ts'
import { findSkusById } from '../catalog/find-goods.ts'
import type { Effect } from '../context.ts'
import { sumOf } from '../db/expressions.ts'
import { insertRows, one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { refreshLocks } from '../lane-locks/refresh-locks.ts'
import type { CauseKind } from '../ledger/causes.ts'
import { postTransfers } from '../ledger/post-transfers.ts'
import { openMarkDownsOf } from '../mark-downs/find-mark-downs.ts'
import { priceQuantity } from '../sessions/pricing.ts'
import { bookMoves } from './book-moves.ts'
import { requireLoadableLot, requireOpenLot } from './require-goods.ts'
import { bearerAccountOf, differencePlace, fixedPlaces, lanePlace } from './rules.ts'
import type { Bearer, LanePlace, LossKind, MoveKind, Place } from './rules.ts'
import { requireMissing } from './transfer-stock.ts'

export type LossRow = UnitContext['tables']['stockLosses']['$inferSelect']

export interface NewLoss {
  readonly kind: LossKind
  readonly lotId: string
  /** Without it: the depot. */
  readonly lane?: LanePlace | undefined
  /** What the lane's counts missed, not what lies in it. */
  readonly isFromDifference: boolean
  readonly units: number
  readonly bearer: Bearer
  readonly recipient?: string | undefined
  readonly reason: string
  readonly by: string
  /** The most of a lot that people book alone in a day, fen by the label; without it a rule of the ladder says what goes. */
  readonly dayLimitFen?: number | undefined
  /** Another person than `by`, who has seen the request. */
  readonly confirmedBy?: string | undefined
}

export interface RecordedLoss {
  readonly loss: LossRow
  readonly effects: readonly Effect[]
}

const ways = {
  wastage: { to: fixedPlaces.wastage, move: 'wasted', cause: 'stock-loss' },
  shrink: { to: fixedPlaces.shrink, move: 'shrunk', cause: 'stock-loss' },
  donation: { to: fixedPlaces.donation, move: 'donated', cause: 'donation' },
} as const satisfies Record<LossKind, { to: Place; move: MoveKind; cause: CauseKind }>

/** The cause in the ledger of a loss of this kind; its id is the loss's. */
export const causeOfLoss = (kind: LossKind) => ways[kind].cause

/** So many small losses of a lot in this time are as one. */
const aloneWindowMs = 86_400_000

/**
 * Refuses with stock.lot_unknown, lot_closed, for a donation lot_expired and lot_recalled, not_enough, bearer_unknown, recipient_missing, second_person_missing and
 * attribution.plan_missing.
 */
export function* recordLoss(ctx: UnitContext, input: NewLoss): Unit<RecordedLoss> {
  const { kind, lotId, lane, units, bearer, recipient, reason, by, confirmedBy } = input
  // What may not be sold may not be given away either.
  const lot = kind === 'donation' ? yield* requireLoadableLot(ctx, lotId) : yield* requireOpenLot(ctx, lotId)
  if ((kind === 'donation') !== (recipient !== undefined))
    throw new RefusalError('stock.recipient_missing', undefined, { field: 'recipient' })
  yield* requireBearer(ctx, bearer)
  const from = yield* sourceOf(ctx, input)
  const price = yield* priceOf(ctx, lot.skuId, units, lane)
  const aloneFen = yield* requirePeople(ctx, input, price.listFen)
  const atMs = ctx.now()
  const { planId, parts } = yield* splitForProducers(ctx, { lotId, amountFen: price.listFen, atMs })
  const lossId = ctx.newId()
  const { to, move, cause } = ways[kind]
  yield* bookMoves(ctx, [{ kind: move, lotId, from, to, units, causeId: lossId, reason, by }])
  const loss: LossRow = {
    lossId,
    kind,
    lotId,
    fromPlace: from,
    units,
    bearer: bearer.kind,
    hostSiteId: bearer.hostSiteId ?? null,
    recipient: recipient ?? null,
    reason,
    ...price,
    owedFen: parts.reduce((sum, { amountFen }) => sum + amountFen, 0),
    planId,
    recordedBy: by,
    aloneFen,
    confirmedBy: confirmedBy ?? null,
    atMs,
  }
  yield* insertRows(ctx.tables.stockLosses, [loss])
  yield* insertRows(
    ctx.tables.stockLossParts,
    parts.map(({ role: _role, householdCode, sourceOrdinal, ...part }, ordinal) => ({
      ...part,
      lossId,
      ordinal,
      householdCode: householdCode ?? null,
      sourceOrdinal: sourceOrdinal ?? null,
    })),
  )
  const debit = bearerAccountOf(kind, bearer)
  yield* postTransfers(
    ctx,
    parts.map(({ accountId, amountFen }, ordinal) => ({
      debit,
      credit: accountId,
      amountFen,
      cause: { kind: cause, id: lossId },
      leg: String(ordinal),
      memo: reason,
    })),
  )
  yield* recordAudit(ctx, {
    accountId: confirmedBy ?? by,
    action: kind === 'donation' ? 'stock.donated' : 'stock.lost',
    subjectId: lossId,
    why: reason,
    after: { kind, lotId, from, units, bearer: bearer.kind, owedFen: loss.owedFen },
    ...(confirmedBy === undefined ? {} : { detail: { requestedBy: by } }),
  })
  return { loss, effects: lane === undefined ? [] : yield* refreshLocks(ctx, [lane.cabinetId], 'stock') }
}

/** What one person may still book of the lot, fen; null without a limit. A second person may book any amount with the first. */
function* requirePeople(
  ctx: UnitContext,
  { lotId, by, dayLimitFen, confirmedBy }: NewLoss,
  listFen: number,
): Unit<number | null> {
  if (confirmedBy === by) throw new RefusalError('stock.same_person')
  if (dayLimitFen === undefined) return null
  const { stockLosses: l } = ctx.tables
  const isRecent = gt(l.atMs, ctx.now() - aloneWindowMs)
  const booked = yield* one(
    ctx.db
      .select({ fen: sumOf(l.listFen) })
      .from(l)
      .where(and(eq(l.lotId, lotId), isRecent, isNotNull(l.aloneFen), isNull(l.confirmedBy))),
  )
  const aloneFen = Math.max(0, dayLimitFen - (booked?.fen ?? 0))
  if (listFen > aloneFen && confirmedBy === undefined)
    throw new RefusalError('stock.second_person_missing', undefined, { field: 'units', facts: { listFen, aloneFen } })
  return aloneFen
}

function* requireBearer({ db, tables: { hostSites: t } }: UnitContext, { kind, hostSiteId }: Bearer): Unit<void> {
  if (kind !== 'site' && hostSiteId === undefined) return
  const site =
    hostSiteId === undefined
      ? undefined
      : yield* one(db.select({ hostSiteId: t.hostSiteId }).from(t).where(eq(t.hostSiteId, hostSiteId)))
  if (kind !== 'site' || site === undefined)
    throw new RefusalError('stock.bearer_unknown', undefined, { field: 'bearer.hostSiteId' })
}

function* sourceOf(ctx: UnitContext, { lane, lotId, units, isFromDifference }: NewLoss): Unit<Place> {
  if (lane === undefined) return fixedPlaces.depot
  if (!isFromDifference) return lanePlace(lane)
  yield* requireMissing(ctx, { ...lane, lotId, units })
  return differencePlace(lane)
}

/** What the goods would have sold for: by the cabinet's price where they lie in one, else by the SKU's price label. */
function* priceOf(ctx: UnitContext, skuId: string, units: number, lane: LanePlace | undefined) {
  const sku = (yield* findSkusById(ctx, [skuId])).get(skuId)
  if (sku === undefined) throw new RefusalError('stock.lot_unknown', undefined, { field: 'lotId' })
  const unitPriceFen =
    lane === undefined ? sku.priceFen : yield* cabinetPriceOf(ctx, lane.cabinetId, skuId, sku.priceFen)
  const listFen = priceQuantity(sku.mode, { count: units, massMg: units * sku.labelUnitMassMg }, unitPriceFen) ?? 0
  return { unitPriceFen, listFen }
}

/** Not the price that was put down near the date: the producers are paid by the price label. */
function* cabinetPriceOf(ctx: UnitContext, cabinetId: string, skuId: string, labelFen: number): Unit<number> {
  const { cabinetTwins: t } = ctx.tables
  const twin = yield* one(ctx.db.select({ prices: t.prices }).from(t).where(eq(t.cabinetId, cabinetId)))
  const priceFen = twin?.prices.prices[skuId] ?? labelFen
  const down = (yield* openMarkDownsOf(ctx, cabinetId)).get(skuId)
  return down?.priceFen === priceFen ? down.listPriceFen : priceFen
}
