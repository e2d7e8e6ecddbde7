/**
 * Produce loses water between sessions: that is neither the next buyer's pick nor shrink. The loss of a lane since it was
 * counted, as a part of its gross per hour, is learned per lane and lot and says how much of a missing mass may be water.
 * Pure. Source: weighing.md, rule 8.
 */

/** How fast a lot dries, and for how long it has since it was counted. */
export interface Drying {
  /** Part of the gross lost per hour. */
  partPerHour: number
  hours: number
}

/** Before a lot has been seen to dry: 1.2 % a day [assumed]. */
export const unknownPartPerHour = 0.0005
/** A lane may always have lost this part: drift, and a first warm hour [assumed]. */
const anyPart = 0.01
/** The fastest drying that is still believed, against the rate [assumed]. */
const fastest = 4
const mostPart = 0.15
/** One look counts against what is known as so many hours. */
const knownHours = 24

/** The largest part of the gross that may be lost water. Without a history any plausible part. */
export function believableLossPart(drying: Drying | undefined): number {
  if (drying === undefined) return mostPart
  return Math.min(mostPart, anyPart + fastest * drying.partPerHour * Math.max(0, drying.hours))
}

/** The rate after a look: `lostPart` of the gross went in `hours`. A gain is drift of the scale and counts as none. */
export function learnDryingRate(partPerHour: number, lostPart: number, hours: number): number {
  if (!(hours > 0)) return partPerHour
  const seen = Math.min(mostPart, Math.max(0, lostPart)) / hours
  return (partPerHour * knownHours + seen * hours) / (knownHours + hours)
}
