// Households as far as helping them needs: code, head's name, phone, population, village, kind, years, helper (domain.md,
// programme rules: no cause of poverty, health, education or members' ids is stored). Every fact
// and the helper keep their history (四不摘: leaving poverty is a status, never a delete).
import { sql } from 'drizzle-orm'
import type { Kit, Storage } from '../db/kit.ts'

/** POOR and EXITED are the 2020 words; the three monitored kinds came after; ORDINARY households are co-op members. */
export const householdKinds = [
  'POOR',
  'EXITED',
  'UNSTABLE_EXITED',
  'EDGE_AT_RISK',
  'SUDDEN_HARDSHIP',
  'ORDINARY',
] as const
export type HouseholdKind = (typeof householdKinds)[number]

/** Facts of a household whose changes are kept one by one; the helper's are in helper_binding. */
export const householdFacts = ['kind', 'headName', 'population', 'phone', 'identifiedYear', 'exitedYear'] as const
export type HouseholdFact = (typeof householdFacts)[number]

export function householdTables({ table, column: c, primaryKey, index, uniqueIndex, check }: Kit) {
  const villages = table('village', {
    villageCode: c.text().primaryKey(),
    name: c.text().notNull(),
    townCode: c.text().notNull(),
    townName: c.text().notNull(),
  })
  const households = table(
    'household',
    {
      householdCode: c.text().primaryKey(),
      headName: c.text().notNull(),
      /** Sealed for `household-phone:<code>` (phone.ts). */
      phoneSealed: c.text(),
      /** 138****1234, so that lists open nothing. */
      phoneMasked: c.text(),
      population: c.int().notNull(),
      villageCode: c
        .text()
        .notNull()
        .references(() => villages.villageCode),
      kind: c.choice(householdKinds).notNull(),
      identifiedYear: c.int(),
      exitedYear: c.int(),
      helperAccountId: c.text(),
      helperName: c.text(),
      /** Entered by mistake: out of every list, its number not given again. */
      takenOutAtMs: c.int(),
    },
    (t) => [
      index('household_by_village').on(t.villageCode),
      index('household_by_helper').on(t.helperAccountId),
      check('household_code_has_16_digits', sql`length(${t.householdCode}) = 16`),
      check('household_population_positive', sql`${t.population} > 0`),
    ],
  )
  const householdChanges = table(
    'household_change',
    {
      householdCode: c
        .text()
        .notNull()
        .references(() => households.householdCode),
      atMs: c.int().notNull(),
      what: c.choice(householdFacts).notNull(),
      /** Empty: there was none before. Of a phone number only the mask is kept. */
      previous: c.text(),
      /** Empty: it was removed. */
      value: c.text().notNull(),
      /** Empty: the first entry. */
      byAccountId: c.text(),
      reason: c.text(),
    },
    (t) => [primaryKey({ columns: [t.householdCode, t.atMs, t.what] })],
  )
  /** Who helped whom, from when to when. The household's own columns repeat the binding that is in force. */
  const helperBindings = table(
    'helper_binding',
    {
      bindingId: c.text().primaryKey(),
      householdCode: c
        .text()
        .notNull()
        .references(() => households.householdCode),
      /** Empty: a helper of the paper register without an account. */
      helperAccountId: c.text(),
      helperName: c.text().notNull(),
      /** The helper's unit (帮扶单位). */
      unitName: c.text().notNull(),
      fromMs: c.int().notNull(),
      /** Empty while it is in force. */
      toMs: c.int(),
      boundBy: c.text(),
      reason: c.text(),
    },
    (t) => [
      uniqueIndex('helper_binding_in_force')
        .on(t.householdCode)
        .where(sql`${t.toMs} is null`),
      index('helper_binding_by_household').on(t.householdCode, t.fromMs),
      index('helper_binding_by_helper').on(t.helperAccountId),
      check('helper_binding_period', sql`${t.toMs} is null or ${t.toMs} >= ${t.fromMs}`),
    ],
  )
  return { villages, households, householdChanges, helperBindings }
}

export const householdStorage: Storage = { appendOnly: ['household_change'] }
