import type { Reply } from '#shared/contracts/mqtt/command.ts'
import type { LiveMessage } from '#shared/contracts/mqtt/live.ts'
import type { PlanogramLane, PriceList } from '#shared/contracts/mqtt/twin.ts'
import type { Fen } from '#shared/units/fen.ts'
import type { LaneRecord } from '../lanes/lane-record.ts'
import type { CommandFacts } from '../session/session-input.ts'
import { activeSession, type CabinetState } from '../session/session-state.ts'
import { whyNotOpen, whyNotSell } from '../session/step-command.ts'

/** What the agent knows that a screen may say; nothing in it is about a person. */
export interface ScreenFacts {
  state: CabinetState
  commandFacts: CommandFacts
  isOnline: boolean
  /** It has a reader and may sell on passes. */
  takesPasses: boolean
  planogram: readonly PlanogramLane[]
  prices: PriceList['prices']
  records: ReadonlyMap<string, LaneRecord>
  live: LiveMessage | undefined
  nowMs: number
}

type Reason = NonNullable<Reply['reason']>
/** What the person in front of the cabinet is told; each has a sentence that says what to do. */
export type ScreenStage =
  | 'ready'
  | 'sold_out'
  | 'opening'
  | 'open'
  | 'closing'
  | 'restock'
  | 'door_open'
  | 'settled'
  | 'review'
  | 'not_opened'
  | 'interrupted'
  | 'refused'
  | 'offline'
  | 'offline_pass'
  | Extract<
      Reason,
      'out_of_service' | 'over_temperature' | 'lanes_locked' | 'scale_fault' | 'scale_unverified' | 'lock_fault'
    >
  | 'maintenance'

export interface ScreenLane {
  laneId: string
  name: string
  priceFen: Fen
  isByWeight: boolean
  /** Pieces, as last counted. */
  count: number
  status: 'on_sale' | 'sold_out' | 'off_sale' | 'locked' | 'faulty'
}

export interface ScreenView {
  stage: ScreenStage
  isOnline: boolean
  /** A scan would open the door. */
  mayScan: boolean
  lanes: readonly ScreenLane[]
  /** While a sale's door is open or its weights settle. */
  cart?: Pick<LiveMessage, 'cart' | 'totalFen' | 'notices'>
}

/** How long the end of a session stays on the screen, ms. What was bought is on the buyer's phone, not here. */
const endShownMs = 12_000

/** Says by the machine's own rules what would happen to the next buyer. */
export function viewScreen(facts: ScreenFacts): ScreenView {
  const { isOnline, live } = facts
  const lanes = facts.planogram.map((lane) => viewLane(lane, facts))
  const active = activeSession(facts.state.session)
  const idle = stageOfIdle(facts, lanes)
  const stage = active === undefined ? (stageOfEnd(facts, idle) ?? idle) : stageOfActive(active)
  const view = { stage, isOnline, mayScan: active === undefined && idle === 'ready', lanes }
  const isShopping = stage === 'open' || stage === 'closing'
  if (!isShopping || live === undefined) return view
  const { cart, totalFen, notices } = live
  return { ...view, cart: { cart, totalFen, notices } }
}

/** What would become of the next buyer. */
function stageOfIdle(facts: ScreenFacts, lanes: readonly ScreenLane[]): ScreenStage {
  const { state, commandFacts, isOnline, takesPasses } = facts
  if (state.isDoorForced || commandFacts.door === 'open') return 'door_open'
  const refusal = whyNotOpen(state, commandFacts) ?? whyNotSell(state, commandFacts)
  if (refusal !== undefined) return stageOfRefusal(refusal.reason)
  if (lanes.every((lane) => lane.status !== 'on_sale')) return 'sold_out'
  if (isOnline) return 'ready'
  return takesPasses ? 'offline_pass' : 'offline'
}

/** Ends that ask the buyer to scan again. */
const retries = new Set<ScreenStage>(['not_opened', 'interrupted', 'refused'])
/** Stages in which whoever comes next is let in. */
const welcomes = new Set<ScreenStage>(['ready', 'offline', 'offline_pass'])

/** How the buyer's session ended, while that is news, and nothing that they must know contradicts it. */
function stageOfEnd({ state: { session }, nowMs }: ScreenFacts, idle: ScreenStage): ScreenStage | undefined {
  const isFresh = 'endedAtMs' in session && nowMs - session.endedAtMs < endShownMs && nowMs >= session.endedAtMs
  if (!isFresh || session.kind === 'restock' || idle === 'door_open') return undefined
  return retries.has(session.name) && !welcomes.has(idle) ? undefined : session.name
}

function stageOfActive({ name, core }: NonNullable<ReturnType<typeof activeSession>>): ScreenStage {
  if (core.kind === 'restock') return 'restock'
  return name === 'open' || name === 'closing' ? name : 'opening'
}

function stageOfRefusal(reason: Reason): ScreenStage {
  switch (reason) {
    case 'out_of_service':
    case 'over_temperature':
    case 'lanes_locked':
    case 'scale_fault':
    case 'scale_unverified':
    case 'lock_fault':
      return reason
    default:
      return 'maintenance'
  }
}

function viewLane(lane: PlanogramLane, { prices, records, commandFacts }: ScreenFacts): ScreenLane {
  const record = records.get(lane.laneId)
  const count = record?.skuId === lane.skuId ? record.count : 0
  const { laneId, skuName: name, mode } = lane
  const head = { laneId, name, priceFen: prices[lane.skuId] ?? 0, isByWeight: mode === 'weight', count }
  if (commandFacts.lockedLaneIds.includes(laneId)) return { ...head, status: 'locked' }
  if (!lane.isOnSale) return { ...head, status: 'off_sale' }
  if (commandFacts.faultyLaneIds.includes(laneId)) return { ...head, status: 'faulty' }
  return { ...head, status: count === 0 ? 'sold_out' : 'on_sale' }
}
