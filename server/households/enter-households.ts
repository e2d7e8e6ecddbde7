// Enters villages and households into the register, in bulk: all or none. What a household is and who helps it is kept with
// its history from the first entry on; leaving poverty is a new status, never a delete.
import { eq } from 'drizzle-orm'
import { exec, insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
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
    households.map(({ householdCode, kind }) => ({ householdCode, atMs, what: 'kind', value: kind })),
  )
  yield* insertRows(
    ctx.tables.householdChanges,
    households.flatMap(({ householdCode, helperAccountId }) =>
      helperAccountId === undefined ? [] : [{ householdCode, atMs, what: 'helper' as const, value: helperAccountId }],
    ),
  )
  return entered
}

/** Changes a household's kind (leaving poverty, coming under watch); the change is dated and kept. */
export function* changeHouseholdKind(
  ctx: UnitContext,
  input: { readonly householdCode: string; readonly kind: HouseholdKind; readonly exitedYear?: number | undefined },
): Unit<void> {
  const { db, tables: t } = ctx
  const { householdCode, kind, exitedYear } = input
  const current = yield* one(db.select().from(t.households).where(eq(t.households.householdCode, householdCode)))
  if (current === undefined) throw new RefusalError('household.not_found')
  if (current.kind === kind) return
  const change = exitedYear === undefined ? { kind } : { kind, exitedYear }
  yield* exec(db.update(t.households).set(change).where(eq(t.households.householdCode, householdCode)))
  yield* insertRows(t.householdChanges, [{ householdCode, atMs: ctx.now(), what: 'kind', value: kind }])
}
