// Where the depot (集配点) is and what a van takes; until somebody says so, the middle of the district and a small van.
import { eq } from 'drizzle-orm'
import type { RestockSettings } from '#shared/contracts/http/restock-tasks.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { exec, insertRows, one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'

const key = 'district'
const shipped: RestockSettings = {
  depot: { lonMicrodeg: 106_631_000, latMicrodeg: 29_718_000 },
  capacityUnits: 900,
  maximumStops: 25,
}

export function* findSettings({ db, tables: { restockSettings: t } }: UnitContext): Unit<RestockSettings> {
  const found = yield* one(db.select().from(t).where(eq(t.key, key)))
  if (found === undefined) return shipped
  const { lonMicrodeg, latMicrodeg, capacityUnits, maximumStops } = found
  return { depot: { lonMicrodeg, latMicrodeg }, capacityUnits, maximumStops }
}

export function* changeSettings(
  ctx: UnitContext,
  { byAccountId, ...settings }: RestockSettings & { readonly byAccountId: string },
): Unit<RestockSettings> {
  const { restockSettings: t } = ctx.tables
  const before = yield* findSettings(ctx)
  const { depot, capacityUnits, maximumStops } = settings
  yield* exec(ctx.db.delete(t).where(eq(t.key, key)))
  const changed = { changedBy: byAccountId, changedAtMs: ctx.now() }
  yield* insertRows(t, [{ key, ...depot, capacityUnits, maximumStops, ...changed }])
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'restock_settings.changed',
    subjectId: key,
    before: { ...before },
    after: { ...settings },
  })
  return settings
}
