// A purchase on the demo that nobody can settle without a person: a piece is taken, and another lane's scale does not rest.
import { openCabinet, type ShoppingSession } from '#shared/contracts/http/open-cabinet.ts'
import { getShelfByCode } from '#shared/contracts/http/shelf.ts'
import { systemRandom } from '#shared/ids/random.ts'
import { makeId } from '#shared/ids/uuid-v7.ts'
import { delay } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { createApiClient } from '#server/demo/api-client.ts'
import { openHands } from '#server/demo/hands-client.ts'
import { waitForOpenDoor, waitForSessionEnd, waitForUnlock } from '#server/demo/session-end.ts'

/** The level after the taking is seen before the scale begins to swing. */
const handPauseMs = 2_500

/** Resolves with the session as it ended: in review. */
export async function leaveInReview(baseUrl: string, login: string, cabinetCode: string): Promise<ShoppingSession> {
  const wait = { clock: systemClock, signal: AbortSignal.timeout(90_000) }
  const api = createApiClient(baseUrl)
  await api.signIn(login, `${login}-huinong`)
  const { lanes } = await api.call(getShelfByCode, { params: { code: cabinetCode } })
  const [lane, restless] = lanes.filter(({ count, isOnSale, mode }) => count > 1 && isOnSale && mode === 'piece')
  if (lane === undefined || restless === undefined) throw new Error(`nothing to take from ${cabinetCode}`)
  using hands = await openHands(`${baseUrl.replace(/^http/, 'ws')}/demo/hands/${cabinetCode}`, systemClock)
  const { sessionId } = await api.call(openCabinet, {
    body: { cabinetCode, idempotencyKey: makeId(systemClock, systemRandom) },
  })
  const unopened = await waitForUnlock(wait, api, hands, sessionId)
  if (unopened !== undefined) throw new Error(`the door did not open: ${unopened.state}`)
  await hands.act({ hand: 'open-door' }, ({ door }) => door === 'open')
  await waitForOpenDoor(wait, api, sessionId)
  await hands.act({ hand: 'take', laneId: lane.laneId }, ({ inHand }) => inHand.length > 0)
  await delay(systemClock, handPauseMs)
  const fault = { hand: 'set-fault', fault: 'scale-unstable', laneId: restless.laneId } as const
  await hands.act({ ...fault, isOn: true }, ({ faults }) => faults.length > 0)
  await delay(systemClock, handPauseMs)
  hands.send({ hand: 'close-door' })
  hands.send({ hand: 'walk-away' })
  const ended = await waitForSessionEnd(wait, api, sessionId)
  await hands.act({ ...fault, isOn: false }, ({ faults }) => faults.length === 0)
  return ended
}
