/**
 * Seeded shoppers: demo buyers who scan a virtual cabinet, take and put back goods with the virtual hands and pay, through
 * the real HTTP API, so that ledger and income pages fill. Between purchases the restocker looks after the shelves.
 */
import { getShelfByCode } from '#shared/contracts/http/shelf.ts'
import { getMe } from '#shared/contracts/http/me.ts'
import { getWallet, topUpWallet } from '#shared/contracts/http/money.ts'
import { openCabinet, type ShoppingSession } from '#shared/contracts/http/open-cabinet.ts'
import type { LaneId } from '#shared/contracts/mqtt/lane.ts'
import type { Random } from '#shared/ids/random.ts'
import { makeId } from '#shared/ids/uuid-v7.ts'
import { delay, type Clock } from '#shared/time/clock.ts'
import type { Fen } from '#shared/units/fen.ts'
import { ApiProblem, type ApiClient } from './api-client.ts'
import { chooseBetween, chooseOne, chooseWhether } from './data/choose.ts'
import { openHands, type Hands } from './hands-client.ts'
import { describeUnopened, waitForOpenDoor, waitForSessionEnd, waitForUnlock } from './session-end.ts'

export interface Shopper {
  readonly login: string
  /** Signed in as a buyer. */
  readonly api: ApiClient
}

export interface ShoppingTrip {
  readonly clock: Clock
  readonly random: Random
  /** ws://…/hands of the boards. */
  readonly handsUrl: string
  /** Signed in as finance: fills a wallet that runs low. */
  readonly finance: ApiClient
  readonly signal: AbortSignal
}

/** What came of one visit to a cabinet. */
export interface TripResult {
  readonly session: ShoppingSession
  /** Pieces carried away. */
  readonly piecesTaken: number
  readonly piecesPutBack: number
}

/** Below this a wallet is filled up. */
const lowWalletFen: Fen = 15_000
const topUpFen: Fen = 50_000
const putBackProbability = 0.2
const lookOnlyProbability = 0.05
/** A hand needs this long from piece to piece. */
const handPauseMs = { low: 700, high: 2_200 } as const

/** One visit: open, take one to three pieces, perhaps put one back, close, wait for the end. The door is never left open. */
export async function shopOnce(trip: ShoppingTrip, shopper: Shopper, cabinetCode: string): Promise<TripResult> {
  const { clock, random } = trip
  await fillWallet(trip, shopper)
  const shelf = await shopper.api.call(getShelfByCode, { params: { code: cabinetCode } })
  const stocked = shelf.lanes.filter(({ count, isOnSale }) => count > 0 && isOnSale).map(({ laneId }) => laneId)
  using hands = await openHands(`${trip.handsUrl}/${cabinetCode}`, clock)
  const opened = await shopper.api.call(openCabinet, {
    body: { cabinetCode, idempotencyKey: makeId(clock, random) },
  })
  const unopened = await waitForUnlock(trip, shopper.api, hands, opened.sessionId)
  if (unopened !== undefined) throw new Error(describeUnopened(unopened))
  await hands.act({ hand: 'open-door' }, ({ door }) => door === 'open')
  const shopping = async () => {
    await waitForOpenDoor(trip, shopper.api, opened.sessionId)
    return takeGoods(trip, hands, stocked)
  }
  const result = await shopping().finally(() => {
    hands.send({ hand: 'close-door' })
    hands.send({ hand: 'walk-away' })
  })
  return { session: await waitForSessionEnd(trip, shopper.api, opened.sessionId), ...result }
}

