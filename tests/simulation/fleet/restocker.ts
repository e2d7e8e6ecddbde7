// The restocker: fills what is low, by hand or by a task with its steps told from a phone, late, twice, or never to the end; takes
// out what a recall wants out.
import { makeId } from '#shared/ids/uuid-v7.ts'
import { nextUnit, type Random } from '#shared/ids/random.ts'
import type { RestockStep } from '#shared/contracts/http/restock-tasks.ts'
import { dayOf } from '#server/calendar/rules.ts'
import { walletPayments } from '#server/payments/wallet-payments.ts'
import { addSteps } from '#server/restock-tasks/add-steps.ts'
import { openTask } from '#server/restock-tasks/open-task.ts'
import { orderTask } from '#server/restock-tasks/order-task.ts'
import { differsFromPlan } from '#server/restock-tasks/rules.ts'
import { findLanes, findLiveTask, type TaskLaneRow } from '#server/restock-tasks/store.ts'
import type { Worker } from '#server/restock-tasks/show-tasks.ts'
import { openForRestock } from '#server/restock/open-for-restock.ts'
import { defaultSessionSettings } from '#server/sessions/settings.ts'
import type { SimCabinet } from './cabinet.ts'
import type { Depot } from './depot.ts'
import type { Phone } from './phone.ts'
import type { Shelves } from './shelves.ts'
import { laneCapacity, laneIds } from './shop.ts'
import { chance, type World } from './world.ts'

/** A lane with fewer pieces is low. */
const lowPieces = 8
const mostPieces = 16
/** Steps told late are told within this time, ms. */
const latestMs = 20_000

type LaneDone = Omit<Extract<RestockStep, { kind: 'lane-done' }>, 'stepId' | 'atMs'>
type Step = RestockStep extends infer Kind ? (Kind extends RestockStep ? Omit<Kind, 'stepId' | 'atMs'> : never) : never

interface RestockerTools {
  readonly phone: Phone
  readonly shelves: Shelves
  readonly depot: Depot
  /** Told while a door is open. */
  readonly onDoorOpen: (cabinet: SimCabinet) => void
}

export class Restocker {
  readonly counts = { restocks: 0, tasks: 0, taskSteps: 0 }
  readonly #world: World
  readonly #random: Random
  readonly #phone: Phone
  readonly #shelves: Shelves
  readonly #depot: Depot
  readonly #onDoorOpen: (cabinet: SimCabinet) => void
  readonly #worker: Worker

  constructor(world: World, tools: RestockerTools) {
    this.#world = world
    this.#random = world.fork()
    this.#onDoorOpen = tools.onDoorOpen
    this.#phone = tools.phone
    this.#shelves = tools.shelves
    this.#depot = tools.depot
    this.#worker = { accountId: world.shop.restockerId, displayName: 'restocker', roles: ['restocker'] }
  }

