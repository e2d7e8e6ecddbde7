// Finds an organisation for use cases that need it to be there.
import { eq } from 'drizzle-orm'
import { one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'

export type OrganisationRow = UnitContext['tables']['organisations']['$inferSelect']

/** Refuses with organisation.unknown. */
export function* requireOrganisation(
  { db, tables: { organisations: t } }: UnitContext,
  organisationId: string,
): Unit<OrganisationRow> {
  const found = yield* one(db.select().from(t).where(eq(t.organisationId, organisationId)))
  if (found === undefined) throw new RefusalError('organisation.unknown')
  return found
}
