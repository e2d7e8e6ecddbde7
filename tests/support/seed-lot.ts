// A supplier with one lot of citrus from known households, for tests that sell it.
import { insertRows } from '#server/db/unit.ts'
import type { Unit, UnitContext } from '#server/db/unit.ts'
import type { LegalType } from '#server/organisations/schema.ts'

export interface SeededLot {
  readonly lotId: string
  readonly skuId: string
  readonly supplierId: string
  readonly organisationId: string
}

export interface LotOptions {
  readonly legalType?: LegalType
  /** Household code → mass in mg. Default: two households, 3.2 kg and 1.75 kg. */
  readonly sources?: Readonly<Record<string, number>>
}

export const twoSources = { '5001121422010001': 3_200_000, '5001121422010002': 1_750_000 }

/** Inserts organisation, supplier, SKU, lot and sources with new ids. */
export function* seedLot(ctx: UnitContext, options: LotOptions = {}): Unit<SeededLot> {
  const { legalType = 'enterprise', sources = twoSources } = options
  const t = ctx.tables
  const [organisationId, supplierId, skuId, lotId] = [ctx.newId(), ctx.newId(), ctx.newId(), ctx.newId()]
  const atMs = ctx.now()
  const townCode = '500112142'
  yield* insertRows(t.organisations, [
    { organisationId, name: `organisation ${organisationId}`, legalType, townCode, createdAtMs: atMs },
  ])
  yield* insertRows(t.suppliers, [
    {
      supplierId,
      organisationId,
      name: `supplier ${supplierId}`,
      kind: legalType,
      isCertified: true,
      townCode,
      address: 'Qinglong village',
      contact: 'the office',
      createdAtMs: atMs,
    },
  ])
  yield* insertRows(t.skus, [
    {
      skuId,
      name: '沃柑',
      spec: '1 kg',
      origin: '大盛镇',
      category: 'fruit',
      foodClass: 'EDIBLE_AGRI',
      mode: 'piece',
      priceFen: 1280,
      isCertified: true,
      labelUnitMassMg: 1_000_000,
      labelUnitMassSdMg: 20_000,
      shelfLifeDays: 14,
      createdAtMs: atMs,
    },
  ])
  yield* insertRows(t.lots, [
    {
      lotId,
      traceCode: `T${lotId}`,
      skuId,
      supplierId,
      harvestedAtMs: atMs,
      receivedAtMs: atMs,
      expiresAtMs: atMs + 14 * 86_400_000,
      unitsReceived: 5,
      unitsAtDepot: 5,
      certificateNumber: 'C-1',
      receivedBy: 'depot',
    },
  ])
  const sourceRows = Object.entries(sources).map(([householdCode, massMg], ordinal) => ({
    lotId,
    ordinal,
    householdCode,
    massMg,
  }))
  yield* insertRows(t.lotSources, sourceRows)
  return { lotId, skuId, supplierId, organisationId }
}