  /** Returns false when there is nothing to do. */
  async restock(cabinet: SimCabinet): Promise<boolean> {
    const isErrand = this.#depot.takeErrand(cabinet)
    if (!isErrand && laneIds.every((laneId) => this.#shelves.count(cabinet, laneId) >= lowPieces)) return false
    if (isErrand || chance(this.#random, 0.4)) await this.#byTask(cabinet)
    else await this.#byHand(cabinet)
    return true
  }

  #loads(cabinet: SimCabinet) {
    return laneIds.flatMap((laneId) => {
      const room = laneCapacity - this.#shelves.count(cabinet, laneId)
      const goods = this.#depot.goodsOf(laneId)
      return room < 5 ? [] : [{ laneId, ...goods, count: Math.min(room, mostPieces) }]
    })
  }

  async #byHand(cabinet: SimCabinet): Promise<void> {
    const loads = this.#loads(cabinet).map((load) => ({ ...load, isReplacement: false }))
    if (loads.length === 0) return
    const request = { ...this.#phone.request(cabinet, this.#worker.accountId), loads }
    const opened = await this.#phone.open(cabinet, (ctx) => openForRestock(ctx, this.#deps(), request))
    if (opened === undefined || !(await this.#openDoor(cabinet))) return
    for (const { laneId, count } of loads) {
      this.#shelves.fill(cabinet, laneId, count)
      await this.#phone.wait(1_200)
    }
    cabinet.boards.mechanism.closeDoor()
  }

  async #byTask(cabinet: SimCabinet): Promise<void> {
    const taskId = await this.#takeTask(cabinet)
    if (taskId === undefined) return
    this.counts.tasks += 1
    await this.#tell(taskId, [{ kind: 'checked-in', cabinetCode: cabinet.code }])
    if (chance(this.#random, 0.05)) return await this.#tell(taskId, [{ kind: 'given-up', reason: '车坏了' }])
    const { idempotencyKey } = this.#phone.request(cabinet, this.#worker.accountId)
    const opening = { taskId, worker: this.#worker, idempotencyKey }
    const opened = await this.#phone.open(cabinet, (ctx) => openTask(ctx, this.#deps(), opening))
    if (opened === undefined || !(await this.#openDoor(cabinet)))
      return await this.#tell(taskId, [{ kind: 'given-up', reason: '打不开' }])
    const lanes = await this.#readLanes(taskId)
    const done: LaneDone[] = []
    for (const lane of lanes) {
      done.push(this.#workLane(cabinet, lane))
      await this.#phone.wait(1_200)
    }
    if (chance(this.#random, 0.3)) await this.#tell(taskId, done)
    cabinet.boards.mechanism.closeDoor()
    if (chance(this.#random, 0.9)) await this.#tell(taskId, [...done, { kind: 'closed' }])
  }

  /** What the plan says, as far as the shelf has it, and what lies there afterwards. */
  #workLane(cabinet: SimCabinet, lane: TaskLaneRow): LaneDone {
    const { laneId } = lane
    const takenOff = lane.takeOff.flatMap(({ lotId, count, reason }) => {
      const taken = this.#shelves.clear(cabinet, laneId, count)
      return taken === 0 ? [] : [{ lotId, count: taken, reason }]
    })
    const putIn = lane.putIn.flatMap(({ lotId, count }) => {
      const room = laneCapacity - this.#shelves.count(cabinet, laneId)
      const put = Math.min(count, room)
      return put <= 0 ? [] : [{ lotId, count: put }]
    })
    for (const { count } of putIn) this.#shelves.fill(cabinet, laneId, count)
    const slip = chance(this.#random, 0.05) ? 1 : 0
    const stated = { takenOff, putIn, countAfter: this.#shelves.count(cabinet, laneId) + slip, photoIds: [] }
    const difference = { reason: 'miscounted', note: '点过' } as const
    return { kind: 'lane-done', laneId, ...stated, ...(differsFromPlan(lane, stated) ? { difference } : {}) }
  }

  /** Orders one for what is low, or takes the one that stands since before. */
  async #takeTask(cabinet: SimCabinet): Promise<string | undefined> {
    const { backend, shop } = this.#world
    const putIn = this.#loads(cabinet).map(({ laneId, lotId, count }) => ({ laneId, lotId, count }))
    const taken = await this.#phone.ask(function* (ctx) {
      const day = dayOf(backend.nowMs)
      const live = yield* findLiveTask(ctx, day, cabinet.cabinetId)
      if (live !== undefined) return { taskId: live.taskId, effects: [] }
      const order = { cabinetCode: cabinet.code, restockerId: shop.restockerId, day, putIn }
      return { taskId: yield* orderTask(ctx, { ...order, byAccountId: shop.operatorId }), effects: [] }
    })
    return taken === 'refused' ? undefined : taken?.taskId
  }

  async #readLanes(taskId: string): Promise<readonly TaskLaneRow[]> {
    const read = await this.#phone.ask(function* (ctx) {
      return { lanes: yield* findLanes(ctx, taskId), effects: [] }
    })
    return read === 'refused' || read === undefined ? [] : read.lanes
  }

  /** Sends steps under ids of their own: at once or later, and now and then twice. */
  async #tell(taskId: string, told: readonly Step[]): Promise<void> {
    const { backend, scheduler } = this.#world
    const clock = { now: () => backend.nowMs }
    const steps = told.map((step) => ({
      ...step,
      stepId: makeId(clock, this.#random),
      atMs: backend.nowMs,
    })) as RestockStep[]
    const send = async () => {
      const sending = { taskId, worker: this.#worker, steps }
      await this.#phone.ask((ctx) => addSteps(ctx, { ...sending, sentAtMs: backend.nowMs }))
    }
    this.counts.taskSteps += steps.length
    const isLate = chance(this.#random, 0.15)
    const isAgain = chance(this.#random, 0.2)
    if (!isLate) await send()
    if (isLate || isAgain) scheduler.after(latestMs * nextUnit(this.#random), () => void send())
  }

  #deps() {
    return { signer: this.#world.backend.signer, payments: walletPayments, settings: defaultSessionSettings }
  }

  async #openDoor(cabinet: SimCabinet): Promise<boolean> {
    if (!(await this.#phone.awaitBolt(cabinet)) || !cabinet.boards.mechanism.openDoor()) return false
    this.counts.restocks += 1
    this.#onDoorOpen(cabinet)
    await this.#phone.wait(800)
    return true
  }
}
