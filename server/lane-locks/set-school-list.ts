// The list of what may be sold at school sites (domain.md, food): set whole, judged at once at every school's cabinet.
import { asc, eq } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import { findSkusById } from '../catalog/find-goods.ts'
import type { Effect } from '../context.ts'
import { exec, insertRows, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import type { Actor } from './lock-lanes.ts'
import { refreshLocks } from './refresh-locks.ts'

export function* findSchoolList({ db, tables: t }: UnitContext): Unit<Array<{ skuId: string; name: string }>> {
  return yield* rows(
    db
      .select({ skuId: t.schoolSkus.skuId, name: t.skus.name })
      .from(t.schoolSkus)
      .innerJoin(t.skus, eq(t.skus.skuId, t.schoolSkus.skuId))
      .orderBy(asc(t.skus.name), asc(t.skus.skuId)),
  )
}

export function* setSchoolList(
  ctx: UnitContext,
  { skuIds, note, by }: { readonly skuIds: readonly string[]; readonly note: string; readonly by: Actor },
): Unit<readonly Effect[]> {
  const { schoolSkus, cabinets, hostSites } = ctx.tables
  const wanted = [...new Set(skuIds)]
  const known = yield* findSkusById(ctx, wanted)
  const unknown = skuIds.findIndex((skuId) => !known.has(skuId))
  if (unknown >= 0) throw new RefusalError('catalog.sku_unknown', undefined, { field: `skuIds.${unknown}` })
  const before = (yield* findSchoolList(ctx)).map(({ skuId }) => skuId)
  yield* exec(ctx.db.delete(schoolSkus))
  const allowedAtMs = ctx.now()
  yield* insertRows(
    schoolSkus,
    wanted.map((skuId) => ({ skuId, allowedBy: by.name, allowedAtMs })),
  )
  yield* recordAudit(ctx, {
    accountId: by.accountId,
    action: 'school_list.set',
    subjectId: 'school-list',
    why: note,
    before: { skuIds: before },
    after: { skuIds: wanted },
  })
  const schools = yield* rows(
    ctx.db
      .select({ cabinetId: cabinets.cabinetId })
      .from(cabinets)
      .innerJoin(hostSites, eq(hostSites.hostSiteId, cabinets.hostSiteId))
      .where(eq(hostSites.kind, 'school')),
  )
  return yield* refreshLocks(
    ctx,
    schools.map(({ cabinetId }) => cabinetId),
    by.name,
  )
}
