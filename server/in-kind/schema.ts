// Goods granted in kind, such as fertiliser and seed (domain.md, A10): a ledger of masses. They are no cash income and never
// meet the money ledger.
import { sql } from 'drizzle-orm'
import type { Kit, Storage } from '../db/kit.ts'
import type { householdTables } from '../households/schema.ts'

export const inKindItems = ['FERTILISER', 'SEED', 'OTHER'] as const
export type InKindItem = (typeof inKindItems)[number]

export function inKindTables(
  { table, column: c, primaryKey, unique, index, check }: Kit,
  { households }: Pick<ReturnType<typeof householdTables>, 'households'>,
) {
  const inKindImports = table('in_kind_import', {
    importId: c.text().primaryKey(),
    documentNumber: c.text().notNull(),
    grantedAtMs: c.int().notNull(),
    /** SHA-256, hex: a file counts once. */
    fileHash: c.text().notNull().unique(),
    importedBy: c.text().notNull(),
    importedAtMs: c.int().notNull(),
  })
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
      massMg: c.int().notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.importId, t.row] }),
      unique('in_kind_grant_once').on(t.importId, t.householdCode, t.item),
      index('in_kind_grant_by_household').on(t.householdCode, t.importId, t.row),
      check('in_kind_grant_positive', sql`${t.massMg} > 0`),
    ],
  )
  return { inKindImports, inKindGrants }
}

export const inKindStorage: Storage = { appendOnly: ['in_kind_import', 'in_kind_grant'] }
