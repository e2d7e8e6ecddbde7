// Lots as the contract shows them: with their names, their sources and how many units are not sold yet.
import type { z } from 'zod'
import type { Lot } from '#shared/contracts/http/catalog.ts'
import type { Page } from '../db/keyset.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { findLotRows, sourcesOfLots, unitsInCabinets } from './store.ts'
import type { LotQuery, LotRow, LotSourceRow } from './store.ts'

export type LotView = z.input<typeof Lot>

export function showLot(
  row: { readonly lot: LotRow; readonly skuName: string; readonly supplierName: string },
  sources: ReadonlyArray<Pick<LotSourceRow, 'householdCode' | 'massMg' | 'units'>>,
  unitsInLanes: number,
): LotView {
  const { lotId, traceCode, skuId, supplierId, harvestedAtMs, expiresAtMs, unitsReceived, certificateNumber } = row.lot
  return {
    lotId,
    traceCode,
    skuId,
    skuName: row.skuName,
    supplierId,
    supplierName: row.supplierName,
    harvestedAtMs,
    expiresAtMs,
    unitsReceived,
    // Book stock in lanes may be below zero; a lot never shows less than nothing.
    unitsLeft: Math.max(0, row.lot.unitsAtDepot + unitsInLanes),
    certificateNumber,
    sources: sources.map(({ householdCode, massMg, units }) => ({
      householdCode,
      ...(massMg === null ? {} : { massMg }),
      ...(units === null ? {} : { units }),
    })),
  }
}

export function* listLots(ctx: UnitContext, query: LotQuery): Unit<Page<LotView>> {
  const page = yield* findLotRows(ctx, query)
  const lotIds = page.rows.map((row) => row.lot.lotId)
  const sources = new Map<string, LotSourceRow[]>(lotIds.map((lotId) => [lotId, []]))
  for (const source of yield* sourcesOfLots(ctx, lotIds)) sources.get(source.lotId)?.push(source)
  const inLanes = yield* unitsInCabinets(ctx, lotIds)
  return {
    ...page,
    rows: page.rows.map((row) => showLot(row, sources.get(row.lot.lotId) ?? [], inLanes.get(row.lot.lotId) ?? 0)),
  }
}
