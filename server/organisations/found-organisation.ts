// Founds a legal entity. Its legal type is mandatory: it decides later how the organisation may distribute.
import { eq } from 'drizzle-orm'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { insertRows, one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import type { LegalType } from './schema.ts'

interface Founding {
  readonly name: string
  readonly legalType: LegalType
  readonly townCode: string
}

/** Refuses with organisation.name_taken. */
export function* foundOrganisation(ctx: UnitContext, founding: Founding): Unit<Id> {
  if ((yield* findNamed(ctx, founding.name)) !== undefined) throw nameTaken(founding.name)
  return yield* insertOrganisation(ctx, founding)
}

/** The legal entity behind a supplier: the one of this name and type, or a new one. Refuses with organisation.name_taken. */
export function* ensureOrganisation(ctx: UnitContext, founding: Founding): Unit<Id> {
  const known = yield* findNamed(ctx, founding.name)
  if (known === undefined) return yield* insertOrganisation(ctx, founding)
  if (known.legalType !== founding.legalType) throw nameTaken(founding.name)
  return known.organisationId
}

function* findNamed({ db, tables: { organisations: t } }: UnitContext, name: string) {
  return yield* one(db.select().from(t).where(eq(t.name, name)))
}

function nameTaken(name: string): RefusalError {
  return new RefusalError('organisation.name_taken', `There is an organisation named ${name} already.`, {
    field: 'name',
  })
}

function* insertOrganisation(ctx: UnitContext, { name, legalType, townCode }: Founding): Unit<Id> {
  const organisationId = ctx.newId()
  yield* insertRows(ctx.tables.organisations, [{ organisationId, name, legalType, townCode, createdAtMs: ctx.now() }])
  return organisationId
}
