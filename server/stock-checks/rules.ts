// What a lane weighs against what the books say lies in it, every night. Pure; each difference names what may be behind it, for a
// person to look at.

export const differenceCauses = [
  /** Unfinished business of the cabinet: a session under way or in review has taken goods that the books still hold. */
  'session_unfinished',
  /** The cabinet told its weights before its last session ended, or has told none. */
  'report_old',
  'scale_faulty',
  'foreign_object',
  /** At the last restock the weights did not fit the stated count. */
  'count_doubtful',
  /** Another lane of the cabinet differs by as much the other way: goods were put back there, or loaded there. */
  'misplaced',
  /** A sale or a load went beyond the books. */
  'beyond_books',
  /** A count found fewer than were booked. */
  'counted_missing',
  /** More lies there than was booked. */
  'more_than_booked',
  /** None of these: taken unseen, spoiled and thrown away, or never loaded. */
  'unexplained',
] as const
export type DifferenceCause = (typeof differenceCauses)[number]

export interface LaneReport {
  /** Goods only, without tare. */
  readonly grossMg: number
  readonly unitMassMg: number
  readonly isFaulty: boolean
  readonly hasForeignObject: boolean
}

export interface LaneFacts {
  readonly laneId: string
  readonly skuId: string
  readonly mode: 'piece' | 'weight'
  readonly bookUnits: number
  /** What counts and sales found otherwise than booked; < 0 beyond the books. */
  readonly unitsMissing: number
  /** The lots of the lane do not all have their differences explained, whatever they add up to. */
  readonly isUnexplained: boolean
  readonly report: LaneReport | undefined
  readonly isReportOld: boolean
  readonly isSessionUnfinished: boolean
  readonly isCountDoubtful: boolean
}

export interface JudgedLane {
  readonly laneId: string
  readonly skuId: string
  readonly bookUnits: number
  /** By the scale; undefined when it cannot be trusted. */
  readonly weighedUnits: number | undefined
  readonly unitsMissing: number
  readonly isAccurate: boolean
  /** Likeliest first; empty of an accurate lane. */
  readonly causes: readonly DifferenceCause[]
}

/** Goods sold by weight leave the books in whole units, so their lane may be one off without anything being wrong. */
const toleranceUnits = { piece: 0, weight: 1 } as const

export function weighedUnitsOf({ report, isReportOld, bookUnits }: LaneFacts): number | undefined {
  if (report === undefined || isReportOld || report.isFaulty) return undefined
  if (report.unitMassMg > 0) return Math.max(0, Math.round(report.grossMg / report.unitMassMg))
  // A lane that never learned a unit's mass is empty, or cannot tell.
  return report.grossMg === 0 || bookUnits === 0 ? 0 : undefined
}

/** Judges the lanes of one cabinet. */
export function judgeLanes(lanes: readonly LaneFacts[]): JudgedLane[] {
  const weighed = lanes.map((lane) => ({ lane, weighedUnits: weighedUnitsOf(lane) }))
  const offBy = weighed.map(({ lane, weighedUnits }) =>
    weighedUnits === undefined || Math.abs(weighedUnits - lane.bookUnits) <= toleranceUnits[lane.mode]
      ? 0
      : weighedUnits - lane.bookUnits,
  )
  return weighed.map(({ lane, weighedUnits }, index) => {
    const off = offBy[index] ?? 0
    const { laneId, skuId, bookUnits, unitsMissing, isUnexplained } = lane
    const isAccurate = weighedUnits !== undefined && off === 0 && !isUnexplained
    const isSwapped = off !== 0 && offBy.some((other, at) => at !== index && other === -off)
    const causes = off === 0 && !isUnexplained ? [] : causesOf(lane, off, isSwapped)
    return { laneId, skuId, bookUnits, weighedUnits, unitsMissing, isAccurate, causes }
  })
}

function causesOf(lane: LaneFacts, off: number, isSwapped: boolean): DifferenceCause[] {
  const found: DifferenceCause[] = []
  if (lane.isSessionUnfinished) found.push('session_unfinished')
  if (lane.report === undefined || lane.isReportOld) found.push('report_old')
  if (lane.report?.isFaulty === true) found.push('scale_faulty')
  if (lane.report?.hasForeignObject === true) found.push('foreign_object')
  if (isSwapped) found.push('misplaced')
  if (lane.isCountDoubtful) found.push('count_doubtful')
  if (lane.isUnexplained) found.push(lane.unitsMissing < 0 ? 'beyond_books' : 'counted_missing')
  if (off > 0) found.push('more_than_booked')
  return found.length === 0 ? ['unexplained'] : found
}
