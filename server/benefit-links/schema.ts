// Signed benefit links (利益联结, domain.md A20) that bind a supplier and a household; certification is given on them.
import type { Kit } from '../db/kit.ts'
import type { catalogTables } from '../catalog/schema.ts'
import type { householdTables } from '../households/schema.ts'

export const benefitLinkKinds = ['WAGE', 'ASSET', 'OPERATING'] as const

type Others = Pick<ReturnType<typeof householdTables>, 'households'> &
  Pick<ReturnType<typeof catalogTables>, 'suppliers'>

export function benefitLinkTables({ table, column: c, unique, index }: Kit, { suppliers, households }: Others) {
  const benefitLinks = table(
    'benefit_link',
    {
      linkId: c.text().primaryKey(),
      supplierId: c
        .text()
        .notNull()
        .references(() => suppliers.supplierId),
      householdCode: c
        .text()
        .notNull()
        .references(() => households.householdCode),
      kind: c.choice(benefitLinkKinds).notNull(),
      /** Of the agreement that both signed. */
      documentNumber: c.text().notNull(),
      signedAtMs: c.int().notNull(),
      enteredBy: c.text().notNull(),
      /** Empty while it binds; ending is a date, never a delete. */
      endedAtMs: c.int(),
    },
    (t) => [
      unique('benefit_link_once').on(t.supplierId, t.householdCode, t.kind, t.documentNumber),
      index('benefit_link_by_household').on(t.householdCode),
    ],
  )
  return { benefitLinks }
}
