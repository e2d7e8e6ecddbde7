// Tables of imported income: as what each source counts from when on, the files that were imported with their reversals, and
// their lines. A line that the platform owes has its transfer `wage-line:<import>.<row>:paid` (or grant-line) in the ledger; one
// that was paid by other ways is a record only, and stands beside the ledger in the household's statement. And sums of what the
// ledger booked.
import { sql } from 'drizzle-orm'
import { incomeKinds } from '../attribution/schema.ts'
import type { Kit, Storage } from '../db/kit.ts'
import type { householdTables } from '../households/schema.ts'
import { importKinds, incomeSources, payers } from './rules.ts'

type Households = Pick<ReturnType<typeof householdTables>, 'households'>

export function incomeTables({ table, column: c, primaryKey, index, check }: Kit, noun: Households) {
  const incomeMappings = table(
    'income_mapping',
    {
      source: c.choice(incomeSources).notNull(),
      effectiveFromMs: c.int().notNull(),
      incomeKind: c.choice(incomeKinds).notNull(),
      /** The paper that decides it. */
      documentNumber: c.text().notNull(),
      setBy: c.text().notNull(),
      setAtMs: c.int().notNull(),
    },
    (t) => [primaryKey({ columns: [t.source, t.effectiveFromMs] })],
  )
  const incomeImports = table(
    'income_import',
    {
      importId: c.text().primaryKey(),
      kind: c.choice(importKinds).notNull(),
      payer: c.choice(payers).notNull(),
      /** Whose money it is, when an organisation pays. */
      organisationId: c.text(),
      title: c.text().notNull(),
      documentNumber: c.text().notNull(),
      /** Hex, of the file as it came; empty for a reversal. */
      sha256: c.text(),
      /** The import whose lines this one takes back. */
      reversesImportId: c.text().unique(),
      rowCount: c.int().notNull(),
      /** Σ of the lines; negative for a reversal. */
      totalFen: c.int().notNull(),
      importedBy: c.text().notNull(),
      importedAtMs: c.int().notNull(),
      reason: c.text(),
    },
    (t) => [
      check('income_import_organisation', sql`(${t.payer} = 'organisation') = (${t.organisationId} is not null)`),
      check('income_import_file_or_reversal', sql`(${t.sha256} is null) = (${t.reversesImportId} is not null)`),
    ],
  )
  const incomeLines = table(
    'income_line',
    {
      importId: c
        .text()
        .notNull()
        .references(() => incomeImports.importId),
      /** As in the file, the header is 1. */
      row: c.int().notNull(),
      /** `<import>.<row>`: the id of the ledger's cause. */
      lineId: c.text().notNull(),
      householdCode: c
        .text()
        .notNull()
        .references(() => noun.households.householdCode),
      source: c.choice(incomeSources).notNull(),
      incomeKind: c.choice(incomeKinds).notNull(),
      /** Taken back (≤ 0) by a reversal. */
      amountFen: c.int().notNull(),
      /** What a reversal could not take back and the named account bears. */
      borneFen: c.int().notNull(),
      /** The day it was earned or received. */
      atMs: c.int().notNull(),
      detail: c.text().notNull(),
      reference: c.text(),
      /** The ledger holds it; the statement takes it from there. */
      isPosted: c.bool().notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.importId, t.row] }),
      index('income_line_by_household').on(t.householdCode, t.atMs, t.lineId),
      check('income_line_borne', sql`${t.borneFen} >= 0 and (${t.borneFen} = 0 or ${t.amountFen} <= 0)`),
    ],
  )
  /** What is imported and not taken back: the same file, or the same line of another one, is refused by the key. */
  const incomeLineKeys = table(
    'income_line_key',
    { key: c.text().primaryKey(), importId: c.text().notNull(), row: c.int().notNull() },
    (t) => [index('income_line_key_by_import').on(t.importId)],
  )
  /**
   * What the ledger has booked of a household's income through an instant, so that all of it is known without going through years
   * of sales: a cache, made of the entries (roll-up-incomes.ts).
   */
  const incomeRollups = table(
    'income_rollup',
    {
      householdCode: c.text().notNull(),
      incomeKind: c.choice(incomeKinds).notNull(),
      amountFen: c.int().notNull(),
      /** Includes every entry with atMs ≤ this; the same in all rows of a household. */
      throughAtMs: c.int().notNull(),
    },
    (t) => [primaryKey({ columns: [t.householdCode, t.incomeKind] })],
  )
  return { incomeMappings, incomeImports, incomeLines, incomeLineKeys, incomeRollups }
}

export const incomeStorage: Storage = {
  appendOnly: ['income_mapping', 'income_import', 'income_line'],
  clustered: ['income_line', 'income_line_key', 'income_rollup'],
}
