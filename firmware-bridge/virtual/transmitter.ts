import { nextGaussian, type Random } from '#shared/ids/random.ts'
import type { Clock } from '#shared/time/clock.ts'
import type { LoadCell } from './load-cell.ts'

/**
 * The electronics between a load cell and a wire: converts at its own rate, remembers the last conversion, judges
 * stability, carries tare and zero. Conversions that nobody asked about in time are made up for when somebody asks.
 */

/** What a person can do to a scale that physics did not. */
export interface ScaleFault {
  driftGPerMin: number
  unstableSdG: number
  rangeFault: 'overload' | 'underload' | undefined
}

export interface DisplayedMass {
  grossG: number
  netG: number
  isStable: boolean
  rangeFault: 'overload' | 'underload' | undefined
}

/** Stable: all conversions of this time within one division of each other, ms. */
const stableForMs = 1000
/** Further back than this no conversion can still matter, ms. */
const catchUpMs = 4000

export class Transmitter {
  readonly fault: ScaleFault = { driftGPerMin: 0, unstableSdG: 0, rangeFault: undefined }
  /** Load at which the cell is over its range, g. */
  readonly capacityG: number
  private readonly cell: LoadCell
  private readonly clock: Clock
  private readonly random: Random
  private history: Array<{ atMs: number; massG: number }> = []
  private last: number | null = 0
  private nextAtMs: number
  private tareG = 0
  private driftFromMs: number
  private driftG = 0

  constructor(cell: LoadCell, clock: Clock, random: Random, capacityG: number) {
    this.cell = cell
    this.clock = clock
    this.random = random
    this.capacityG = capacityG
    this.nextAtMs = clock.monotonicMs()
    this.driftFromMs = this.nextAtMs
  }

  /** Converts up to now. Must be called before anything about the cell changes. */
  catchUp(): void {
    const nowMs = this.clock.monotonicMs()
    this.nextAtMs = Math.max(this.nextAtMs, nowMs - catchUpMs)
    while (this.nextAtMs <= nowMs) {
      this.convert(this.nextAtMs)
      this.nextAtMs += Math.max(1, this.cell.nextSampleDelayMs())
    }
  }

  /** The last conversion, or undefined when it was lost: then the line stays silent. */
  display(): DisplayedMass | undefined {
    this.catchUp()
    if (this.last === null) return undefined
    const grossG = this.last
    return {
      grossG,
      netG: this.roundToDivision(grossG - this.tareG),
      isStable: this.isStable(),
      rangeFault: this.fault.rangeFault ?? (grossG > this.capacityG ? 'overload' : undefined),
    }
  }

  zero(): void {
    this.catchUp()
    this.driftG = 0
    this.driftFromMs = this.clock.monotonicMs()
    this.cell.zero(this.clock.monotonicMs())
    this.history = []
    this.convert(this.clock.monotonicMs())
  }

  /** Absent mass: whatever lies there now. */
  tare(massG?: number): void {
    this.catchUp()
    this.tareG = massG ?? this.last ?? 0
  }

  /** Drift begins, changes or ends now; what has drifted so far stays. */
  setDrift(gPerMin: number): void {
    this.catchUp()
    this.driftG = this.driftAt(this.clock.monotonicMs())
    this.driftFromMs = this.clock.monotonicMs()
    this.fault.driftGPerMin = gPerMin
  }

  /** Decimals on the wire: as many as the division needs. */
  get decimals(): number {
    return this.cell.profile.divisionG < 1 ? 1 : 0
  }

  private convert(atMs: number): void {
    const { massG } = this.cell.sample(atMs)
    if (massG === null) {
      this.last = null
      return
    }
    const shakenG = this.fault.unstableSdG > 0 ? nextGaussian(this.random) * this.fault.unstableSdG : 0
    this.last = this.roundToDivision(massG + this.driftAt(atMs) + shakenG)
    this.history.push({ atMs, massG: this.last })
    while (this.history.length > 2 && (this.history[1]?.atMs ?? atMs) < atMs - stableForMs) this.history.shift()
  }

  private driftAt(atMs: number): number {
    return this.driftG + (this.fault.driftGPerMin * (atMs - this.driftFromMs)) / 60_000
  }

  private isStable(): boolean {
    if (this.history.length < 2) return false
    const masses = this.history.map(({ massG }) => massG)
    // What a transmitter calls stable is coarser than its display: noise must fit within it.
    const bandG = Math.max(2 * this.cell.profile.divisionG, 6 * this.cell.profile.whiteNoiseG)
    return Math.max(...masses) - Math.min(...masses) <= bandG
  }

  private roundToDivision(massG: number): number {
    const { divisionG } = this.cell.profile
    return Math.round(Math.round(massG / divisionG) * divisionG * 10) / 10 || 0
  }
}
