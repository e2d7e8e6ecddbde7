// Says where host sites are, one by hand or a table of them: restock routes go by it. A table names a site by the code on its
// cabinet, which people at the site can read.
import { eq, inArray } from 'drizzle-orm'
import { z } from 'zod'
import { CabinetCode } from '#shared/contracts/http/shelf.ts'
import type { Place } from '#shared/contracts/http/cabinets.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { exec, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { degreesCell } from '../tabular/cells.ts'
import { readTable } from '../tabular/read-table.ts'
import type { RowError } from '../tabular/read-table.ts'
import { refuseRows } from '../tabular/refuse-rows.ts'
import { showHostSite } from './store.ts'
import type { HostSiteRow } from './store.ts'

const columns = {
  cabinetCode: { names: ['柜机编号', '柜号', 'cabinet'], schema: z.string().trim().pipe(CabinetCode) },
  lonMicrodeg: { names: ['经度', 'longitude', 'lon'], schema: degreesCell(73, 136) },
  latMicrodeg: { names: ['纬度', 'latitude', 'lat'], schema: degreesCell(3, 54) },
} as const

export interface ReadPlace extends Place {
  readonly row: number
  readonly cabinetCode: string
}

/** Sites named in one statement; both dialects bind more. */
const maxNames = 500

/** Refuses with host_site.unknown. */
export function* placeSite(
  ctx: UnitContext,
  { hostSiteId, place, byAccountId }: { hostSiteId: string; place: Place; byAccountId: string },
): Unit<ReturnType<typeof showHostSite>> {
  const { hostSites: t } = ctx.tables
  const before = yield* one(ctx.db.select().from(t).where(eq(t.hostSiteId, hostSiteId)))
  if (before === undefined) throw new RefusalError('host_site.unknown', undefined, { field: 'hostSiteId' })
  yield* move(ctx, before, place, byAccountId)
  return showHostSite({ ...before, ...place })
}

function* move(ctx: UnitContext, before: HostSiteRow, place: Place, accountId: string): Unit<void> {
  const { hostSites: t } = ctx.tables
  const { hostSiteId, lonMicrodeg, latMicrodeg } = before
  yield* exec(ctx.db.update(t).set(place).where(eq(t.hostSiteId, hostSiteId)))
  yield* recordAudit(ctx, {
    accountId,
    action: 'host_site.placed',
    subjectId: hostSiteId,
    before: { lonMicrodeg, latMicrodeg },
    after: { ...place },
  })
}

/** Reads cabinet code, longitude and latitude (degrees, WGS 84). Refuses with the errors of its rows. */
export async function readPlaces(file: Uint8Array): Promise<ReadPlace[]> {
  const table = await readTable(file, columns)
  refuseRows(table.errors)
  return table.rows.map(({ row, values }) => ({ row, ...values }))
}

/** All rows or none. Refuses row by row: a code nobody has, and one site at two places. */
export function* importPlaces(
  ctx: UnitContext,
  { places, byAccountId }: { readonly places: readonly ReadPlace[]; readonly byAccountId: string },
): Unit<{ rows: number; changed: number }> {
  const sites = yield* sitesOf(ctx, [...new Set(places.map(({ cabinetCode }) => cabinetCode))])
  const errors: RowError[] = []
  const wanted = new Map<string, { site: HostSiteRow; place: ReadPlace }>()
  for (const place of places) {
    const site = sites.get(place.cabinetCode)
    const first = site === undefined ? undefined : wanted.get(site.hostSiteId)?.place
    if (site === undefined) errors.push({ row: place.row, column: '柜机编号', message: 'is not in the registry' })
    else if (first === undefined) wanted.set(site.hostSiteId, { site, place })
    else if (!isSame(first, place))
      errors.push({ row: place.row, message: `puts the site of row ${first.row} at another place` })
  }
  refuseRows(errors)
  let changed = 0
  for (const { site, place } of wanted.values()) {
    if (isSame(site, place)) continue
    const { lonMicrodeg, latMicrodeg } = place
    yield* move(ctx, site, { lonMicrodeg, latMicrodeg }, byAccountId)
    changed += 1
  }
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'host_site.places_imported',
    subjectId: 'host-sites',
    detail: { rows: places.length, changed },
  })
  return { rows: places.length, changed }
}

interface MaybePlaced {
  readonly lonMicrodeg: number | null
  readonly latMicrodeg: number | null
}

const isSame = (a: MaybePlaced, b: MaybePlaced) => a.lonMicrodeg === b.lonMicrodeg && a.latMicrodeg === b.latMicrodeg

/** By cabinet code. */
function* sitesOf(ctx: UnitContext, codes: readonly string[]): Unit<Map<string, HostSiteRow>> {
  const { cabinets: c, hostSites: t } = ctx.tables
  const found = new Map<string, HostSiteRow>()
  for (let from = 0; from < codes.length; from += maxNames) {
    const part = yield* rows(
      ctx.db
        .select({ code: c.code, site: t })
        .from(c)
        .innerJoin(t, eq(t.hostSiteId, c.hostSiteId))
        .where(inArray(c.code, codes.slice(from, from + maxNames))),
    )
    for (const { code, site } of part) found.set(code, site)
  }
  return found
}
