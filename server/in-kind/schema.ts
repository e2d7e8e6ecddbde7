// Goods granted in kind, such as fertiliser and seed (domain.md, A10): a ledger of masses. They are no cash income and never
// meet the money ledger. What was imported wrongly is taken back by an import of the same masses below zero.
import { sql } from 'drizzle-orm'
import type { Kit, Storage } from '../db/kit.ts'
import type { householdTables } from '../households/schema.ts'

export const inKindItems = ['FERTILISER', 'SEED', 'OTHER'] as const
export type InKindItem = (typeof inKindItems)[number]

export function inKindTables(
  { table, column: c, primaryKey, unique, index, check }: Kit,
  { households }: Pick<ReturnType<typeof householdTables>, 'households'>,
) {
  const inKindImports = table(
    'in_kind_import',
    {
      importId: c.text().primaryKey(),
      documentNumber: c.text().notNull(),
      grantedAtMs: c.int().notNull(),
      /** SHA-256, hex; empty for a reversal. */
      fileHash: c.text(),
      /** The import whose grants this one takes back. */
      reversesImportId: c.text().unique(),
      reason: c.text(),
      importedBy: c.text().notNull(),
      importedAtMs: c.int().notNull(),
    },
    (t) => [
      check(
        'in_kind_import_file_or_reversal',
        sql`(${t.fileHash} is null) = (${t.reversesImportId} is not null) and (${t.reason} is null) = (${t.reversesImportId} is null)`,
      ),
    ],
  )
  const inKindGrants = table(
    'in_kind_grant',
    {
      importId: c
        .text()
        .notNull()
        .references(() => inKindImports.importId),
      /** In the file. */
      row: c.int().notNull(),
      householdCode: c
        .text()
        .notNull()
        .references(() => households.householdCode),
      item: c.choice(inKindItems).notNull(),
      /** Below zero: taken back. */
      massMg: c.int().notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.importId, t.row] }),
      unique('in_kind_grant_once').on(t.importId, t.householdCode, t.item),
      index('in_kind_grant_by_household').on(t.householdCode, t.importId, t.row),
      check('in_kind_grant_of_something', sql`${t.massMg} <> 0`),
    ],
  )
  /** What is granted and not taken back: a file, and a household's item of a document, count once. */
  const inKindKeys = table(
    'in_kind_key',
    { key: c.text().primaryKey(), importId: c.text().notNull(), row: c.int().notNull() },
    (t) => [index('in_kind_key_by_import').on(t.importId)],
  )
  return { inKindImports, inKindGrants, inKindKeys }
}

export const inKindStorage: Storage = {
  appendOnly: ['in_kind_import', 'in_kind_grant'],
  clustered: ['in_kind_key'],
}
