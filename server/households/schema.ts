// Households as far as helping them needs: code, head's name, phone, population, village, kind, years, helper (domain.md,
// programme rules: no cause of poverty, health, education or members' ids is stored). Kind and helper keep their history.
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

export function householdTables({ table, column: c, primaryKey, index, check }: Kit) {
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
      what: c.choice(['kind', 'helper']).notNull(),
      value: c.text().notNull(),
    },
    (t) => [primaryKey({ columns: [t.householdCode, t.atMs, t.what] })],
  )
  return { villages, households, householdChanges }
}

export const householdStorage: Storage = { appendOnly: ['household_change'] }
