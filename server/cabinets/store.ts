// Queries of the registry, for this noun's routes.
import { and, asc, desc, eq, like, or, type SQL } from 'drizzle-orm'
import type { z } from 'zod'
import type { CabinetSummary, HostSiteKind, listCabinets, RolloutState } from '#shared/contracts/http/cabinets.ts'
import type { CommandRecord } from '#shared/contracts/http/cabinets.ts'
import { commandReasons } from '#shared/contracts/mqtt/command.ts'
import { countRows } from '../db/expressions.ts'
import {
  behindKey,
  behindName,
  inNameOrder,
  keyOfCursor,
  type NameSorted,
  type Page,
  pageOfRows,
  type PageRequest,
} from '../db/keyset.ts'
import { one, rows, type Unit, type UnitContext } from '../db/unit.ts'

/** What a summary is made of: registry, site and status side by side. */
function* findSummaryRows(ctx: UnitContext, where: SQL | undefined, limit: number, sorted: NameSorted = {}) {
  const { cabinets, hostSites, cabinetStatuses: status } = ctx.tables
  return yield* rows(
    ctx.db
      .select({
        cabinetId: cabinets.cabinetId,
        code: cabinets.code,
        hostSiteId: hostSites.hostSiteId,
        hostSiteName: hostSites.name,
        hostSiteKind: hostSites.kind,
        rolloutState: cabinets.rolloutState,
        isDemo: cabinets.isDemo,
        publicKey: cabinets.publicKey,
        isOnline: status.isOnline,
        isInService: status.isInService,
        lastSeenAtMs: status.lastSeenAtMs,
        telemetry: status.telemetry,
        alarms: status.alarms,
        offlineDevices: status.offlineDevices,
        reported: status.reported,
      })
      .from(cabinets)
      .innerJoin(hostSites, eq(hostSites.hostSiteId, cabinets.hostSiteId))
      .innerJoin(status, eq(status.cabinetId, cabinets.cabinetId))
      .where(where)
      .orderBy(...inNameOrder([cabinets.code], sorted))
      .limit(limit),
  )
}
export type CabinetRow =
  ReturnType<typeof findSummaryRows> extends Generator<unknown, Array<infer Row>, unknown> ? Row : never

export function showCabinet(row: CabinetRow): CabinetSummary {
  const { publicKey: _key, telemetry, offlineDevices, reported: _twin, lastSeenAtMs, alarms, ...known } = row
  const temperatureDeciC = telemetry?.temperatureDeciC
  return {
    ...known,
    ...(lastSeenAtMs === null ? {} : { lastSeenAtMs }),
    ...(temperatureDeciC === undefined ? {} : { temperatureDeciC }),
    alarms: [...alarms, ...Object.keys(offlineDevices).map((device) => `device_offline:${device}`)],
  }
}

export function* findCabinet(ctx: UnitContext, by: { cabinetId: string } | { code: string }) {
  const { cabinets } = ctx.tables
  const where = 'code' in by ? eq(cabinets.code, by.code) : eq(cabinets.cabinetId, by.cabinetId)
  const [found] = yield* findSummaryRows(ctx, where, 1)
  return found
}

type CabinetQuery = z.infer<(typeof listCabinets)['query']>

export function* listCabinetPage(ctx: UnitContext, query: CabinetQuery): Unit<Page<CabinetSummary>> {
  const { cabinets, hostSites, cabinetStatuses } = ctx.tables
  const text = query.search?.replace(/[%_\\]/g, '')
  const where = and(
    behindName([cabinets.code], query),
    text === undefined || text === ''
      ? undefined
      : or(like(cabinets.code, `%${text.toUpperCase()}%`), like(hostSites.name, `%${text}%`)),
    query.rolloutState === undefined ? undefined : eq(cabinets.rolloutState, query.rolloutState),
    query.hostSiteKind === undefined ? undefined : eq(hostSites.kind, query.hostSiteKind),
    query.isOnline === undefined ? undefined : eq(cabinetStatuses.isOnline, query.isOnline),
    query.isDemo === undefined ? undefined : eq(cabinets.isDemo, query.isDemo),
  )
  const found = yield* findSummaryRows(ctx, where, query.limit + 1, query)
  return pageOfRows(found, query.limit, ({ code }) => [code], showCabinet)
}

