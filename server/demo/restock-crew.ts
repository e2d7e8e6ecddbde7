/**
 * The demo's restocker: looks at a cabinet's shelf, and where too little lies or goods have expired, opens it for a real
 * restock session over the HTTP API and loads pieces with the virtual hands. The first start fills the shelves this way too.
 */
import { getShelfByCode } from '#shared/contracts/http/shelf.ts'
import type { ShoppingSession } from '#shared/contracts/http/open-cabinet.ts'
import { openForRestock } from '#shared/contracts/http/sessions.ts'
import type { Random } from '#shared/ids/random.ts'
import { makeId } from '#shared/ids/uuid-v7.ts'
import { delay, type Clock } from '#shared/time/clock.ts'
import type { ApiClient } from './api-client.ts'
import type { DemoLane } from './data/shelves.ts'
import type { Depot, DepotLot } from './depot.ts'
import { openHands, type Hands } from './hands-client.ts'
import { waitForOpenDoor, waitForSessionEnd, waitForUnlock } from './session-end.ts'

export interface RestockCrewOptions {
  /** Signed in as a restocker. */
  readonly api: ApiClient
  readonly depot: Depot
  readonly clock: Clock
  readonly random: Random
  /** ws://…/hands of the boards. */
  readonly handsUrl: string
  readonly signal: AbortSignal
}

interface LaneWork {
  readonly lane: DemoLane
  readonly lot: DepotLot
  readonly count: number
  /** What lies there has expired: the restocker takes it out first. */
  readonly isReplacement: boolean
}

/** A lane with less than this part of its capacity is filled up. */
const refillBelow = 0.35
/** A cabinet that does not open at once (a slow lock, scales that do not rest) is tried again as a new intent. */
const maxAttempts = 3
const pauseMs = 3_000

/** Looks at one cabinet and restocks it when it needs it. Gives the session, or undefined when there was nothing to do. */
export async function restockCabinet(
  options: RestockCrewOptions,
  cabinetCode: string,
  lanes: readonly DemoLane[],
): Promise<ShoppingSession | undefined> {
  const works = await findWorks(options, cabinetCode, lanes)
  if (works.length === 0) return undefined
  using hands = await openHands(`${options.handsUrl}/${cabinetCode}`, options.clock)
  const { session, isOpening } = await openCabinet(options, hands, cabinetCode, works)
  if (!isOpening) return session
  await hands.act({ hand: 'open-door' }, ({ door }) => door === 'open')
  try {
    await waitForOpenDoor(options, options.api, session.sessionId)
    for (const work of works) await loadLane(hands, work)
  } finally {
    hands.send({ hand: 'close-door' })
  }
  return waitForSessionEnd(options, options.api, session.sessionId)
}

/** Asks the cabinet to open; gives the session whose bolt was drawn, or the last one that ended without. */
async function openCabinet(
  options: RestockCrewOptions,
  hands: Hands,
  cabinetCode: string,
  works: readonly LaneWork[],
): Promise<{ session: ShoppingSession; isOpening: boolean }> {
  for (let attempt = 1; ; attempt += 1) {
    const session = await askToOpen(options, cabinetCode, works)
    const ended = await waitForUnlock(options, options.api, hands, session.sessionId)
    if (ended === undefined) return { session, isOpening: true }
    if (attempt === maxAttempts) return { session: ended, isOpening: false }
    await delay(options.clock, pauseMs, options.signal)
  }
}

function askToOpen(
  options: RestockCrewOptions,
  cabinetCode: string,
  works: readonly LaneWork[],
): Promise<ShoppingSession> {
  return options.api.call(openForRestock, {
    body: {
      cabinetCode,
      loads: works.map(({ lane, lot, count, isReplacement }) => ({
        laneId: lane.laneId,
        lotId: lot.lotId,
        skuId: lot.skuId,
        count,
        isReplacement,
      })),
      idempotencyKey: makeId(options.clock, options.random),
    },
  })
}

async function findWorks(
  options: RestockCrewOptions,
  cabinetCode: string,
  lanes: readonly DemoLane[],
): Promise<LaneWork[]> {
  const shelf = await options.api.call(getShelfByCode, { params: { code: cabinetCode } })
  const works: LaneWork[] = []
  for (const lane of lanes) {
    const shown = shelf.lanes.find(({ laneId }) => laneId === lane.laneId)
    if (shown === undefined) continue
    const isExpired = shown.count > 0 && shown.daysLeft !== undefined && shown.daysLeft < 0
    const isLow = shown.count < Math.ceil(lane.capacity * refillBelow)
    if (!isExpired && !isLow) continue
    const count = isExpired ? lane.count : Math.min(lane.count, lane.capacity - shown.count)
    works.push({ lane, lot: await options.depot.takeLot(lane.skuKey, count), count, isReplacement: isExpired })
  }
  return works
}

async function loadLane(hands: Hands, { lane, lot, count, isReplacement }: LaneWork): Promise<void> {
  const { laneId } = lane
  const itemsIn = (state: Hands['state']) => state.lanes.find((one) => one.laneId === laneId)?.items.length ?? 0
  if (isReplacement) {
    for (let left = itemsIn(hands.state); left > 0; left -= 1) {
      await hands.act({ hand: 'take', laneId }, (state) => itemsIn(state) < left)
    }
    await hands.act({ hand: 'walk-away' }, ({ inHand }) => inHand.length === 0)
  }
  const before = itemsIn(hands.state)
  const { skuId, name, unitMassMg, unitMassSdMg } = lot
  await hands.act(
    { hand: 'load', laneId, skuId, name, count, unitMassMg, unitMassSdMg },
    (state) => itemsIn(state) >= before + count,
  )
}
