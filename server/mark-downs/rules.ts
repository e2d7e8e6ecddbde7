// The near-expiry ladder (临期), as pure thinking: the price goes down step by step as the days run out, what a cabinet will not sell
// in time goes to one that will, and what no cabinet will sell is given away. The household is paid in every case.

export interface LadderStep {
  /** From so many whole days left on; 0 is the last day. */
  readonly daysLeft: number
  /** Off the price label, percent. */
  readonly percentOff: number
}

export interface LadderRule {
  readonly category: string
  readonly steps: readonly LadderStep[]
  /** From so many days left on, what will not be sold here is offered to other cabinets. */
  readonly transferDaysLeft: number
  /** From so many days left on, what will be sold nowhere is offered as a donation. */
  readonly donationDaysLeft: number
}

/** What comes off the price with so many days left: the step that was reached last; 0 before the first. */
export function percentOffAt(steps: readonly LadderStep[], daysLeft: number): number {
  const reached = steps.filter((step) => daysLeft <= step.daysLeft)
  return reached.toSorted((a, b) => a.daysLeft - b.daysLeft)[0]?.percentOff ?? 0
}

/** Whole fen, half up, never nothing, and not below the floor; a label below the floor stays as it is. */
export function markedDownFen(listPriceFen: number, percentOff: number, floorFen = 1): number {
  const loweredFen = Math.floor((listPriceFen * (100 - percentOff) + 50) / 100)
  return Math.min(listPriceFen, Math.max(1, floorFen, loweredFen))
}

/** A later step takes more off; each day one step; 1 to 90 percent. The index of the step that is wrong. */
export function findStepProblem(steps: readonly LadderStep[]): number | undefined {
  const index = steps.findIndex((step, at) => {
    const before = steps[at - 1]
    return before !== undefined && (step.daysLeft >= before.daysLeft || step.percentOff <= before.percentOff)
  })
  return index < 0 ? undefined : index
}

/** Units of one lot in one lane that come near their date. */
export interface NearLot {
  readonly lotId: string
  readonly skuId: string
  readonly cabinetId: string
  readonly laneId: string
  readonly units: number
  readonly daysLeft: number
  readonly rule: LadderRule
}

/** A lane that could take more of a SKU. */
export interface OpenLane {
  readonly cabinetId: string
  readonly laneId: string
  readonly skuId: string
  readonly units: number
  readonly capacity: number
}

export interface Proposal {
  readonly kind: 'transfer' | 'donation'
  readonly lot: NearLot
  readonly to: OpenLane | undefined
  readonly units: number
  /** Thousandths of units this cabinet, and the other one, should sell until the date. */
  readonly milliHere: number
  readonly milliThere: number
}

/** Thousandths of units of a SKU that a cabinet should sell on so many days from the first on. */
export type Expected = (cabinetId: string, skuId: string, days: number) => number

/** What the ladder proposes, the shortest dated first. A lane that takes goods has that much less room for the next. */
export function proposeMoves(lots: readonly NearLot[], lanes: readonly OpenLane[], expected: Expected): Proposal[] {
  const added = new Map<OpenLane, number>()
  const proposals: Proposal[] = []
  for (const lot of lots.toSorted((a, b) => a.daysLeft - b.daysLeft || (a.lotId < b.lotId ? -1 : 1))) {
    const { rule, daysLeft, units, cabinetId, skuId } = lot
    if (daysLeft < 0 || daysLeft > Math.max(rule.transferDaysLeft, rule.donationDaysLeft)) continue
    const milliHere = expected(cabinetId, skuId, daysLeft + 1)
    const surplus = units - Math.floor(milliHere / 1_000)
    if (surplus <= 0) continue
    // A day goes by until the goods are there.
    const offers = lanes
      .filter((lane) => lane.skuId === skuId && lane.cabinetId !== cabinetId)
      .map((lane) => {
        const there = lane.units + (added.get(lane) ?? 0)
        const milliThere = expected(lane.cabinetId, skuId, daysLeft)
        const takes = Math.min(surplus, lane.capacity - there, Math.floor(milliThere / 1_000) - there)
        return { lane, milliThere, takes }
      })
      .toSorted((a, b) => b.takes - a.takes || (a.lane.cabinetId < b.lane.cabinetId ? -1 : 1))
    const [best] = offers
    if (daysLeft <= rule.transferDaysLeft && best !== undefined && best.takes > 0) {
      const { lane, takes, milliThere } = best
      added.set(lane, (added.get(lane) ?? 0) + takes)
      proposals.push({ kind: 'transfer', lot, to: lane, units: takes, milliHere, milliThere })
    } else if (daysLeft <= rule.donationDaysLeft)
      proposals.push({ kind: 'donation', lot, to: undefined, units: surplus, milliHere, milliThere: 0 })
  }
  return proposals
}
