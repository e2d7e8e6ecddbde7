/** What the benchmark tells the process that holds the agents, and hears from it. */
export interface FleetStart {
  readonly do: 'start'
  readonly serverUrl: string
  readonly dataDirectory: string
  readonly cabinets: ReadonlyArray<{
    readonly code: string
    readonly enrolmentCode: string
    readonly isSelling: boolean
  }>
}
/** Waits for the lock, opens the door, changes what lies on lanes one after the other, closes the door. */
export interface FleetVisit {
  readonly do: 'visit'
  readonly code: string
  readonly moves: ReadonlyArray<{ readonly laneId: string; readonly byMg: number }>
}
export type FleetOrder = FleetStart | FleetVisit | { readonly do: 'measure' }

export type FleetReport =
  | { readonly kind: 'connected'; readonly count: number }
  | { readonly kind: 'usage'; readonly rssBytes: number; readonly cpuMs: number }
  | { readonly kind: 'failed'; readonly why: string }
