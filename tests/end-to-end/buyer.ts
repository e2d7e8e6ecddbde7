// A person at a cabinet, for end-to-end tests: scans, opens, moves goods, closes, and sees what a page would see.
import { getWallet } from '#shared/contracts/http/money.ts'
import { openCabinet, type ShoppingSession } from '#shared/contracts/http/open-cabinet.ts'
import type { LiveUpdate, Receipt } from '#shared/contracts/http/sessions.ts'
import type { LaneId } from '#shared/contracts/mqtt/lane.ts'
import { systemRandom } from '#shared/ids/random.ts'
import { makeId, type Id } from '#shared/ids/uuid-v7.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import type { ApiClient, Live } from '#server/demo/api-client.ts'
import type { Hands } from '#server/demo/hands-client.ts'
import { waitForOpenDoor } from '#server/demo/session-end.ts'

export const settleTimeoutMs = 25_000
/** Longer than all waits of one purchase together: a slow machine is told by the wait that failed, not by the test's limit. */
export const purchaseTimeoutMs = 5 * settleTimeoutMs

/** A level that stood for less may still be ringing, and what went and what came back is told apart by it, ms. */
const restMs = 1_500

type ReceiptUpdate = Extract<LiveUpdate, { kind: 'receipt' }>

export function isReceiptOf(sessionId: Id) {
  return (update: LiveUpdate): update is ReceiptUpdate =>
    update.kind === 'receipt' && update.receipt.sessionId === sessionId
}

/** The receipt, or why a person is asked instead. */
export async function endOf(live: Live, sessionId: Id): Promise<Receipt | string> {
  const isReceipt = isReceiptOf(sessionId)
  const isInReview = (update: LiveUpdate) =>
    update.kind === 'session' && update.session.sessionId === sessionId && update.session.state === 'review'
  const update = await live.waitFor((found) => isReceipt(found) || isInReview(found), settleTimeoutMs)
  if (isReceipt(update)) return update.receipt
  return update.kind === 'session' ? (update.session.reason ?? '') : ''
}

/** Rejects at once, saying why, when a person is asked instead. */
export async function receiptOf(live: Live, sessionId: Id): Promise<Receipt> {
  const end = await endOf(live, sessionId)
  if (typeof end === 'string') throw new Error(`a person is asked: ${end}`)
  return end
}

/**
 * Waits, as a person with a piece in the hand does without knowing, until the cart has cost what is wanted, with nothing moving,
 * for so long by the cabinet's own clock: whoever is quicker may be asked by a person, as it should be. Only carts to come count.
 */
export async function cartRests(live: Live, isWanted: (totalFen: number) => boolean): Promise<void> {
  const earlier = new Set(live.updates)
  let sinceMs: number | undefined
  await live.waitFor((update) => {
    if (update.kind !== 'cart' || earlier.has(update)) return false
    const { atMs, totalFen, cart } = update.live
    if (!isWanted(totalFen) || cart.some(({ isSettling }) => isSettling)) sinceMs = undefined
    else sinceMs ??= atMs
    return sinceMs !== undefined && atMs - sinceMs >= restMs
  }, settleTimeoutMs)
}

/** Scans the code; the page makes one key per intent. */
export function scan(api: ApiClient, cabinetCode: string, idempotencyKey?: string): Promise<ShoppingSession> {
  return api.call(openCabinet, {
    body: { cabinetCode, idempotencyKey: idempotencyKey ?? makeId(systemClock, systemRandom) },
  })
}

/** Waits for the lock to spring, pulls the door open and waits until the phone shows it. */
export async function openDoor(hands: Hands, api: ApiClient, sessionId: Id): Promise<void> {
  await hands.waitFor(({ isLocked }) => !isLocked)
  await hands.act({ hand: 'open-door' }, ({ door }) => door === 'open')
  await waitForOpenDoor({ clock: systemClock, signal: new AbortController().signal }, api, sessionId)
}

export async function closeDoor(hands: Hands): Promise<void> {
  await hands.act({ hand: 'close-door' }, ({ door }) => door === 'closed')
}

/** Takes the nearest piece of a lane into the hand; gives its id. */
export async function take(hands: Hands, laneId: LaneId): Promise<string> {
  const before = new Set(hands.state.inHand.map(({ itemId }) => itemId))
  const isNew = ({ itemId }: { itemId: string }) => !before.has(itemId)
  const { inHand } = await hands.act({ hand: 'take', laneId }, (state) => state.inHand.some(isNew))
  return inHand.find(isNew)?.itemId ?? ''
}

export async function put(hands: Hands, laneId: LaneId, itemId: string): Promise<void> {
  await hands.act({ hand: 'put', laneId, itemId }, ({ inHand }) => !inHand.some((item) => item.itemId === itemId))
}

export async function balanceOf(api: ApiClient): Promise<{ balanceFen: number; heldFen: number }> {
  const { balanceFen, heldFen } = await api.call(getWallet, {})
  return { balanceFen, heldFen }
}
