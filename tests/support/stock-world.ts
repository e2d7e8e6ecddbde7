// A market with a second cabinet and a second, fresher lot of citrus at the depot: what stock is moved about in.
import { receiveLot } from '#server/catalog/receive-lot.ts'
import type { Database } from '#server/db/database.ts'
import { rows } from '#server/db/unit.ts'
import { fixedPlaces } from '#server/stock/rules.ts'
import { openMarket, seedCabinet, type Market } from './market.ts'
import type { TestClock } from './test-clock.ts'

export interface StockWorld extends Market {
  /** Expires two days after the market's own lot of citrus. */
  readonly fresherLotId: string
  readonly otherCabinetId: string
}

export async function openStockWorld(database: Database, clock: TestClock): Promise<StockWorld> {
  const market = await openMarket(database, clock)
  const otherCabinetId = await database.run((ctx) => seedCabinet(ctx, 'YB-0002', market))
  clock.advance(2 * 86_400_000)
  const { lot } = await database.run((ctx) =>
    receiveLot(ctx, {
      skuId: market.citrus.skuId,
      supplierId: market.supplierId,
      harvestedAtMs: clock.now() - 3_600_000,
      unitsReceived: 50,
      certificateNumber: 'YSCN-0002',
      sources: [],
      byAccountId: 'keeper',
    }),
  )
  return { ...market, otherCabinetId, fresherLotId: lot.lotId }
}

/** Units of each lot by place, replayed from the moves; the supplier holds minus what was received. */
export async function replayMoves({ database }: Pick<Market, 'database'>): Promise<Map<string, Map<string, number>>> {
  const moves = await database.read((ctx) => rows(ctx.db.select().from(ctx.tables.stockMoves)))
  const lots = new Map<string, Map<string, number>>()
  for (const { lotId, fromPlace, toPlace, units } of moves) {
    const places = lots.get(lotId) ?? new Map<string, number>()
    places.set(fromPlace, (places.get(fromPlace) ?? 0) - units)
    places.set(toPlace, (places.get(toPlace) ?? 0) + units)
    lots.set(lotId, places)
  }
  return lots
}

/** Places a person can look into, where there is never less than nothing. */
export const isPhysical = (place: string) =>
  place !== fixedPlaces.supplier && place !== fixedPlaces.shrink && !place.startsWith('difference:')