async function takeGoods(
  { clock, random, signal }: ShoppingTrip,
  hands: Hands,
  stocked: readonly LaneId[],
): Promise<Omit<TripResult, 'session'>> {
  const pause = () => delay(clock, chooseBetween(random, handPauseMs.low, handPauseMs.high), signal)
  const pieces = chooseWhether(random, lookOnlyProbability) ? 0 : chooseBetween(random, 1, 3)
  const taken: LaneId[] = []
  for (let piece = 0; piece < pieces && stocked.length > 0; piece += 1) {
    await pause()
    const laneId = chooseOne(random, stocked)
    if (await takePiece(hands, laneId)) taken.push(laneId)
  }
  let piecesPutBack = 0
  if (taken.length > 0 && chooseWhether(random, putBackProbability)) {
    await pause()
    await putBackLast(hands, taken.pop())
    piecesPutBack = 1
  }
  await pause()
  return { piecesTaken: taken.length, piecesPutBack }
}

/** False when the lane was empty after all. */
async function takePiece(hands: Hands, laneId: LaneId): Promise<boolean> {
  const inLane = hands.state.lanes.find((lane) => lane.laneId === laneId)?.items.length ?? 0
  if (inLane === 0) return false
  const before = hands.state.inHand.length
  await hands.act({ hand: 'take', laneId }, ({ inHand }) => inHand.length > before)
  return true
}

async function putBackLast(hands: Hands, laneId: LaneId | undefined): Promise<void> {
  const item = hands.state.inHand.at(-1)
  if (item === undefined || laneId === undefined) return
  const before = hands.state.inHand.length
  await hands.act({ hand: 'put', laneId, itemId: item.itemId }, ({ inHand }) => inHand.length < before)
}

async function fillWallet(trip: ShoppingTrip, shopper: Shopper): Promise<void> {
  const wallet = await shopper.api.call(getWallet, {})
  if (wallet.balanceFen >= lowWalletFen) return
  const { accountId } = await shopper.api.call(getMe, {})
  await trip.finance.call(topUpWallet, {
    params: { accountId },
    body: { amountFen: topUpFen, reference: `demo-${makeId(trip.clock, trip.random)}` },
  })
}

export interface ShoppersOptions extends ShoppingTrip {
  readonly shoppers: readonly Shopper[]
  readonly cabinetCodes: readonly string[]
  readonly perMinute: number
  /** Looks after a cabinet once a shopper has left it. */
  readonly restock: (cabinetCode: string) => Promise<void>
  readonly onResult: (result: TripResult) => void
  readonly onTrouble: (cabinetCode: string, error: Error) => void
}

/** Lets shoppers come at the given rate until the signal says stop. A cabinet serves one at a time, a shopper is one person. */
export async function runShoppers(options: ShoppersOptions): Promise<void> {
  const { clock, random, signal } = options
  const freeCabinets = new Set(options.cabinetCodes)
  const freeShoppers = new Set(options.shoppers)
  const running = new Set<Promise<void>>()
  const meanGapMs = 60_000 / options.perMinute

  async function visit(cabinetCode: string, shopper: Shopper): Promise<void> {
    try {
      options.onResult(await shopOnce(options, shopper, cabinetCode))
      await options.restock(cabinetCode)
    } catch (error) {
      // A person at the cabinet, a fault set on the page, the server restarting: come back later.
      const isExpected = signal.aborted || (error instanceof ApiProblem && error.status === 409)
      if (!isExpected) options.onTrouble(cabinetCode, error as Error)
    } finally {
      freeCabinets.add(cabinetCode)
      freeShoppers.add(shopper)
    }
  }

  while (!signal.aborted) {
    const gapMs = chooseBetween(random, Math.round(meanGapMs * 0.5), Math.round(meanGapMs * 1.5))
    await delay(clock, gapMs, signal).catch(() => undefined)
    if (signal.aborted || freeCabinets.size === 0 || freeShoppers.size === 0) continue
    const cabinetCode = chooseOne(random, [...freeCabinets])
    const shopper = chooseOne(random, [...freeShoppers])
    freeCabinets.delete(cabinetCode)
    freeShoppers.delete(shopper)
    const visiting = visit(cabinetCode, shopper)
    running.add(visiting)
    void visiting.finally(() => running.delete(visiting))
  }
  await Promise.all(running)
}
