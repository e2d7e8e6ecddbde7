import type { Clock } from '#shared/time/clock.ts'

/**
 * One electric lock and, if it holds one, its door, as mechanics: the coil draws the bolt, the bolt stays drawn until
 * somebody opens the door and closes it again, or until nobody did for ten seconds.
 */

/** The coil needs this long to draw the bolt, ms. */
const boltTravelMs = 120
/** Unopened for this long, the bolt falls back, ms. */
export const relockAfterMs = 10_000

export class LockMechanism {
  /** The bolt stays where it is whatever the coil does. */
  isJammed = false
  /** How often the coil was fired. */
  pulseCount = 0
  private readonly clock: Clock
  private drawnFromMs: number | undefined
  private doorOpen = false
  private readonly listeners = new Set<() => void>()

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** Current through the coil. */
  pulse(): void {
    this.pulseCount += 1
    if (this.isJammed) return
    const nowMs = this.clock.monotonicMs()
    if (this.drawnFromMs === undefined || nowMs - this.drawnFromMs > relockAfterMs)
      this.drawnFromMs = nowMs + boltTravelMs
    this.changed()
  }

  /** A key draws the bolt at once, whatever holds the coil. */
  drawByKey(): void {
    this.drawnFromMs = this.clock.monotonicMs()
    this.changed()
  }

  /** Locked: the bolt is in. */
  get isLocked(): boolean {
    if (this.doorOpen) return false
    if (this.drawnFromMs === undefined) return true
    const elapsedMs = this.clock.monotonicMs() - this.drawnFromMs
    return elapsedMs < 0 || elapsedMs >= relockAfterMs
  }

  get isDoorOpen(): boolean {
    return this.doorOpen
  }

  /** What the lock's own switch says: closed only with the door shut and the bolt in. */
  get feedback(): 'open' | 'closed' {
    return this.isLocked ? 'closed' : 'open'
  }

  /** A hand pulls. False when the bolt holds. */
  openDoor(): boolean {
    if (this.doorOpen) return true
    if (this.isLocked) return false
    this.doorOpen = true
    this.changed()
    return true
  }

  /** Falls into the lock. */
  closeDoor(): void {
    if (!this.doorOpen) return
    this.doorOpen = false
    this.drawnFromMs = undefined
    this.changed()
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  private changed(): void {
    for (const listener of this.listeners) listener()
  }
}
