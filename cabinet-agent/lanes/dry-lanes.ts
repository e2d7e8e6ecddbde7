import type { EventBody } from '#shared/contracts/mqtt/event.ts'
import type { Plateau } from '#shared/contracts/mqtt/lane.ts'
import {
  believableLossPart,
  dryingOfLane,
  estimateLoss,
  learnDryingRate,
  unknownDrying,
  type DryingLook,
  type DryingRate,
} from '../weighing/moisture-loss.ts'
import type { NoiseModel } from '../weighing/noise-model.ts'
import type { LaneRecord } from './lane-record.ts'

export type LostWater = EventBody<'stock.dried'>['lanes'][number]

export interface DryingSession {
  /** The lanes as they were known when the door opened. */
  lanes: readonly LaneRecord[]
  /** Those of them that the session changed, as it left them. */
  changed: readonly LaneRecord[]
  opening: readonly Plateau[]
  /** By SKU. */
  rates: ReadonlyMap<string, DryingRate>
  noise: Pick<NoiseModel, 'driftVariance'>
  /** When the opening was weighed, epoch ms. */
  openedAtMs: number
  /** A restock begins new books: what is not yet reported is, however little. */
  isRestock: boolean
}

export interface DriedLanes {
  /** Lanes to be kept: those that the session changed, and those that were looked at. */
  records: readonly LaneRecord[]
  /** Rates that a look changed, by SKU. */
  rates: ReadonlyMap<string, DryingRate>
  losses: readonly LostWater[]
}

/** A lane nobody touches is looked at this often; more often the scale's own drift is all there is to see, hours. */
const lookHours = 6
/** Lost water is reported from here, mg; less is kept until it is more. */
const reportedMg = 5_000
/** A loss of this part of a piece may be a piece that was taken. */
const pieceLike = 0.65
/** A gain beyond this many standard deviations is no drift: something was laid there. */
const gainSd = 4

/**
 * What the lanes lost between the session before and this one: booked as water, lane by lane, and learned from, SKU by
 * SKU. A loss that need not be water teaches nothing and is left to the stock's own checks.
 */
export function dryLanes(session: DryingSession): DriedLanes {
  const records: LaneRecord[] = []
  const losses: LostWater[] = []
  const rates = new Map<string, DryingRate>()
  for (const lane of session.lanes) {
    const after = session.changed.find(({ laneId }) => laneId === lane.laneId)
    const known = rates.get(lane.skuId) ?? session.rates.get(lane.skuId) ?? unknownDrying
    const seen = look(lane, known, session)
    const isDue = after !== undefined || (seen !== undefined && seen.look.hours >= lookHours)
    if (!isDue) continue
    const dried = seen === undefined ? lane.dried : addLoss(lane, seen, known)
    if (seen !== undefined) rates.set(lane.skuId, learnDryingRate(known, seen.look))
    const isReported = dried !== undefined && (session.isRestock || dried.lostMg >= reportedMg)
    if (isReported && dried.lostMg > 0) losses.push(toLoss(lane, dried, session.openedAtMs))
    const { rest: _, dried: __, ...kept } = after ?? lane
    records.push({
      ...kept,
      // What moved was weighed again when it was counted; what did not was weighed when the door opened.
      ...(after === undefined && seen !== undefined ? { rest: { massMg: seen.massMg, atMs: session.openedAtMs } } : {}),
      ...(dried === undefined || isReported ? {} : { dried }),
    })
  }
  return { records, rates, losses }
}

interface Seen {
  look: DryingLook
  /** What the lane held before, mg, and since when. */
  baseMg: number
  sinceMs: number
  /** What it holds now, mg. */
  massMg: number
}

function look(lane: LaneRecord, known: DryingRate, session: DryingSession): Seen | undefined {
  const { openedAtMs, noise } = session
  const plateau = session.opening.find(({ laneId }) => laneId === lane.laneId)
  const { massMg: baseMg, atMs: sinceMs } = lane.rest ?? { massMg: lane.grossMg, atMs: lane.countedAtMs }
  if (plateau === undefined || sinceMs === undefined || sinceMs >= openedAtMs) return undefined
  if (lane.isCountDoubtful || lane.count === 0 || baseMg <= 0) return undefined
  const massMg = plateau.levelMg - lane.foreignMassesMg.reduce((sum, foreignMg) => sum + foreignMg, 0)
  const hours = (openedAtMs - sinceMs) / 3_600_000
  const sdMg = Math.hypot(
    // The level before was weighed on the same scale.
    Math.SQRT2 * plateau.standardErrorMg,
    1_000 * Math.sqrt(noise.driftVariance(openedAtMs - sinceMs)),
  )
  const lostMg = baseMg - massMg
  const drying = dryingOfLane(known, hours)
  if (lostMg < -gainSd * sdMg || lostMg > believableLossPart(drying) * baseMg) return undefined
  const usualMg = (drying.partPerHour + drying.sdPartPerHour) * hours * baseMg + 2 * sdMg
  if (lostMg > usualMg && lostMg > pieceLike * lane.unitMassMg) return undefined
  return { look: { lostPart: lostMg / baseMg, sdPart: sdMg / baseMg, hours }, baseMg, sinceMs, massMg }
}

function addLoss(lane: LaneRecord, { look: seen, baseMg, sinceMs }: Seen, known: DryingRate): LaneRecord['dried'] {
  const { lostPart, sdPart } = estimateLoss(known, seen)
  return {
    sinceMs: lane.dried?.sinceMs ?? sinceMs,
    lostMg: (lane.dried?.lostMg ?? 0) + Math.round(lostPart * baseMg),
    sdMg: Math.round(Math.hypot(lane.dried?.sdMg ?? 0, sdPart * baseMg)),
  }
}

function toLoss(lane: LaneRecord, dried: NonNullable<LaneRecord['dried']>, untilMs: number): LostWater {
  const { laneId, skuId, lotId } = lane
  const { sinceMs, lostMg, sdMg } = dried
  return { laneId, skuId, ...(lotId === undefined ? {} : { lotId }), sinceMs, untilMs, lostMg, standardErrorMg: sdMg }
}
