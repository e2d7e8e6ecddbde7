// What can be sold and where it came from: suppliers, SKUs, lots with the households behind them.
// Supplier → Lot → LotSource(household, mass or units): domain.md, programme rules. Where a lot lies is the stock's to say.
import { sql } from 'drizzle-orm'
import type { Kit, Storage } from '../db/kit.ts'
import type { organisationTables } from '../organisations/schema.ts'
import { legalTypes } from '../organisations/schema.ts'

export const foodClasses = ['EDIBLE_AGRI', 'PREPACKAGED', 'OTHER'] as const
export const categories = ['fruit', 'vegetable', 'egg', 'dry_goods', 'condiment', 'drink', 'livestock'] as const
export const pricingModes = ['piece', 'weight'] as const

export function catalogTables(
  kit: Kit,
  { organisations }: Pick<ReturnType<typeof organisationTables>, 'organisations'>,
) {
  const { table, column: c, primaryKey, index, check } = kit
  const suppliers = table('supplier', {
    supplierId: c.text().primaryKey(),
    organisationId: c
      .text()
      .notNull()
      .unique()
      .references(() => organisations.organisationId),
    name: c.text().notNull().unique(),
    kind: c.choice(legalTypes).notNull(),
    isCertified: c.bool().notNull(),
    townCode: c.text().notNull(),
    address: c.text().notNull(),
    contact: c.text().notNull(),
    createdAtMs: c.int().notNull(),
  })
  const skus = table(
    'sku',
    {
      skuId: c.text().primaryKey(),
      name: c.text().notNull(),
      spec: c.text().notNull(),
      grade: c.text(),
      origin: c.text().notNull(),
      category: c.choice(categories).notNull(),
      foodClass: c.choice(foodClasses).notNull(),
      mode: c.choice(pricingModes).notNull(),
      /** Fen per piece or per kg: the price label until a cabinet sets its own. */
      priceFen: c.int().notNull(),
      isCertified: c.bool().notNull(),
      labelUnitMassMg: c.int().notNull(),
      labelUnitMassSdMg: c.int().notNull(),
      shelfLifeDays: c.int().notNull(),
      createdAtMs: c.int().notNull(),
    },
    (t) => [
      index('sku_by_name').on(t.name, t.skuId),
      check('sku_price_not_negative', sql`${t.priceFen} >= 0`),
      check('sku_label_mass_positive', sql`${t.labelUnitMassMg} > 0`),
    ],
  )
  const lots = table(
    'lot',
    {
      lotId: c.text().primaryKey(),
      traceCode: c.text().notNull().unique(),
      skuId: c
        .text()
        .notNull()
        .references(() => skus.skuId),
      supplierId: c
        .text()
        .notNull()
        .references(() => suppliers.supplierId),
      harvestedAtMs: c.int().notNull(),
      receivedAtMs: c.int().notNull(),
      expiresAtMs: c.int().notNull(),
      unitsReceived: c.int().notNull(),
      /** Received and not yet loaded into a cabinet. */
      unitsAtDepot: c.int().notNull(),
      certificateNumber: c.text().notNull(),
      receivedBy: c.text().notNull(),
      /** Since when nothing of it may move any more: all of it is sold or otherwise accounted for. */
      closedAtMs: c.int(),
      closedBy: c.text(),
    },
    (t) => [
      index('lot_by_sku').on(t.skuId, t.lotId),
      index('lot_by_expiry').on(t.expiresAtMs, t.lotId),
      check('lot_units_received_positive', sql`${t.unitsReceived} > 0`),
      check('lot_units_at_depot_not_negative', sql`${t.unitsAtDepot} >= 0`),
      check('lot_closed_by_someone', sql`(${t.closedAtMs} is null) = (${t.closedBy} is null)`),
    ],
  )
  const lotSources = table(
    'lot_source',
    {
      lotId: c
        .text()
        .notNull()
        .references(() => lots.lotId),
      ordinal: c.int().notNull(),
      householdCode: c.text().notNull(),
      massMg: c.int(),
      units: c.int(),
    },
    (t) => [
      primaryKey({ columns: [t.lotId, t.ordinal] }),
      index('lot_source_by_household').on(t.householdCode),
      check('lot_source_mass_or_units', sql`(${t.massMg} is null) <> (${t.units} is null)`),
    ],
  )
  return { suppliers, skus, lots, lotSources, ...dryingTables(kit) }
}

function dryingTables({ table, column: c, primaryKey, index, check }: Kit) {
  /** Water that a lane's goods lost between sessions, as the cabinet reported it; neither sale nor shrink. */
  const moistureLosses = table(
    'moisture_loss',
    {
      cabinetId: c.text().notNull(),
      seq: c.int().notNull(),
      laneId: c.text().notNull(),
      skuId: c.text().notNull(),
      lotId: c.text(),
      /** The session at whose opening it was seen. */
      sessionId: c.text().notNull(),
      sinceMs: c.int().notNull(),
      untilMs: c.int().notNull(),
      lostMg: c.int().notNull(),
      standardErrorMg: c.int().notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.cabinetId, t.seq, t.laneId] }),
      index('moisture_loss_by_sku').on(t.skuId, t.untilMs),
      check('moisture_loss_positive', sql`${t.lostMg} > 0`),
    ],
  )
  /** How fast a SKU dries in a cabinet, as last learned there: parts per million of its gross an hour. */
  const dryingRates = table(
    'drying_rate',
    {
      cabinetId: c.text().notNull(),
      skuId: c.text().notNull(),
      ppmPerHour: c.int().notNull(),
      sdPpmPerHour: c.int().notNull(),
      looks: c.int().notNull(),
      atMs: c.int().notNull(),
    },
    (t) => [primaryKey({ columns: [t.cabinetId, t.skuId] })],
  )
  return { moistureLosses, dryingRates }
}

export const catalogStorage: Storage = {
  appendOnly: ['lot_source', 'moisture_loss'],
}
