/**
 * Produce loses water between sessions: that is neither the next buyer's pick nor shrink. How fast is learned per SKU,
 * as a part of the gross per hour with its uncertainty, from every lane that holds the SKU; it says how much of a
 * missing mass may be water, and how much most likely is. Pure. Source: weighing.md, rule 8.
 */

/** How fast a lane may dry, and for how long it has since it was counted. */
export interface Drying {
  /** Part of the gross lost per hour. */
  partPerHour: number
  /** Its standard deviation for one lane; sessions recorded before it was known have none. */
  sdPartPerHour?: number | undefined
  hours: number
}

/** What is known of one SKU: a normal belief about its rate, and the looks behind it. */
export interface DryingRate {
  partPerHour: number
  sdPartPerHour: number
  looks: number
}

/** A lane that lay untouched: this part of its gross is gone after `hours`, give or take the scale's `sdPart`. */
export interface DryingLook {
  lostPart: number
  sdPart: number
  hours: number
}

/** Before a SKU has been seen to dry: 1.2 % a day, and that hardly known [assumed]. */
export const unknownDrying: DryingRate = { partPerHour: 0.0005, sdPartPerHour: 0.0005, looks: 0 }
/** Lots, places and days of one SKU differ by this part of its rate [assumed]. */
const lotSpread = 0.25
/** Weather and season move a rate by this part of it per root day [assumed]. */
const wanderPerDay = 0.1
/** A rate is never known better than this [assumed]. */
const leastSdPerHour = 0.00002
/** A lane may always have lost this part: drift, and a first warm hour [assumed]. */
const anyPart = 0.01
/** The fastest drying that is still believed: standard deviations beyond the rate, or times a rate without one. */
const believedSd = 3
const fastest = 4
const mostPart = 0.15

/** The largest part of the gross that may be lost water. Without a history any plausible part. */
export function believableLossPart(drying: Drying | undefined): number {
  if (drying === undefined) return mostPart
  const { partPerHour, sdPartPerHour, hours } = drying
  const mostPerHour = sdPartPerHour === undefined ? fastest * partPerHour : partPerHour + believedSd * sdPartPerHour
  return Math.min(mostPart, anyPart + mostPerHour * Math.max(0, hours))
}

/** What the SKU's rate says of one lane: the lane's own difference from its SKU is part of the doubt. */
export function dryingOfLane(
  { partPerHour, sdPartPerHour }: DryingRate,
  hours: number,
): Drying & { sdPartPerHour: number } {
  return { partPerHour, sdPartPerHour: Math.hypot(sdPartPerHour, lotSpread * partPerHour), hours: Math.max(0, hours) }
}

/** The rate after a look. A gain is drift of the scale: it pulls the rate down, never below none. */
export function learnDryingRate(known: DryingRate, look: DryingLook): DryingRate {
  const { hours } = look
  if (!(hours > 0)) return known
  const { partPerHour } = known
  const priorVariance = known.sdPartPerHour ** 2 + ((wanderPerDay * partPerHour) ** 2 * hours) / 24
  const lookVariance = (look.sdPart / hours) ** 2 + (lotSpread * partPerHour) ** 2
  const gain = priorVariance / (priorVariance + lookVariance)
  const seenPerHour = Math.min(mostPart, look.lostPart) / hours
  return {
    partPerHour: Math.max(0, partPerHour + gain * (seenPerHour - partPerHour)),
    sdPartPerHour: Math.max(leastSdPerHour, Math.sqrt((1 - gain) * priorVariance)),
    looks: known.looks + 1,
  }
}

/** The part that most likely was lost, between what the SKU's rate foretells and what the scale shows; never a gain. */
export function estimateLoss(known: DryingRate, look: DryingLook): { lostPart: number; sdPart: number } {
  const { partPerHour, sdPartPerHour, hours } = dryingOfLane(known, look.hours)
  const foretoldVariance = (sdPartPerHour * hours) ** 2
  const gain = foretoldVariance / Math.max(Number.MIN_VALUE, foretoldVariance + look.sdPart ** 2)
  const foretoldPart = partPerHour * hours
  return {
    lostPart: Math.max(0, foretoldPart + gain * (look.lostPart - foretoldPart)),
    sdPart: Math.sqrt((1 - gain) * foretoldVariance),
  }
}
