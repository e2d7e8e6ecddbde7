// Enters host sites and cabinets into the registry: one by hand, or a thousand at once.
import { inArray } from 'drizzle-orm'
import type { z } from 'zod'
import type { HostSite, HostSiteKind, Place, RolloutState } from '#shared/contracts/http/cabinets.ts'
import { genesisHash } from '#shared/contracts/mqtt/event.ts'
import { CabinetConfig } from '#shared/contracts/mqtt/twin.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { insertRows, rows, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'

export interface NewHostSite {
  readonly name: string
  readonly kind: z.infer<typeof HostSiteKind>
  readonly address: string
  /** From makeReadableCode; the database keeps it unique. */
  readonly joinCode: string
  /** Statistical code of its town. */
  readonly townCode?: string | undefined
  readonly place?: Place | undefined
}

/** Adds host sites; returns them in the same order. */
export function* addHostSites(ctx: UnitContext, sites: readonly NewHostSite[]): Unit<Array<z.infer<typeof HostSite>>> {
  const createdAtMs = ctx.now()
  const made = sites.map(({ name, kind, address, joinCode, townCode, place }) => ({
    hostSiteId: ctx.newId(),
    name,
    kind,
    address,
    joinCode,
    ...(townCode === undefined ? {} : { townCode }),
    ...(place === undefined ? {} : { place }),
  }))
  yield* insertRows(
    ctx.tables.hostSites,
    made.map(({ place, ...site }) => ({
      ...site,
      townCode: site.townCode,
      lonMicrodeg: place?.lonMicrodeg,
      latMicrodeg: place?.latMicrodeg,
      createdAtMs,
    })),
  )
  return made
}

export interface NewCabinet {
  readonly code: string
  readonly hostSiteId: Id
  readonly rolloutState: z.infer<typeof RolloutState>
  readonly isDemo?: boolean
}

const maxNames = 500

function* refuseKnownCodes({ db, tables: { cabinets } }: UnitContext, codes: readonly string[]): Unit<void> {
  if (new Set(codes).size < codes.length) throw new RefusalError('cabinet.code_taken', undefined, { field: 'code' })
  for (let from = 0; from < codes.length; from += maxNames) {
    const part = codes.slice(from, from + maxNames)
    const taken = yield* rows(db.select({ code: cabinets.code }).from(cabinets).where(inArray(cabinets.code, part)))
    const [first] = taken
    if (first !== undefined)
      throw new RefusalError('cabinet.code_taken', `${first.code} is in the registry`, { field: 'code' })
  }
}

/** Adds cabinets, with an empty twin and journal each; returns their ids in the same order. All or none. */
export function* addCabinets(ctx: UnitContext, cabinets: readonly NewCabinet[]): Unit<Id[]> {
  const { tables: t } = ctx
  yield* refuseKnownCodes(
    ctx,
    cabinets.map(({ code }) => code),
  )
  const siteIds = [...new Set(cabinets.map(({ hostSiteId }) => hostSiteId))]
  const known = new Set<string>()
  for (let from = 0; from < siteIds.length; from += maxNames) {
    const part = siteIds.slice(from, from + maxNames)
    const sites = yield* rows(
      ctx.db.select({ id: t.hostSites.hostSiteId }).from(t.hostSites).where(inArray(t.hostSites.hostSiteId, part)),
    )
    for (const { id } of sites) known.add(id)
  }
  if (known.size < siteIds.length) throw new RefusalError('host_site.unknown', undefined, { field: 'hostSiteId' })
  const atMs = ctx.now()
  const made = cabinets.map((cabinet) => ({ ...cabinet, cabinetId: ctx.newId() }))
  yield* insertRows(
    t.cabinets,
    made.map(({ cabinetId, code, hostSiteId, rolloutState, isDemo }) => ({
      cabinetId,
      code,
      hostSiteId,
      rolloutState,
      isDemo: isDemo ?? false,
      createdAtMs: atMs,
    })),
  )
  yield* insertRows(
    t.cabinetStatuses,
    made.map(({ cabinetId }) => ({
      cabinetId,
      isOnline: false,
      isInService: false,
      alarms: [],
      doorState: 'unknown' as const,
      offlineDevices: {},
    })),
  )
  yield* insertRows(
    t.cabinetTwins,
    made.map(({ cabinetId }) => ({
      cabinetId,
      version: 0,
      planogram: { version: 0, lanes: [] },
      prices: { version: 0, prices: {} },
      config: CabinetConfig.parse({}),
      changedAtMs: atMs,
    })),
  )
  yield* insertRows(
    t.journalPositions,
    made.map(({ cabinetId }) => ({ cabinetId, committedSeq: 0, lastHash: genesisHash, seqBase: 0, mayRestart: false })),
  )
  return made.map(({ cabinetId }) => cabinetId)
}
