// Lays routes over the cabinets to be restocked and says who drives which. A cabinet whose site has no place gets onto a route
// of such cabinets, without distances: it is restocked all the same.
import { eq, inArray } from 'drizzle-orm'
import type { RestockSettings } from '#shared/contracts/http/restock-tasks.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { metresBetween, planRoutes, routeBoundM } from '../replenishment/plan-routes.ts'
import type { Place, Stop } from '../replenishment/plan-routes.ts'
import { shareRoutes } from './rules.ts'

export interface LaidRoute {
  readonly restockerId: string
  readonly trip: number
  readonly metres: number
  readonly boundMetres: number
  readonly stops: ReadonlyArray<{ readonly cabinetId: string; readonly metres?: number }>
}

export interface LaidRoutes {
  readonly routes: readonly LaidRoute[]
  readonly metres: number
  /** No set of routes over the placed stops is shorter. */
  readonly boundMetres: number
  readonly unplacedCabinetCodes: string[]
}

type Unassigned = Omit<LaidRoute, 'restockerId' | 'trip'>

export function* layRoutes(
  ctx: UnitContext,
  order: {
    readonly settings: RestockSettings
    readonly restockerIds: readonly string[]
    readonly stops: ReadonlyArray<{ readonly cabinetId: string; readonly units: number }>
  },
): Unit<LaidRoutes> {
  const { settings, restockerIds, stops } = order
  const places = yield* findPlaces(
    ctx,
    stops.map(({ cabinetId }) => cabinetId),
  )
  const placed = stops.flatMap(({ cabinetId, units }): Stop[] => {
    const place = places.get(cabinetId)?.place
    return place === undefined ? [] : [{ stopId: cabinetId, units, ...place }]
  })
  const isPlaced = new Set(placed.map(({ stopId }) => stopId))
  const unplaced = stops.filter(({ cabinetId }) => !isPlaced.has(cabinetId)).map(({ cabinetId }) => cabinetId)
  const routes = [...routesOver(placed, settings), ...routesWithout(unplaced, settings.maximumStops)]
  const drivers = shareRoutes(
    routes.map(({ metres, stops: { length } }) => ({ metres, stops: length })),
    restockerIds.length,
  )
  const trips = new Map<number, number>()
  return {
    routes: routes.map((route, index) => {
      const driver = drivers[index] ?? 0
      const trip = (trips.get(driver) ?? 0) + 1
      trips.set(driver, trip)
      return { ...route, restockerId: restockerIds[driver] ?? '', trip }
    }),
    metres: routes.reduce((sum, { metres }) => sum + metres, 0),
    boundMetres: Math.floor(routeBoundM(settings.depot, placed, settings)),
    unplacedCabinetCodes: unplaced.map((cabinetId) => places.get(cabinetId)?.code ?? '').toSorted(),
  }
}

function routesOver(placed: readonly Stop[], settings: RestockSettings): Unassigned[] {
  const { depot } = settings
  const byId = new Map(placed.map((stop) => [stop.stopId, stop]))
  return planRoutes(depot, placed, settings).map(({ stopIds, metres }) => {
    const stops = stopIds.flatMap((stopId) => byId.get(stopId) ?? [])
    // Alone, whatever is in them: only their order can be better.
    const free = { capacityUnits: Number.MAX_SAFE_INTEGER, maximumStops: stops.length }
    return {
      metres,
      boundMetres: Math.min(metres, Math.floor(routeBoundM(depot, stops, free))),
      stops: stops.map((stop, index) => ({
        cabinetId: stop.stopId,
        metres: Math.round(metresBetween(stops[index - 1] ?? depot, stop)),
      })),
    }
  })
}

function routesWithout(cabinetIds: readonly string[], maximumStops: number): Unassigned[] {
  const routes: Unassigned[] = []
  for (let from = 0; from < cabinetIds.length; from += maximumStops) {
    const stops = cabinetIds.slice(from, from + maximumStops).map((cabinetId) => ({ cabinetId }))
    routes.push({ metres: 0, boundMetres: 0, stops })
  }
  return routes
}

/** Cabinets named in one statement. */
const maxNames = 500

function* findPlaces({ db, tables: t }: UnitContext, cabinetIds: readonly string[]) {
  const places = new Map<string, { readonly code: string; readonly place: Place | undefined }>()
  for (let from = 0; from < cabinetIds.length; from += maxNames) {
    const found = yield* rows(
      db
        .select({
          cabinetId: t.cabinets.cabinetId,
          code: t.cabinets.code,
          lonMicrodeg: t.hostSites.lonMicrodeg,
          latMicrodeg: t.hostSites.latMicrodeg,
        })
        .from(t.cabinets)
        .innerJoin(t.hostSites, eq(t.hostSites.hostSiteId, t.cabinets.hostSiteId))
        .where(inArray(t.cabinets.cabinetId, cabinetIds.slice(from, from + maxNames))),
    )
    for (const { cabinetId, code, lonMicrodeg, latMicrodeg } of found) {
      const place = lonMicrodeg === null || latMicrodeg === null ? undefined : { lonMicrodeg, latMicrodeg }
      places.set(cabinetId, { code, place })
    }
  }
  return places
}
