// One household as the register has it, with the history of its facts and of its helpers.
import { desc, eq } from 'drizzle-orm'
import type { z } from 'zod'
import type { HouseholdDetail } from '#shared/contracts/http/households.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import type { Viewer } from '../personal-data/row-scope.ts'
import { findHousehold } from './find-household.ts'

export type HouseholdDetailView = z.input<typeof HouseholdDetail>

/** Most rows of each history; a household has a handful in a decade. */
const maxHistoryRows = 200

export function* showHousehold(ctx: UnitContext, viewer: Viewer, householdCode: string): Unit<HouseholdDetailView> {
  const { householdChanges: c, helperBindings: b } = ctx.tables
  const row = yield* findHousehold(ctx, viewer, householdCode)
  const changes = yield* rows(
    ctx.db
      .select()
      .from(c)
      .where(eq(c.householdCode, householdCode))
      .orderBy(desc(c.atMs), c.what)
      .limit(maxHistoryRows),
  )
  const bindings = yield* rows(
    ctx.db
      .select()
      .from(b)
      .where(eq(b.householdCode, householdCode))
      .orderBy(desc(b.fromMs), desc(b.bindingId))
      .limit(maxHistoryRows),
  )
  const { headName, villageCode, villageName, townCode, townName, kind, population } = row
  return {
    householdCode,
    headName,
    villageCode,
    villageName,
    townCode,
    townName,
    kind,
    population,
    phoneMasked: row.phoneMasked ?? undefined,
    identifiedYear: row.identifiedYear ?? undefined,
    exitedYear: row.exitedYear ?? undefined,
    changes: changes.map(({ atMs, what, previous, value, byAccountId, reason }) => ({
      atMs,
      what,
      value,
      previous: previous ?? undefined,
      byAccountId: byAccountId ?? undefined,
      reason: reason ?? undefined,
    })),
    helpers: bindings.map(({ helperAccountId, helperName, unitName, fromMs, toMs }) => ({
      helperName,
      unitName,
      fromMs,
      helperAccountId: helperAccountId ?? undefined,
      toMs: toMs ?? undefined,
    })),
  }
}
