// Organisations are legal entities: what stands behind a supplier (domain.md, programme rules: a certified supplier is a
// legal entity, never a household), with the register of the households that are its members.
import type { Kit } from '../db/kit.ts'

/** The legal type decides later how an organisation may distribute (domain.md, distribution). */
export const legalTypes = [
  'enterprise',
  'cooperative',
  'share_cooperative',
  'village_collective',
  'family_farm',
] as const
export type LegalType = (typeof legalTypes)[number]

export function organisationTables({ table, column: c, primaryKey, index }: Kit) {
  const organisations = table('organisation', {
    organisationId: c.text().primaryKey(),
    name: c.text().notNull(),
    legalType: c.choice(legalTypes).notNull(),
    townCode: c.text().notNull(),
    createdAtMs: c.int().notNull(),
  })
  const organisationMembers = table(
    'organisation_member',
    {
      organisationId: c
        .text()
        .notNull()
        .references(() => organisations.organisationId),
      householdCode: c.text().notNull(),
      fromMs: c.int().notNull(),
      /** Empty while the household is a member; leaving is a date, never a delete. */
      toMs: c.int(),
    },
    (t) => [
      primaryKey({ columns: [t.organisationId, t.householdCode, t.fromMs] }),
      index('organisation_member_by_household').on(t.householdCode),
    ],
  )
  return { organisations, organisationMembers }
}
