import type { Versions } from '#shared/contracts/mqtt/event.ts'
import { agentVersion } from '../agent-version.ts'
import type { Journal } from '../journal/journal.ts'
import { unverifiedLanes } from '../lanes/weight-sale.ts'
import type { Shelf } from '../sampling/session-watch.ts'
import type { AppliedTwin } from '../twin/twin-keeper.ts'
import { decoderVersion } from '../weighing/decoder.ts'
import type { CommandFacts } from './session-input.ts'

/** Longest wait for the opening plateau, ms: the person stands at the door. */
const openingMs = 4_000

/** What holds in the cabinet now. */
export interface CabinetFacts {
  applied: Readonly<AppliedTwin>
  /** By lane, the code of what ails its scale. */
  faults: ReadonlyMap<string, string>
  nowMs: number
}

export function versionsOf({ planogram, prices }: Readonly<AppliedTwin>): Versions {
  return { agent: agentVersion, decoder: decoderVersion, planogram: planogram.version, prices: prices.version }
}

/** What lies in the cabinet and at what price. */
export function shelfOf({ applied, faults, nowMs }: CabinetFacts, journal: Journal): Shelf {
  const { planogram, prices, config } = applied
  return {
    planogram,
    prices,
    records: journal.lanes(),
    dryingRates: journal.dryingRates(),
    settleConfidence: config.settleConfidence,
    unverifiedLaneIds: new Set(unverifiedLanes(planogram.lanes, config, nowMs).map(({ laneId }) => laneId)),
    blindLaneIds: new Set(
      planogram.lanes.flatMap(({ laneId, isOnSale }) => (isOnSale || !faults.has(laneId) ? [] : [laneId])),
    ),
  }
}

/** What a command or a pass is judged by. */
export function commandFactsOf(
  { applied, faults, nowMs }: CabinetFacts,
  present: Pick<CommandFacts, 'lockedLaneIds' | 'isOverTemperature' | 'isDiskFull' | 'door' | 'isKnownSession'>,
): CommandFacts {
  const { planogram, prices, config } = applied
  const onSale = planogram.lanes.filter(({ isOnSale }) => isOnSale)
  return {
    ...present,
    planogramVersion: planogram.version,
    pricesVersion: prices.version,
    knownLaneIds: planogram.lanes.map(({ laneId }) => laneId),
    faultyLaneIds: onSale.filter(({ laneId }) => faults.has(laneId)).map(({ laneId }) => laneId),
    unverifiedLaneIds: unverifiedLanes(onSale, config, nowMs).map(({ laneId }) => laneId),
    onSaleLaneIds: onSale.map(({ laneId }) => laneId),
    timeouts: {
      openingMs,
      noOpenMs: config.noOpenTimeoutMs,
      doorPromptMs: config.doorOpenPromptMs,
      doorAlarmMs: config.doorOpenAlarmMs,
      settleMs: config.settleTimeoutMs,
    },
    versions: versionsOf(applied),
  }
}
