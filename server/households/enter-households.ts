// Enters villages and households into the register, in bulk: all or none. What a household is and who helps it is kept with
// its history from the first entry on; leaving poverty is a new status, never a delete.
import { eq } from 'drizzle-orm'
import { insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { refuseNumbers } from '../personal-data/refuse-numbers.ts'
import { requireInArea } from '../personal-data/row-scope.ts'
import type { Viewer } from '../personal-data/row-scope.ts'
import type { SealedPhone } from './phone.ts'
import type { HouseholdKind } from './schema.ts'

export interface Village {
  /** Twelve digits. */
  readonly villageCode: string
  readonly name: string
  readonly townCode: string
  readonly townName: string
}

export interface NewHousehold {
  /** Village code + 4-digit serial. */
  readonly householdCode: string
  readonly headName: string
  readonly phone?: SealedPhone | undefined
  readonly population: number
  readonly kind: HouseholdKind
  readonly identifiedYear?: number | undefined
  readonly exitedYear?: number | undefined
  readonly helperAccountId?: string | undefined
  readonly helperName?: string | undefined
  readonly helperUnit?: string | undefined
}

export function* enterVillages({ tables: t }: UnitContext, villages: readonly Village[]): Unit<number> {
  return yield* insertRows(
    t.villages,
    villages.map(({ villageCode, name, townCode, townName }) => ({ villageCode, name, townCode, townName })),
    'ignore',
  )
}

export function* enterHouseholds(ctx: UnitContext, households: readonly NewHousehold[]): Unit<number> {
  const known = yield* rows(ctx.db.select({ villageCode: ctx.tables.villages.villageCode }).from(ctx.tables.villages))
  const villageCodes = new Set(known.map((village) => village.villageCode))
  const atMs = ctx.now()
  for (const [index, { householdCode, population }] of households.entries()) {
    const field = `households.${index}`
    if (!/^\d{16}$/.test(householdCode))
      throw new RefusalError('request.invalid', `row ${index + 1}: a household code has 16 digits`, {
        field: `${field}.householdCode`,
      })
    if (!villageCodes.has(householdCode.slice(0, 12)))
      throw new RefusalError(
        'household.village_unknown',
        `row ${index + 1} names village ${householdCode.slice(0, 12)}`,
        {
          field: `${field}.householdCode`,
        },
      )
    if (!Number.isSafeInteger(population) || population < 1)
      throw new RefusalError('request.invalid', `row ${index + 1}: a household has at least one person`, {
        field: `${field}.population`,
      })
  }
  const entered = yield* insertRows(
    ctx.tables.households,
    households.map((one) => ({
      householdCode: one.householdCode,
      headName: one.headName,
      phoneSealed: one.phone?.sealed,
      phoneMasked: one.phone?.masked,
      population: one.population,
      villageCode: one.householdCode.slice(0, 12),
      kind: one.kind,
      identifiedYear: one.identifiedYear,
      exitedYear: one.exitedYear,
      helperAccountId: one.helperAccountId,
      helperName: one.helperName,
    })),
  )
  yield* insertRows(
    ctx.tables.householdChanges,
    households.map(({ householdCode, kind }) => ({ householdCode, atMs, what: 'kind' as const, value: kind })),
  )
  yield* insertRows(
    ctx.tables.helperBindings,
    households.flatMap(({ householdCode, helperAccountId, helperName, helperUnit }) =>
      helperName === undefined
        ? []
        : [
            {
              bindingId: ctx.newId(),
              householdCode,
              helperAccountId,
              helperName,
              unitName: helperUnit ?? '',
              fromMs: atMs,
            },
          ],
    ),
  )
  return entered
}

/**
 * One household, entered by a person. Refuses with household.out_of_area, household.code_taken, household.code_taken_out and what
 * enterHouseholds refuses.
 */
export function* enterHousehold(ctx: UnitContext, viewer: Viewer, household: NewHousehold): Unit<void> {
  const { households: h } = ctx.tables
  const { householdCode, kind, headName } = household
  refuseNumbers({ headName })
  requireInArea(viewer, householdCode)
  const taken = yield* one(
    ctx.db.select({ takenOutAtMs: h.takenOutAtMs }).from(h).where(eq(h.householdCode, householdCode)),
  )
  if (taken !== undefined)
    throw new RefusalError(
      taken.takenOutAtMs === null ? 'household.code_taken' : 'household.code_taken_out',
      undefined,
      {
        field: 'householdCode',
      },
    )
  yield* enterHouseholds(ctx, [household])
  yield* recordAudit(ctx, {
    accountId: viewer.accountId,
    action: 'household.entered',
    subjectId: householdCode,
    detail: { kind },
  })
}