export function* listHostSitePage({ db, tables: { hostSites: t } }: UnitContext, query: PageRequest) {
  const found = yield* rows(
    db
      .select()
      .from(t)
      .where(behindKey([t.name, t.hostSiteId], keyOfCursor(query.cursor, 2), 'ascending'))
      .orderBy(asc(t.name), asc(t.hostSiteId))
      .limit(query.limit + 1),
  )
  return pageOfRows(found, query.limit, ({ name, hostSiteId }) => [name, hostSiteId], showHostSite)
}

export type HostSiteRow = UnitContext['tables']['hostSites']['$inferSelect']

export function showHostSite({ createdAtMs: _at, townCode, lonMicrodeg, latMicrodeg, ...site }: HostSiteRow) {
  return {
    ...site,
    ...(townCode === null ? {} : { townCode }),
    ...(lonMicrodeg === null || latMicrodeg === null ? {} : { place: { lonMicrodeg, latMicrodeg } }),
  }
}

export function* listCommandPage(
  { db, tables: { cabinetCommands: t } }: UnitContext,
  cabinetId: string,
  query: PageRequest,
): Unit<Page<z.infer<typeof CommandRecord>>> {
  const found = yield* rows(
    db
      .select()
      .from(t)
      .where(and(eq(t.cabinetId, cabinetId), behindKey([t.commandId], keyOfCursor(query.cursor, 1), 'descending')))
      .orderBy(desc(t.commandId))
      .limit(query.limit + 1),
  )
  return pageOfRows(found, query.limit, ({ commandId }) => [commandId], showCommand)
}

export function showCommand(
  row: UnitContext['tables']['cabinetCommands']['$inferSelect'],
): z.infer<typeof CommandRecord> {
  const { commandId, kind, issuedAtMs, expiresAtMs, issuedBy, outcome, detail, report, repliedAtMs } = row
  const reason = commandReasons.find((known) => known === row.reason)
  return {
    commandId,
    kind,
    issuedAtMs,
    expiresAtMs,
    issuedBy,
    ...(outcome === null ? {} : { outcome }),
    ...(reason === undefined ? {} : { reason }),
    ...(detail === null ? {} : { detail }),
    ...(report === null ? {} : { report }),
    ...(repliedAtMs === null ? {} : { repliedAtMs }),
  }
}

export interface FleetCounts {
  readonly byRolloutState: Record<z.infer<typeof RolloutState>, number>
  readonly byHostSiteKind: Record<z.infer<typeof HostSiteKind>, number>
  readonly online: number
  readonly rejectedMessages: number
}

export function* countFleet({ db, tables: t }: UnitContext): Unit<FleetCounts> {
  const byState = yield* rows(
    db.select({ state: t.cabinets.rolloutState, count: countRows() }).from(t.cabinets).groupBy(t.cabinets.rolloutState),
  )
  const byKind = yield* rows(
    db
      .select({ kind: t.hostSites.kind, count: countRows() })
      .from(t.cabinets)
      .innerJoin(t.hostSites, eq(t.hostSites.hostSiteId, t.cabinets.hostSiteId))
      .groupBy(t.hostSites.kind),
  )
  const online = yield* one(
    db.select({ count: countRows() }).from(t.cabinetStatuses).where(eq(t.cabinetStatuses.isOnline, true)),
  )
  const rejected = yield* one(db.select({ count: countRows() }).from(t.rejectedMessages))
  return {
    byRolloutState: {
      planned: 0,
      installed: 0,
      live: 0,
      withdrawn: 0,
      ...Object.fromEntries(byState.map(({ state, count }) => [state, count])),
    },
    byHostSiteKind: {
      government: 0,
      hospital: 0,
      school: 0,
      ...Object.fromEntries(byKind.map(({ kind, count }) => [kind, count])),
    },
    online: online?.count ?? 0,
    rejectedMessages: rejected?.count ?? 0,
  }
}
