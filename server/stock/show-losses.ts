// Losses and the requests for large ones, with the names of their goods, places and people.
import { and, eq, inArray } from 'drizzle-orm'
import type { z } from 'zod'
import type { LossRequest, StockLoss } from '#shared/contracts/http/stock-losses.ts'
import { behindInTime, inTimeOrder, pageOfRows } from '../db/keyset.ts'
import type { Page, TimedPageRequest } from '../db/keyset.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { namesOfPeople } from '../identity/people-names.ts'
import type { LossRow } from './record-loss.ts'
import type { LossRequestRow } from './request-loss.ts'
import type { LossKind } from './rules.ts'
import { namePlaces } from './show-stock.ts'

type LossView = z.input<typeof StockLoss>
type LossRequestView = z.input<typeof LossRequest>
/** What a loss and a request for one have alike. */
type Goods = Pick<LossRow, 'lotId' | 'fromPlace' | 'bearer' | 'hostSiteId' | 'recipient'>

/** Newest first. */
export function* listLosses(
  ctx: UnitContext,
  query: TimedPageRequest & { readonly lotId?: string | undefined; readonly kind?: LossKind | undefined },
): Unit<Page<LossView>> {
  const { stockLosses: l } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select()
      .from(l)
      .where(
        and(
          query.lotId === undefined ? undefined : eq(l.lotId, query.lotId),
          query.kind === undefined ? undefined : eq(l.kind, query.kind),
          behindInTime([l.lossId], query),
        ),
      )
      .orderBy(...inTimeOrder([l.lossId], query))
      .limit(query.limit + 1),
  )
  const shown = new Map((yield* showLosses(ctx, found)).map((loss) => [loss.lossId, loss]))
  return pageOfRows(
    found,
    query.limit,
    ({ lossId }) => [lossId],
    ({ lossId }) => shown.get(lossId) as LossView,
  )
}

/** Newest first. */
export function* listLossRequests(
  ctx: UnitContext,
  query: TimedPageRequest & { readonly state?: LossRequestRow['state'] | undefined },
): Unit<Page<LossRequestView>> {
  const { stockLossRequests: t } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select()
      .from(t)
      .where(and(query.state === undefined ? undefined : eq(t.state, query.state), behindInTime([t.requestId], query)))
      .orderBy(...inTimeOrder([t.requestId], query))
      .limit(query.limit + 1),
  )
  const shown = new Map((yield* showLossRequests(ctx, found)).map((request) => [request.requestId, request]))
  return pageOfRows(
    found,
    query.limit,
    ({ requestId }) => [requestId],
    ({ requestId }) => shown.get(requestId) as LossRequestView,
  )
}

/** In the order given. */
export function* showLosses(ctx: UnitContext, losses: readonly LossRow[]): Unit<LossView[]> {
  const showGoods = yield* nameGoods(ctx, losses)
  const people = yield* namesOfPeople(
    ctx,
    losses.flatMap(({ recordedBy, confirmedBy }) => [recordedBy, confirmedBy]),
  )
  return losses.map((loss) => {
    const { lossId, kind, units, reason, unitPriceFen, listFen, owedFen, recordedBy, confirmedBy, atMs } = loss
    return {
      ...showGoods(loss),
      lossId,
      kind,
      units,
      reason,
      unitPriceFen,
      listFen,
      owedFen,
      recordedBy,
      recordedByName: people.get(recordedBy),
      ...(confirmedBy === null ? {} : { confirmedBy, confirmedByName: people.get(confirmedBy) }),
      atMs,
    }
  })
}

/** In the order given. */
export function* showLossRequests(ctx: UnitContext, requests: readonly LossRequestRow[]): Unit<LossRequestView[]> {
  const showGoods = yield* nameGoods(ctx, requests)
  const people = yield* namesOfPeople(
    ctx,
    requests.flatMap(({ requestedBy, decidedBy }) => [requestedBy, decidedBy]),
  )
  return requests.map((request) => {
    const { requestId, kind, units, reason, listFen, state, requestedBy, requestedAtMs } = request
    const { decidedBy, decidedAtMs, lossId } = request
    return {
      ...showGoods(request),
      requestId,
      kind,
      units,
      reason,
      listFen,
      state,
      requestedBy,
      requestedByName: people.get(requestedBy),
      requestedAtMs,
      ...(decidedBy === null ? {} : { decidedBy, decidedByName: people.get(decidedBy) }),
      ...(decidedAtMs === null ? {} : { decidedAtMs }),
      ...(lossId === null ? {} : { lossId }),
    }
  })
}

function* nameGoods(ctx: UnitContext, all: readonly Goods[]) {
  const { lots, skus } = ctx.tables
  const lotIds = [...new Set(all.map(({ lotId }) => lotId))]
  const goods =
    lotIds.length === 0
      ? []
      : yield* rows(
          ctx.db
            .select({ lotId: lots.lotId, traceCode: lots.traceCode, skuName: skus.name })
            .from(lots)
            .innerJoin(skus, eq(skus.skuId, lots.skuId))
            .where(inArray(lots.lotId, lotIds)),
        )
  const names = new Map(goods.map((row) => [row.lotId, row]))
  const showPlace = yield* namePlaces(
    ctx,
    all.map(({ fromPlace }) => fromPlace),
  )
  return ({ lotId, fromPlace, bearer, hostSiteId, recipient }: Goods) => ({
    lotId,
    traceCode: names.get(lotId)?.traceCode ?? '',
    skuName: names.get(lotId)?.skuName ?? '',
    from: showPlace(fromPlace),
    bearer: { kind: bearer, ...(hostSiteId === null ? {} : { hostSiteId }) },
    ...(recipient === null ? {} : { recipient }),
  })
}
