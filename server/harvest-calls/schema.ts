// Harvest calls: on which terms households are called for a SKU, who is in its rotation, what is needed, and every call with its
// answer and the lot it became.
import { sql } from 'drizzle-orm'
import type { catalogTables } from '../catalog/schema.ts'
import type { Kit, Storage } from '../db/kit.ts'
import type { householdTables } from '../households/schema.ts'
import { callStates, needStates, openCallStates, stuckReasons } from './rules.ts'

type Others = Pick<ReturnType<typeof catalogTables>, 'skus' | 'suppliers' | 'lots'> &
  Pick<ReturnType<typeof householdTables>, 'households'>

function rotationTables({ table, column: c, primaryKey, check }: Kit, { skus, suppliers, households }: Others) {
  /** The newest version holds; calls keep the one they were made on. */
  const harvestTerms = table(
    'harvest_terms',
    {
      skuId: c
        .text()
        .notNull()
        .references(() => skus.skuId),
      version: c.int().notNull(),
      supplierId: c
        .text()
        .notNull()
        .references(() => suppliers.supplierId),
      floorFen: c.int().notNull(),
      capUnits: c.int().notNull(),
      capDays: c.int().notNull(),
      minUnitsPerCall: c.int().notNull(),
      maxUnitsPerCall: c.int().notNull(),
      answerHours: c.int().notNull(),
      deliveryDays: c.int().notNull(),
      setBy: c.text().notNull(),
      setAtMs: c.int().notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.skuId, t.version] }),
      check('harvest_terms_positive', sql`${t.floorFen} > 0 and ${t.capUnits} > 0 and ${t.minUnitsPerCall} > 0`),
      check('harvest_terms_call_size', sql`${t.minUnitsPerCall} <= ${t.maxUnitsPerCall}`),
    ],
  )
  const harvestMembers = table(
    'harvest_member',
    {
      skuId: c
        .text()
        .notNull()
        .references(() => skus.skuId),
      householdCode: c
        .text()
        .notNull()
        .references(() => households.householdCode),
      joinedAtMs: c.int().notNull(),
      leftAtMs: c.int(),
      /** Its place in the count of the SKU's calls when it was called last. */
      lastCalledSeq: c.int(),
      lastCalledAtMs: c.int(),
      calls: c.int().notNull(),
    },
    (t) => [primaryKey({ columns: [t.skuId, t.householdCode] })],
  )
  return { harvestTerms, harvestMembers }
}

export function harvestTables(kit: Kit, others: Others) {
  const { table, column: c, index, uniqueIndex, unique, check } = kit
  const { skus, lots, households } = others
  const open = sql.raw(openCallStates.map((state) => `'${state}'`).join(', '))
  const harvestNeeds = table(
    'harvest_need',
    {
      needId: c.text().primaryKey(),
      skuId: c
        .text()
        .notNull()
        .references(() => skus.skuId),
      units: c.int().notNull(),
      deliverByMs: c.int().notNull(),
      state: c.choice(needStates).notNull(),
      stuck: c.choice(stuckReasons),
      origin: c.choice(['restock_plan', 'by_hand']).notNull(),
      /** Empty: the server itself. */
      raisedBy: c.text(),
      raisedAtMs: c.int().notNull(),
    },
    (t) => [
      index('harvest_need_open')
        .on(t.skuId, t.needId)
        .where(sql`${t.state} = 'open'`),
      check('harvest_need_positive', sql`${t.units} > 0`),
    ],
  )
  const harvestCalls = table(
    'harvest_call',
    {
      callId: c.text().primaryKey(),
      needId: c
        .text()
        .notNull()
        .references(() => harvestNeeds.needId),
      skuId: c.text().notNull(),
      /** Counts the calls of the SKU. */
      seq: c.int().notNull(),
      householdCode: c
        .text()
        .notNull()
        .references(() => households.householdCode),
      state: c.choice(callStates).notNull(),
      units: c.int().notNull(),
      acceptedUnits: c.int().notNull(),
      deliveredUnits: c.int().notNull(),
      termsVersion: c.int().notNull(),
      priceFen: c.int().notNull(),
      floorFen: c.int().notNull(),
      calledAtMs: c.int().notNull(),
      answerByMs: c.int().notNull(),
      deliverByMs: c.int().notNull(),
      answeredAtMs: c.int(),
      answeredBy: c.text(),
      endedAtMs: c.int(),
      reason: c.text(),
      lotId: c.text().references(() => lots.lotId),
    },
    (t) => [
      unique('harvest_call_seq').on(t.skuId, t.seq),
      uniqueIndex('harvest_call_open_of_household')
        .on(t.skuId, t.householdCode)
        .where(sql`${t.state} in (${open})`),
      index('harvest_call_by_household').on(t.householdCode, t.callId),
      index('harvest_call_by_need').on(t.needId),
      index('harvest_call_due')
        .on(t.answerByMs)
        .where(sql`${t.state} in (${open})`),
      check('harvest_call_not_under_floor', sql`${t.priceFen} >= ${t.floorFen}`),
      check(
        'harvest_call_units',
        sql`${t.deliveredUnits} <= ${t.acceptedUnits} and ${t.acceptedUnits} <= ${t.units} and ${t.units} > 0`,
      ),
      check('harvest_call_lot', sql`(${t.state} = 'delivered') = (${t.lotId} is not null)`),
    ],
  )
  return { ...rotationTables(kit, others), harvestNeeds, harvestCalls }
}

export const harvestStorage: Storage = { appendOnly: ['harvest_terms'] }
