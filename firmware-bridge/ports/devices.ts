/**
 * What the cabinet agent sees of its hardware: four kinds of device, whatever board, protocol or wire is behind them.
 * Every method rejects with DeviceError and nothing else.
 */

/** OPENED and NOT_OPENED were verified by polling the lock's state; UNKNOWN is neither. An unlock is never retried. */
export type UnlockOutcome = 'OPENED' | 'NOT_OPENED' | 'UNKNOWN'

export type LockState = 'open' | 'closed'

export interface UnlockOptions {
  /** Monotonic-clock deadline, ms: an unlock still waiting in the bus queue then is dropped with EXPIRED. */
  deadlineMonotonicMs: number
}

/** A lock control board; lock numbers are 1-based here whatever the wire says. "Open all" cannot be expressed. */
export interface LockBoard {
  /** Number of locks, 1…`lockCount`. */
  readonly lockCount: number
  unlock(lock: number, options: UnlockOptions): Promise<UnlockOutcome>
  /** State of every lock by number. */
  readStates(): Promise<ReadonlyMap<number, LockState>>
}

/** One reading of one scale. Masses in integer milligrams. */
export interface ScaleReading {
  grossMg: number
  netMg: number
  /** What the transmitter itself says; the decoder draws its own conclusion. */
  isStable: boolean
  /** Present when the reading is not a weight: the cell is over or under its range. */
  rangeFault?: 'overload' | 'underload'
}

/** One lane's scale. */
export interface Scale {
  weigh(): Promise<ScaleReading>
  /** Sets zero; only empty, at restock, by a person. */
  zero(): Promise<void>
}

export interface Thermometer {
  /** Temperature in tenths of °C, humidity in tenths of percent when the sensor has it. */
  read(): Promise<{ temperatureDeciC: number; humidityDeciPercent?: number }>
}

/** A door switch independent of the lock's own feedback. */
export interface DoorInput {
  readIsOpen(): Promise<boolean>
}

/** A reader of printed and shown codes at the door; it sends what it reads by itself. */
export interface CodeScanner {
  /** Called with the text of every code read. Returns the unsubscribe. */
  onCode(listener: (text: string) => void): () => void
  /** A line for the reader's own display, when it has one; lost when the line is down. */
  show(text: string): void
}

/** Counters of one bus since its start: telemetry, and the first thing to look at when a line is bad. */
export interface LinkCounters {
  requests: number
  replies: number
  retries: number
  timeouts: number
  checksumErrors: number
  discardedBytes: number
  lateReplies: number
  reconnects: number
}

/** Whether a device answers; ten misses in a row make it offline, one good reply online again. */
export interface DeviceHealth {
  device: string
  isOnline: boolean
  lastErrorCode?: string
}

/** A cabinet's hardware as one thing, made by the composition root from an installation profile. */
export interface CabinetHardware extends AsyncDisposable {
  readonly lock: LockBoard
  /** The lock number of the (single) door on the board. */
  readonly doorLock: number
  /** By lane id, in planogram order. */
  readonly scales: ReadonlyMap<string, Scale>
  readonly doorInput?: DoorInput
  readonly thermometer?: Thermometer
  readonly scanner?: CodeScanner
  counters(): Readonly<Record<string, LinkCounters>>
  health(): readonly DeviceHealth[]
  /** Called when a device goes offline or comes back. Returns the unsubscribe. */
  onHealthChange(listener: (health: DeviceHealth) => void): () => void
}
