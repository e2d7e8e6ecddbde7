// Where every unit of a lot is: moves as double entry between places, balances beside them that are their sum, the purchase
// record of each lot as it was received, and what was lost with who bears it. Sources: domain.md, food and programme rules.
import { sql } from 'drizzle-orm'
import type { catalogTables } from '../catalog/schema.ts'
import type { Kit, Storage } from '../db/kit.ts'
import { bearerKinds, lossKinds, lossRequestStates, moveKinds } from './rules.ts'

type Catalog = Pick<ReturnType<typeof catalogTables>, 'lots'>

export function stockTables(kit: Kit, { lots }: Catalog) {
  const { table, column: c, primaryKey, index, check } = kit
  /** What a food business writes down of a purchase (进货查验记录), as it was that day; kept whatever changes since. */
  const purchaseRecords = table('purchase_record', {
    lotId: c
      .text()
      .primaryKey()
      .references(() => lots.lotId),
    skuName: c.text().notNull(),
    spec: c.text().notNull(),
    unitsReceived: c.int().notNull(),
    /** Weighed, where the sources were weighed. */
    massMg: c.int(),
    supplierName: c.text().notNull(),
    supplierAddress: c.text().notNull(),
    supplierContact: c.text().notNull(),
    certificateNumber: c.text().notNull(),
    harvestedAtMs: c.int().notNull(),
    receivedAtMs: c.int().notNull(),
    receivedBy: c.text().notNull(),
  })
  /** The balance of a lane and lot: Σ moves into the lane − Σ moves out of it. The depot's stands with the lot. */
  const laneStock = table(
    'lane_stock',
    {
      cabinetId: c.text().notNull(),
      laneId: c.text().notNull(),
      lotId: c.text().notNull(),
      units: c.int().notNull(),
      /** The balance of the lane's difference: > 0 counted as missing, < 0 sold or found beyond the books; unexplained. */
      unitsMissing: c.int().notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.cabinetId, t.laneId, t.lotId] }),
      index('lane_stock_by_lot').on(t.lotId),
      check('lane_stock_units_not_negative', sql`${t.units} >= 0`),
    ],
  )
  const stockMoves = table(
    'stock_move',
    {
      moveId: c.text().primaryKey(),
      atMs: c.int().notNull(),
      kind: c.choice(moveKinds).notNull(),
      lotId: c
        .text()
        .notNull()
        .references(() => lots.lotId),
      /** Places are named by rules.ts. */
      fromPlace: c.text().notNull(),
      toPlace: c.text().notNull(),
      units: c.int().notNull(),
      /** The lot received, the session, the loss, or the move itself where a person decided it. */
      causeId: c.text().notNull(),
      reason: c.text(),
      /** The account; empty: a cabinet reported it. */
      movedBy: c.text(),
    },
    (t) => [
      index('stock_move_by_lot').on(t.lotId, t.moveId),
      check('stock_move_units_positive', sql`${t.units} > 0`),
      check('stock_move_goes_somewhere', sql`${t.fromPlace} <> ${t.toPlace}`),
    ],
  )
  const losses = lossTables(kit, { lots })
  return { purchaseRecords, laneStock, stockMoves, ...losses, ...lossRequestTables(kit, { lots, ...losses }) }
}

