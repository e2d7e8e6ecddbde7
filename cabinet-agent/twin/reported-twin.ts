import type { ReportedTwin } from '#shared/contracts/mqtt/twin.ts'
import { type LaneRecord, lanesOf } from '../lanes/lane-record.ts'
import type { AppliedTwin } from './twin-keeper.ts'

/** What of the report is told as it stands, beside what is made of the rest here. */
type Told = Pick<
  ReportedTwin,
  'isInService' | 'doorState' | 'sessionState' | 'plateauSdMg' | 'obeyedKeys' | 'agent' | 'atMs'
>

export interface ReportedFacts extends Told {
  applied: Readonly<AppliedTwin>
  rejected: ReportedTwin['rejected']
  records: ReadonlyMap<string, LaneRecord>
  /** By lane, the code of what ails its scale. */
  faults: ReadonlyMap<string, string>
  lockedLaneIds: readonly string[]
  alarms: Iterable<string>
  isDiskFull: boolean
}

const maxLocked = 99
const maxAlarms = 50

/** What the server is told of the cabinet as it is now. */
export function reportedTwin(facts: ReportedFacts): ReportedTwin {
  const { applied, rejected, records, faults, lockedLaneIds, alarms: raised, isDiskFull, ...told } = facts
  const { desiredVersion, planogram, prices, config } = applied
  const alarms = new Set(raised)
  if (isDiskFull) alarms.add('disk_full')
  return {
    ...told,
    desiredVersion,
    planogramVersion: planogram.version,
    pricesVersion: prices.version,
    config,
    lanes: lanesOf(planogram.lanes, records).map((lane) => ({
      laneId: lane.laneId,
      skuId: lane.skuId,
      ...(lane.lotId === undefined ? {} : { lotId: lane.lotId }),
      count: lane.count,
      grossMg: lane.grossMg,
      unitMassMg: lane.unitMassMg,
      unitMassSdMg: lane.unitMassSdMg,
      hasForeignObject: lane.foreignMassesMg.length > 0,
      isFaulty: faults.has(lane.laneId),
    })),
    lockedLaneIds: lockedLaneIds.slice(0, maxLocked),
    alarms: [...alarms].toSorted((a, b) => a.localeCompare(b)).slice(0, maxAlarms),
    ...(rejected === undefined ? {} : { rejected }),
  }
}
