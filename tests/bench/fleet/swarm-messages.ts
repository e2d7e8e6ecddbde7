import type { Id } from '#shared/ids/uuid-v7.ts'

/** What a bench tells the process that holds simulated cabinets, and hears from it. */
export interface SwarmStart {
  readonly do: 'start'
  readonly host: string
  readonly port: number
  /** Private keys as PKCS #8 PEM. Cabinets named `absent` never connect, `refusing` ones take over no twin. */
  readonly cabinets: ReadonlyArray<{ readonly cabinetId: Id; readonly key: string; readonly habit: SwarmHabit }>
}
export type SwarmHabit = 'obeys' | 'refuses' | 'absent'

export type SwarmOrder =
  | SwarmStart
  /** Everybody says hello, then twin and telemetry once a period each, evenly over it, until told to stop. */
  | { readonly do: 'talk'; readonly everyMs: number }
  | { readonly do: 'stop-talking' }
  /** Every cabinet loses its connection again and again, after about so long, and comes back. */
  | { readonly do: 'break'; readonly meanUpMs: number }
  | { readonly do: 'stop-breaking' }
  | { readonly do: 'count' }

/** What a cabinet has said and heard. */
export interface SwarmCount {
  readonly cabinetId: Id
  readonly isConnected: boolean
  /** `liveIntervalMs` of the twin it runs by; the bench rolls another one out. */
  readonly liveIntervalMs: number
  readonly lastReportedAtMs: number
  readonly lastTelemetryAtMs: number
  /** When it first heard of a recalled lane, epoch ms. */
  readonly recalledAtMs: number | undefined
}

export type SwarmReport =
  | { readonly kind: 'connected'; readonly count: number; readonly tookMs: number }
  | { readonly kind: 'quiet' }
  | {
      readonly kind: 'count'
      readonly cabinets: readonly SwarmCount[]
      /** By channel: handed to the socket, and acknowledged by the broker (of QoS 1). */
      readonly sent: Readonly<Record<string, number>>
      readonly acknowledged: Readonly<Record<string, number>>
      readonly reconnects: number
      /** Connections that ended though nobody broke them. */
      readonly lost: number
    }
  | { readonly kind: 'failed'; readonly why: string }
