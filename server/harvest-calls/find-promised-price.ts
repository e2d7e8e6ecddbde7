// The floor price of goods, for whoever lowers what they are sold for.
import { inArray } from 'drizzle-orm'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { findTerms } from './store.ts'

export interface GoodsOfSupplier {
  readonly lotId: string
  readonly supplierId: string
}

/**
 * What the households of these lots of a SKU get at least for a unit, fen, by lot: what the call promised that the lot came from,
 * and what the terms promise that hold. Lots that nobody was promised anything for are left out.
 */
export function* findPromisedPrices(
  ctx: UnitContext,
  skuId: string,
  lots: readonly GoodsOfSupplier[],
): Unit<Map<string, number>> {
  if (lots.length === 0) return new Map()
  const { harvestCalls: t } = ctx.tables
  const calls = yield* rows(
    ctx.db
      .select({ lotId: t.lotId, floorFen: t.floorFen })
      .from(t)
      .where(
        inArray(
          t.lotId,
          lots.map(({ lotId }) => lotId),
        ),
      ),
  )
  const terms = yield* findTerms(ctx, skuId)
  const promised = new Map<string, number>()
  for (const { lotId, supplierId } of lots) {
    const byTerms = terms?.supplierId === supplierId ? terms.floorFen : 0
    const byCall = calls.find((call) => call.lotId === lotId)?.floorFen ?? 0
    if (byTerms + byCall > 0) promised.set(lotId, Math.max(byTerms, byCall))
  }
  return promised
}
