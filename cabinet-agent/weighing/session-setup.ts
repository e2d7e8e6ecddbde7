import type { LaneId, Plateau, PricingMode } from '#shared/contracts/mqtt/lane.ts'
import type { MassMg } from '#shared/units/mass.ts'
import type { Drying } from './moisture-loss.ts'

/**
 * What the decoder is told before the first sample: the scales' data sheet and, per lane, the planogram, the price and
 * the lot's statistics. Together with samples and door events this is the decoder's whole input, so it stays with the
 * bill. Source: weighing.md, rule 9; traces/FORMAT.md, header.
 */

/** Unit weight of a lot as learned at restock: mean and sd over `samples` single pieces. */
export interface UnitWeight {
  meanMg: MassMg
  sdMg: MassMg
  samples: number
}

/** Pieces and their gross weight in a lane as last counted. */
export interface LaneStock {
  count: number
  grossMg: MassMg
}

export interface LaneSetup {
  laneId: LaneId
  skuId: string
  mode: PricingMode
  /** Fen per piece, or fen per kg when mode is weight. */
  priceFen: number
  unitWeight: UnitWeight
  stock: LaneStock
  /** Objects known to lie in this lane that are not its stock (the dynamic planogram), mg each; they may be taken away. */
  foreignMassesMg?: readonly MassMg[]
  /** How the lot has dried since it was counted; without it any plausible loss may be water. */
  drying?: Drying
}

export interface SessionSetup {
  /** Display step of the scales, mg. */
  divisionMg: MassMg
  /** Nominal time between two samples, ms. */
  samplePeriodMs: number
  /** White noise of one sample, mg. */
  scaleSdMg: MassMg
  /** In the order of `Sample.massesMg`; at least one. */
  lanes: readonly LaneSetup[]
  /** Opening plateaus stored before the unlock; used when the session is resumed after a crash. */
  opening?: readonly Plateau[]
}

/** One pass over all lanes. `massesMg` in the order of the lanes; null is a lost frame. */
export interface Sample {
  /** ms; any origin, the same for samples and door events. */
  atMs: number
  massesMg: ReadonlyArray<MassMg | null>
}

export interface DoorEvent {
  atMs: number
  state: 'open' | 'closed'
}
