// The whole fleet at a glance: one letter a cabinet.
import { asc, eq } from 'drizzle-orm'
import type { z } from 'zod'
import { cabinetConditions, type CabinetCondition, type getFleetGrid } from '#shared/contracts/http/fleet.ts'
import { rows, type Unit, type UnitContext } from '../db/unit.ts'

export interface CabinetFacts {
  readonly rolloutState: 'planned' | 'installed' | 'live' | 'withdrawn'
  readonly isOnline: boolean
  readonly isInService: boolean
  readonly doorState: 'open' | 'closed' | 'unknown'
  readonly alarms: readonly string[]
  /** Error codes by device. */
  readonly offlineDevices: Readonly<Record<string, string>>
}

/** The worst that holds. A cabinet that is not on the air tells nothing else that could be trusted. */
export function conditionOf(cabinet: CabinetFacts): CabinetCondition {
  if (cabinet.rolloutState === 'planned' || cabinet.rolloutState === 'withdrawn') return cabinet.rolloutState
  if (!cabinet.isOnline) return cabinet.rolloutState === 'live' ? 'offline' : 'installed'
  if (cabinet.alarms.length > 0 || Object.keys(cabinet.offlineDevices).length > 0) return 'alarm'
  if (!cabinet.isInService) return 'out_of_service'
  if (cabinet.rolloutState === 'installed') return 'installed'
  return cabinet.doorState === 'open' ? 'door_open' : 'ready'
}

export function* showFleetGrid(
  { db, tables: { cabinets, hostSites, cabinetStatuses: status } }: UnitContext,
  { onlyConditions }: { readonly onlyConditions: boolean },
): Unit<z.input<(typeof getFleetGrid)['reply']>> {
  const found = yield* rows(
    db
      .select({
        cabinetId: cabinets.cabinetId,
        code: cabinets.code,
        hostSiteName: hostSites.name,
        rolloutState: cabinets.rolloutState,
        isOnline: status.isOnline,
        isInService: status.isInService,
        doorState: status.doorState,
        alarms: status.alarms,
        offlineDevices: status.offlineDevices,
      })
      .from(cabinets)
      .innerJoin(hostSites, eq(hostSites.hostSiteId, cabinets.hostSiteId))
      .innerJoin(status, eq(status.cabinetId, cabinets.cabinetId))
      .orderBy(asc(cabinets.code)),
  )
  const conditions = found.map((cabinet) => cabinetConditions[conditionOf(cabinet)]).join('')
  if (onlyConditions) return { conditions }
  return { conditions, cabinets: found.map(({ cabinetId, code, hostSiteName }) => [cabinetId, code, hostSiteName]) }
}