function lossTables({ table, column: c, primaryKey, index, check }: Kit, { lots }: Catalog) {
  /** Goods that nobody bought: spoiled, missing, given away. The bearer owes the producers their part of the price. */
  const stockLosses = table(
    'stock_loss',
    {
      lossId: c.text().primaryKey(),
      kind: c.choice(lossKinds).notNull(),
      lotId: c
        .text()
        .notNull()
        .references(() => lots.lotId),
      fromPlace: c.text().notNull(),
      units: c.int().notNull(),
      bearer: c.choice(bearerKinds).notNull(),
      /** The host site that bears it. */
      hostSiteId: c.text(),
      /** Who was given a donation. */
      recipient: c.text(),
      reason: c.text().notNull(),
      /** Fen per piece or per kg, as the price label stood. */
      unitPriceFen: c.int().notNull(),
      /** What the goods would have sold for. */
      listFen: c.int().notNull(),
      /** What the bearer owes: Σ parts. */
      owedFen: c.int().notNull(),
      planId: c.text().notNull(),
      recordedBy: c.text().notNull(),
      /** The most that one person might book of the lot at that instant, fen by the label; empty: nobody chose to book it. */
      aloneFen: c.int(),
      /** The second person; empty: one was enough. */
      confirmedBy: c.text(),
      atMs: c.int().notNull(),
    },
    (t) => [
      index('stock_loss_by_lot').on(t.lotId, t.lossId),
      check('stock_loss_units_positive', sql`${t.units} > 0`),
      check('stock_loss_owed_known', sql`${t.owedFen} between 0 and ${t.listFen}`),
      check(
        'stock_loss_two_people',
        sql`case when ${t.confirmedBy} is null then coalesce(${t.aloneFen}, ${t.listFen}) >= ${t.listFen} else ${t.confirmedBy} <> ${t.recordedBy} end`,
      ),
      check('stock_loss_site_named', sql`(${t.bearer} = 'site') = (${t.hostSiteId} is not null)`),
      check('stock_loss_recipient_named', sql`(${t.kind} = 'donation') = (${t.recipient} is not null)`),
    ],
  )
  /** Whom the bearer pays: the producers' parts of the revenue plan; booked as `<cause>:<loss>:<ordinal>`. */
  const stockLossParts = table(
    'stock_loss_part',
    {
      lossId: c
        .text()
        .notNull()
        .references(() => stockLosses.lossId),
      ordinal: c.int().notNull(),
      accountId: c.text().notNull(),
      householdCode: c.text(),
      sourceOrdinal: c.int(),
      amountFen: c.int().notNull(),
      shareBp: c.int().notNull(),
      shareFen: c.int().notNull(),
      weight: c.int().notNull(),
      weightTotal: c.int().notNull(),
      roundingFen: c.int().notNull(),
    },
    (t) => [primaryKey({ columns: [t.lossId, t.ordinal] }), check('stock_loss_part_positive', sql`${t.amountFen} > 0`)],
  )
  return { stockLosses, stockLossParts }
}

function lossRequestTables(
  { table, column: c, check, uniqueIndex }: Kit,
  { lots, stockLosses }: Catalog & Pick<ReturnType<typeof lossTables>, 'stockLosses'>,
) {
  /** Losses too large for one person: nothing is booked until another confirms. */
  const stockLossRequests = table(
    'stock_loss_request',
    {
      requestId: c.text().primaryKey(),
      kind: c.choice(lossKinds).notNull(),
      lotId: c
        .text()
        .notNull()
        .references(() => lots.lotId),
      fromPlace: c.text().notNull(),
      units: c.int().notNull(),
      bearer: c.choice(bearerKinds).notNull(),
      hostSiteId: c.text(),
      recipient: c.text(),
      reason: c.text().notNull(),
      /** What the goods would have sold for when it was requested. */
      listFen: c.int().notNull(),
      state: c.choice(lossRequestStates).notNull(),
      requestedBy: c.text().notNull(),
      requestedAtMs: c.int().notNull(),
      decidedBy: c.text(),
      decidedAtMs: c.int(),
      /** What was booked. */
      lossId: c.text().references(() => stockLosses.lossId),
    },
    (t) => [
      uniqueIndex('stock_loss_requested_once')
        .on(t.lotId, t.fromPlace)
        .where(sql`${t.state} = 'requested'`),
      check('stock_loss_request_units_positive', sql`${t.units} > 0`),
      check('stock_loss_request_two_people', sql`${t.state} <> 'confirmed' or ${t.decidedBy} <> ${t.requestedBy}`),
      check(
        'stock_loss_request_decided_by_someone',
        sql`(${t.state} = 'requested') = (${t.decidedBy} is null) and (${t.decidedBy} is null) = (${t.decidedAtMs} is null)`,
      ),
      check('stock_loss_request_booked', sql`(${t.state} = 'confirmed') = (${t.lossId} is not null)`),
    ],
  )
  return { stockLossRequests }
}

export const stockStorage: Storage = {
  appendOnly: ['purchase_record', 'stock_move', 'stock_loss', 'stock_loss_part'],
  clustered: ['lane_stock', 'stock_loss_part'],
}
