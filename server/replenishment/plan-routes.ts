// Routes from the depot over sites, pure: Clarke and Wright's savings under the van's capacity, then 2-opt and Or-opt inside
// each route; and a bound below which no set of routes can be, so that the heuristic can be measured. Distances are
// great circles; roads are longer by a factor that does not change the order.

/** A place in microdegrees. */
export interface Place {
  readonly lonMicrodeg: number
  readonly latMicrodeg: number
}

export interface Stop extends Place {
  readonly stopId: string
  readonly units: number
}

export interface RouteLimits {
  readonly capacityUnits: number
  readonly maximumStops: number
}

export interface PlannedRoute {
  /** In the order of driving. */
  readonly stopIds: readonly string[]
  readonly units: number
  readonly metres: number
}

const earthM = 6_371_009
const radiansPerMicrodeg = Math.PI / 180_000_000
/** Savings are looked for among so many nearest neighbours of each stop. */
const neighbours = 60

export function metresBetween(a: Place, b: Place): number {
  const [latA, latB] = [a.latMicrodeg * radiansPerMicrodeg, b.latMicrodeg * radiansPerMicrodeg]
  const halfLat = Math.sin((latB - latA) / 2)
  const halfLon = Math.sin(((b.lonMicrodeg - a.lonMicrodeg) * radiansPerMicrodeg) / 2)
  const chord = halfLat * halfLat + Math.cos(latA) * Math.cos(latB) * halfLon * halfLon
  return 2 * earthM * Math.asin(Math.min(1, Math.sqrt(chord)))
}

/** Every stop is on one route; one that is too much for a van alone has a route of its own. */
export function planRoutes(depot: Place, stops: readonly Stop[], limits: RouteLimits): PlannedRoute[] {
  const metres = distances([depot, ...stops])
  return joinBySavings(metres, stops, limits)
    .map((route) => improve(metres, route))
    .map((route) => ({
      stopIds: route.map((node) => stops[node - 1]?.stopId ?? ''),
      units: route.reduce((sum, node) => sum + (stops[node - 1]?.units ?? 0), 0),
      metres: Math.round(lengthOf(metres, route)),
    }))
    .toSorted((a, b) => ((a.stopIds[0] ?? '') < (b.stopIds[0] ?? '') ? -1 : 1))
}

/** Row i, column j; node 0 is the depot. */
type Metres = readonly Float64Array[]

function distances(places: readonly Place[]): Metres {
  return places.map((from) => Float64Array.from(places, (to) => metresBetween(from, to)))
}

const at = (metres: Metres, from: number, to: number) => metres[from]?.[to] ?? 0

function joinBySavings(metres: Metres, stops: readonly Stop[], limits: RouteLimits): number[][] {
  const savings: Array<{ from: number; to: number; metres: number }> = []
  for (let from = 1; from <= stops.length; from += 1) {
    const near = stops
      .map((_, index) => index + 1)
      .filter((node) => node !== from)
      .toSorted((a, b) => at(metres, from, a) - at(metres, from, b))
      .slice(0, neighbours)
    for (const to of near) {
      const saved = at(metres, 0, from) + at(metres, 0, to) - at(metres, from, to)
      if (saved > 0) savings.push({ from, to, metres: saved })
    }
  }
  savings.sort((a, b) => b.metres - a.metres || a.from - b.from || a.to - b.to)
  const routeOf = new Map(stops.map((stop, index) => [index + 1, { nodes: [index + 1], units: stop.units }]))
  for (const { from, to } of savings) {
    const [a, b] = [routeOf.get(from), routeOf.get(to)]
    if (a === undefined || b === undefined || a === b) continue
    if (a.units + b.units > limits.capacityUnits || a.nodes.length + b.nodes.length > limits.maximumStops) continue
    // Only ends can be joined.
    if (a.nodes.at(-1) !== from) a.nodes.reverse()
    if (b.nodes[0] !== to) b.nodes.reverse()
    if (a.nodes.at(-1) !== from || b.nodes[0] !== to) continue
    a.nodes.push(...b.nodes)
    a.units += b.units
    for (const node of b.nodes) routeOf.set(node, a)
  }
  return [...new Set(routeOf.values())].map(({ nodes }) => nodes)
}

function lengthOf(metres: Metres, route: readonly number[]): number {
  let sum = 0
  let from = 0
  for (const node of route) {
    sum += at(metres, from, node)
    from = node
  }
  return sum + at(metres, from, 0)
}

/** Until neither turning a stretch round (2-opt) nor moving up to three stops elsewhere (Or-opt) shortens it. */
function improve(metres: Metres, start: readonly number[]): number[] {
  let route = [...start]
  for (let isBetter = true; isBetter;) {
    const turned = turnStretch(metres, route)
    const moved = turned ?? moveStops(metres, route)
    isBetter = moved !== undefined
    route = moved ?? route
  }
  return route
}

