// Over-temperature for 30 minutes locks the cabinet (domain.md, food). Pure: what is known of the warmth so far and a reading
// give what is known now. Only a reading at or below the limit ends a warm spell; silence of the thermometer, a restart or a
// power cut in the middle of it does not, since nobody knows that it was cool meanwhile.

/** A warm spell longer than this locks, ms. */
export const warmSpellMs = 30 * 60_000

export interface Warmth {
  /** Since when every reading was above the limit. */
  readonly warmSinceMs?: number
  /** The highest reading of the spell. */
  readonly highestDeciC?: number
  /** The last reading was above the limit. */
  readonly isWarm: boolean
  readonly isLocked: boolean
}

export const coolAndOpen: Warmth = { isWarm: false, isLocked: false }

export interface HeatReading {
  readonly temperatureDeciC: number
  readonly atMs: number
}

/** `limitDeciC` null: this cabinet holds nothing that must be kept cool. A lock ends by `resetWarmth` only. */
export function judgeWarmth(before: Warmth, reading: HeatReading, limitDeciC: number | null): Warmth {
  const { isLocked } = before
  if (limitDeciC === null || reading.temperatureDeciC <= limitDeciC) return { isWarm: false, isLocked }
  // A clock that was set back must not lengthen the spell, nor forget it.
  const warmSinceMs = Math.min(before.warmSinceMs ?? reading.atMs, reading.atMs)
  return {
    warmSinceMs,
    highestDeciC: Math.max(before.highestDeciC ?? reading.temperatureDeciC, reading.temperatureDeciC),
    isWarm: true,
    isLocked: isLocked || reading.atMs - warmSinceMs >= warmSpellMs,
  }
}

/** Undefined when it may not be reset: it is not locked, or still too warm. */
export function resetWarmth(before: Warmth): Warmth | undefined {
  return before.isLocked && !before.isWarm ? coolAndOpen : undefined
}
