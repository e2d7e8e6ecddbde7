// Founds a legal entity and keeps the register of its member households.
import type { Id } from '#shared/ids/uuid-v7.ts'
import { insertRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import type { LegalType } from './schema.ts'

export function* foundOrganisation(
  ctx: UnitContext,
  input: { readonly name: string; readonly legalType: LegalType; readonly townCode: string },
): Unit<Id> {
  const { name, legalType, townCode } = input
  const organisationId = ctx.newId()
  yield* insertRows(ctx.tables.organisations, [{ organisationId, name, legalType, townCode, createdAtMs: ctx.now() }])
  return organisationId
}

/** Enters households into the register from `fromMs` on. A household that is a member already is refused by its key. */
export function* admitMembers(
  ctx: UnitContext,
  input: { readonly organisationId: Id; readonly householdCodes: readonly string[]; readonly fromMs: number },
): Unit<number> {
  return yield* insertRows(
    ctx.tables.organisationMembers,
    input.householdCodes.map((householdCode) => ({
      organisationId: input.organisationId,
      householdCode,
      fromMs: input.fromMs,
      toMs: undefined,
    })),
  )
}