/** Less than this is rounding, m. */
const gainM = 0.01

function turnStretch(metres: Metres, route: readonly number[]): number[] | undefined {
  for (let i = 0; i < route.length - 1; i += 1) {
    for (let j = i + 1; j < route.length; j += 1) {
      const [before, first, last, after] = [route[i - 1] ?? 0, route[i] ?? 0, route[j] ?? 0, route[j + 1] ?? 0]
      const gain =
        at(metres, before, first) + at(metres, last, after) - at(metres, before, last) - at(metres, first, after)
      if (gain > gainM) return [...route.slice(0, i), ...route.slice(i, j + 1).toReversed(), ...route.slice(j + 1)]
    }
  }
  return undefined
}

function moveStops(metres: Metres, route: readonly number[]): number[] | undefined {
  for (let size = 1; size <= 3; size += 1) {
    for (let i = 0; i + size <= route.length; i += 1) {
      const stretch = route.slice(i, i + size)
      const rest = [...route.slice(0, i), ...route.slice(i + size)]
      const [first, last] = [stretch[0] ?? 0, stretch.at(-1) ?? 0]
      const [before, after] = [route[i - 1] ?? 0, route[i + size] ?? 0]
      const saved = at(metres, before, first) + at(metres, last, after) - at(metres, before, after)
      for (let to = 0; to <= rest.length; to += 1) {
        const [left, right] = [rest[to - 1] ?? 0, rest[to] ?? 0]
        const added = at(metres, left, first) + at(metres, last, right) - at(metres, left, right)
        if (saved - added > gainM) return [...rest.slice(0, to), ...stretch, ...rest.slice(to)]
      }
    }
  }
  return undefined
}

/**
 * No set of routes is shorter, m: the greater of a 1-tree (every tour through all places contains one, and routes are no
 * shorter than a tour; raised by subgradient steps, Held and Karp) and of the trips that the loads need (each unit rides
 * from the depot and the van back, capacity at a time).
 */
export function routeBoundM(depot: Place, stops: readonly Stop[], limits: RouteLimits): number {
  if (stops.length === 0) return 0
  const metres = distances([depot, ...stops])
  let trips = 0
  for (const [index, { units }] of stops.entries()) {
    const part = Math.max(Math.min(1, units / limits.capacityUnits), 1 / limits.maximumStops)
    trips += 2 * at(metres, 0, index + 1) * part
  }
  return Math.max(trips, stops.length < 3 ? 0 : oneTreeM(metres))
}

const ascents = 40

function oneTreeM(metres: Metres): number {
  const size = metres.length
  const pull = new Float64Array(size)
  let best = 0
  let step = 0
  for (let ascent = 0; ascent < ascents; ascent += 1) {
    const { sum, degrees } = cheapestOneTree(metres, pull)
    let pulled = 0
    for (let node = 0; node < size; node += 1) pulled += 2 * (pull[node] ?? 0)
    best = Math.max(best, sum - pulled)
    if (ascent === 0) step = sum / (2 * size)
    for (let node = 0; node < size; node += 1) pull[node] = (pull[node] ?? 0) + step * ((degrees[node] ?? 0) - 2)
    step *= 0.93
  }
  return best
}

/** Prim's tree over the stops and the depot's two cheapest edges, each node made dearer by its pull. */
function cheapestOneTree(metres: Metres, pull: Float64Array): { sum: number; degrees: Uint16Array } {
  const size = metres.length
  const cost = (a: number, b: number) => at(metres, a, b) + (pull[a] ?? 0) + (pull[b] ?? 0)
  const degrees = new Uint16Array(size)
  const nearest = new Float64Array(size).fill(Infinity)
  const parent = new Int32Array(size).fill(-1)
  const isIn = new Uint8Array(size)
  let sum = 0
  nearest[1] = 0
  for (let added = 1; added < size; added += 1) {
    let node = -1
    for (let other = 1; other < size; other += 1)
      if (isIn[other] === 0 && (node < 0 || (nearest[other] ?? 0) < (nearest[node] ?? 0))) node = other
    isIn[node] = 1
    sum += nearest[node] ?? 0
    const from = parent[node] ?? -1
    if (from > 0) {
      degrees[node] = (degrees[node] ?? 0) + 1
      degrees[from] = (degrees[from] ?? 0) + 1
    }
    for (let other = 1; other < size; other += 1) {
      const reach = cost(node, other)
      if (isIn[other] === 1 || reach >= (nearest[other] ?? 0)) continue
      nearest[other] = reach
      parent[other] = node
    }
  }
  const ends = Array.from({ length: size - 1 }, (_, index) => index + 1)
    .toSorted((a, b) => cost(0, a) - cost(0, b))
    .slice(0, 2)
  for (const end of ends) {
    sum += cost(0, end)
    degrees[end] = (degrees[end] ?? 0) + 1
    degrees[0] = (degrees[0] ?? 0) + 1
  }
  return { sum, degrees }
}
