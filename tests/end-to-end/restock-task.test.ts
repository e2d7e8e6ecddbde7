// A restock from task to closed with the real agent on virtual boards: once with the network, once cut off as soon as the door is
// open, so that the phone keeps its steps and the cabinet its journal. Both end the same.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listLots } from '#shared/contracts/http/catalog.ts'
import { getShelfByCode } from '#shared/contracts/http/shelf.ts'
import { getMe } from '#shared/contracts/http/me.ts'
import {
  addRestockSteps,
  getRestockTask,
  listRestockConflicts,
  openRestockTask,
  orderRestockTask,
  type RestockStep,
} from '#shared/contracts/http/restock-tasks.ts'
import { systemRandom } from '#shared/ids/random.ts'
import { makeId } from '#shared/ids/uuid-v7.ts'
import { districtDateOf } from '#shared/time/district-time.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import type { ApiClient } from '#server/demo/api-client.ts'
import type { DepotLot } from '#server/demo/depot.ts'
import { startCabinetWorld, type CabinetWorld } from '#tests/support/cabinet-world.ts'
import { closeDoor, openDoor, purchaseTimeoutMs, settleTimeoutMs } from './buyer.ts'

const code = 'YB-0001'
const laneId = 'L12'
const pieces = 2

let world: CabinetWorld
let lot: DepotLot

beforeAll(async () => {
  world = await startCabinetWorld({ dialect: 'sqlite', cabinetCount: 1 })
  const lane = world.data.shelves.get(code)?.find((one) => one.laneId === laneId)
  if (lane === undefined) throw new Error(`the cabinet has no ${laneId}`)
  lot = await world.depot.takeLot(lane.skuKey, 2 * pieces)
})
afterAll(() => world?.[Symbol.asyncDispose]())

const newId = () => makeId(systemClock, systemRandom)

async function piecesOnShelf(api: ApiClient): Promise<number> {
  const { lanes } = await api.call(getShelfByCode, { params: { code } })
  return lanes.find((one) => one.laneId === laneId)?.count ?? 0
}

async function piecesLeft(api: ApiClient): Promise<number> {
  const { rows } = await api.call(listLots, { query: { skuId: lot.skuId, limit: 200 } })
  return rows.find(({ lotId }) => lotId === lot.lotId)?.unitsLeft ?? 0
}

/** Orders the task, works through it, and gives what came of it. With `isCut` nobody reaches the server while the door is open. */
async function restock({ isCut }: { readonly isCut: boolean }) {
  const [operator, restocker] = await Promise.all([world.signIn('operator'), world.signIn('restocker')])
  const { accountId: restockerId } = await restocker.call(getMe, {})
  const before = { shelf: await piecesOnShelf(operator), left: await piecesLeft(operator) }
  const { taskId } = await operator.call(orderRestockTask, {
    body: {
      cabinetCode: code,
      restockerId,
      day: districtDateOf(systemClock.now()),
      putIn: [{ laneId, lotId: lot.lotId, count: pieces }],
    },
  })
  const send = (steps: readonly RestockStep[]) =>
    restocker.call(addRestockSteps, { params: { taskId }, body: { sentAtMs: systemClock.now(), steps: [...steps] } })
  const step = () => ({ stepId: newId(), atMs: systemClock.now() })
  await send([{ ...step(), kind: 'checked-in', cabinetCode: code }])
  using hands = await world.hands(code)
  const { sessionId } = await restocker.call(openRestockTask, {
    params: { taskId },
    body: { idempotencyKey: newId() },
  })
  await openDoor(hands, restocker, sessionId)

  if (isCut) await world.server.kill('SIGKILL')
  const kept: RestockStep[] = []
  const tell = async (told: RestockStep) => (isCut ? void kept.push(told) : void (await send([told])))
  const { skuId, name, unitMassMg, unitMassSdMg } = lot
  const loaded = ({ lanes }: typeof hands.state) => lanes.find((one) => one.laneId === laneId)?.items.length ?? 0
  const wanted = loaded(hands.state) + pieces
  await hands.act(
    { hand: 'load', laneId, skuId, name, count: pieces, unitMassMg, unitMassSdMg },
    (state) => loaded(state) >= wanted,
  )
  const putIn = [{ lotId: lot.lotId, count: pieces }]
  const countAfter = before.shelf + pieces
  await tell({ ...step(), kind: 'lane-done', laneId, takenOff: [], putIn, countAfter, photoIds: [] })
  await closeDoor(hands)
  await tell({ ...step(), kind: 'closed' })
  if (isCut) {
    await world.server.start()
    await send(kept)
    await send(kept)
  }

  const task = () => operator.call(getRestockTask, { params: { taskId } })
  await expect.poll(async () => (await task()).isWeighed, { timeout: settleTimeoutMs }).toBe(true)
  const { state, unexplained, lanes } = await task()
  return {
    state,
    unexplained,
    lanes: lanes.map((lane) => ({
      laneId: lane.laneId,
      verdict: lane.verdict,
      after: lane.expectedAfter - before.shelf,
    })),
    shelf: (await piecesOnShelf(operator)) - before.shelf,
    left: (await piecesLeft(operator)) - before.left,
    conflicts: (await operator.call(listRestockConflicts, { query: { taskId } })).rows,
  }
}

describe('a restock from task to closed', { timeout: 2 * purchaseTimeoutMs }, () => {
  it('ends the same with the network and without it', async () => {
    const online = await restock({ isCut: false })

    const cutOff = await restock({ isCut: true })

    expect(online).toMatchObject({
      state: 'closed',
      unexplained: 0,
      lanes: [{ laneId, verdict: 'confirmed', after: pieces }],
      shelf: pieces,
      conflicts: [],
    })
    expect(cutOff).toEqual(online)
  })
})
