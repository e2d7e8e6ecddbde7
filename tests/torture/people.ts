// People in front of real cabinets, through the product's own HTTP API: who is not answered asks again with the same intent, as
// the pages do. They remember what they were told and what truly happened.
import { openCabinet, type ShoppingSession } from '#shared/contracts/http/open-cabinet.ts'
import { getSession, openForRestock } from '#shared/contracts/http/sessions.ts'
import { nextGaussian, nextUnit, systemRandom, type Random } from '#shared/ids/random.ts'
import { makeId } from '#shared/ids/uuid-v7.ts'
import { delay } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { ApiProblem, createApiClient, type ApiClient } from '#server/demo/api-client.ts'
import { laneCapacity, laneIds, unitMg } from '#tests/simulation/fleet/shop.ts'
import { chance, pick, type Truth } from '#tests/simulation/fleet/world.ts'
import { clearFaults, openFaults, Staff } from './staff.ts'
import { password, type Town } from './town.ts'
import type { TownCabinet } from './town-cabinet.ts'

/** Longer than this nobody waits for a bolt, or for an answer. */
const boltPatienceMs = 20_000
const answerPatienceMs = 45_000
/** A session that goes on longer is left to itself. */
const endPatienceMs = 40_000
const pollMs = 100
const liveStates: ReadonlySet<string> = new Set(['authorised', 'open', 'closing'])

interface Person {
  readonly accountId: string
  readonly api: ApiClient
}

/** An intent with the answer to it. */
export interface Intent {
  readonly accountId: string
  readonly idempotencyKey: string
}

export class People {
  readonly truths = new Map<string, Truth>()
  readonly counts = { asked: 0, unanswered: 0, opened: 0, taken: 0, restocks: 0 }
  readonly refusals = new Map<string, number>()
  /** Sessions that somebody was told of. */
  readonly promised = new Set<string>()
  /** Intents that were refused, and never tried again. */
  readonly refused: Intent[] = []
  /** Nobody comes any more. */
  isOver = false
  readonly #town: Town
  readonly #random: Random
  readonly #buyers: Person[]
  readonly #restocker: Person
  readonly #staff: Staff

  private constructor(town: Town, random: Random, people: { buyers: Person[]; restocker: Person; admin: Person }) {
    this.#town = town
    this.#random = random
    this.#buyers = people.buyers
    this.#restocker = people.restocker
    this.#staff = new Staff(town, random, people.admin.api, (problem) => this.#noteRefusal(problem))
  }

  /** Signs everybody in, once the server answers. */
  static async gather(town: Town, random: Random): Promise<People> {
    const enter = async (login: string, accountId: string): Promise<Person> => {
      const api = createApiClient(town.baseUrl)
      for (;;) {
        try {
          await api.signIn(login, password)
          return { accountId, api }
        } catch (error) {
          if (error instanceof ApiProblem && error.status < 500) throw error
          await pause(pollMs)
        }
      }
    }
    const { buyerIds, restockerId } = town.shop
    const buyers = await Promise.all(buyerIds.map((id, serial) => enter(`buyer-${serial}`, id)))
    return new People(town, random, {
      buyers,
      restocker: await enter('restocker', restockerId),
      admin: await enter('admin', ''),
    })
  }

  /** Somebody comes to this cabinet: to fill it when it is low, else to buy. */
  async visit(cabinet: TownCabinet): Promise<void> {
    const index = this.#town.cabinets.indexOf(cabinet)
    const buyer = this.#buyers[index]
    if (buyer === undefined) throw new Error(`nobody comes to ${cabinet.code}`)
    const pulsesBefore = cabinet.boards.unlockPulses
    const isLow = this.#pieces(cabinet).some(({ count }) => count < 8)
    const session = await (isLow ? this.#restock(cabinet) : this.#buy(cabinet, buyer))
    if (session === undefined) return
    await this.#awaitEnd(isLow ? this.#restocker : buyer, session)
    const pulses = cabinet.boards.unlockPulses - pulsesBefore
    if (pulses > 1) this.#town.fail(`${cabinet.code} fired its lock ${pulses} times for session ${session}`)
  }

  async #buy(cabinet: TownCabinet, { api, accountId }: Person): Promise<string | undefined> {
    const idempotencyKey = makeId(systemClock, systemRandom)
    const session = await this.#ask({ accountId, idempotencyKey }, () =>
      api.call(openCabinet, { body: { cabinetCode: cabinet.code, idempotencyKey } }),
    )
    if (session === undefined || !(await this.#awaitBolt(cabinet, api, session))) return session?.sessionId
    const taken = new Map<string, number>()
    if (!cabinet.boards.openDoor()) return session.sessionId
    this.counts.opened += 1
    try {
      await pause(900 + 400 * nextUnit(this.#random))
      for (let piece = pick(this.#random, [0, 1, 1, 1, 2, 2, 3]); piece > 0; piece -= 1) {
        await this.#takeOne(cabinet, taken)
      }
    } finally {
      cabinet.boards.closeDoor()
    }
    this.truths.set(session.sessionId, { cabinetCode: cabinet.code, taken })
    return session.sessionId
  }

  async #takeOne({ boards }: TownCabinet, taken: Map<string, number>): Promise<void> {
    const laneId = pick(this.#random, laneIds)
    const result = boards.take(laneId)
    if (result.kind === 'refused') return
    await pause(1_200 + 700 * nextUnit(this.#random))
    if (chance(this.#random, 0.1)) {
      boards.put(laneId, result.item)
      return await pause(1_500)
    }
    taken.set(laneId, (taken.get(laneId) ?? 0) + 1)
    this.counts.taken += 1
  }

  async #restock(cabinet: TownCabinet): Promise<string | undefined> {
    const loads = this.#pieces(cabinet).flatMap(({ laneId, count }) => {
      const { lotId = '', skuId = '' } = this.#town.shop.goods[laneId] ?? {}
      const missing = Math.min(laneCapacity - count, 30)
      return missing < 5 ? [] : [{ laneId, lotId, skuId, count: missing, isReplacement: false }]
    })
    const idempotencyKey = makeId(systemClock, systemRandom)
    const { api, accountId } = this.#restocker
    const session = await this.#ask({ accountId, idempotencyKey }, () =>
      api.call(openForRestock, { body: { cabinetCode: cabinet.code, loads, idempotencyKey } }),
    )
    if (session === undefined || !(await this.#awaitBolt(cabinet, api, session))) return session?.sessionId
    if (!cabinet.boards.openDoor()) return session.sessionId
    this.counts.restocks += 1
    try {
      await pause(900)
      for (const { laneId, count } of loads) {
        for (let piece = 0; piece < count; piece += 1) cabinet.boards.put(laneId, this.#makePiece(laneId))
        await pause(1_200)
      }
    } finally {
      cabinet.boards.closeDoor()
    }
    return session.sessionId
  }

  #makePiece(laneId: string) {
    const massMg = Math.round((unitMg[laneId] ?? 0) + 2_500 * nextGaussian(this.#random))
    return { itemId: makeId(systemClock, systemRandom), massMg }
  }

  #pieces({ boards }: TownCabinet): Array<{ laneId: string; count: number }> {
    return boards.view().map(({ laneId, items }) => ({ laneId, count: items.length }))
  }

  /** Asks with one intent until there is an answer. Undefined: refused, or nobody answered for a long time. */
  async #ask(intent: Intent, send: () => Promise<ShoppingSession>): Promise<ShoppingSession | undefined> {
    this.counts.asked += 1
    const untilMs = systemClock.monotonicMs() + answerPatienceMs
    while (systemClock.monotonicMs() < untilMs) {
      try {
        const session = await send()
        this.promised.add(session.sessionId)
        return session
      } catch (error) {
        if (error instanceof ApiProblem) {
          this.#noteRefusal(error)
          // Half of those whom a fault turned away come again with the same intent.
          if (error.status < 500 || (clearFaults.has(error.code) && chance(this.#random, 0.5))) {
            this.refused.push(intent)
            return undefined
          }
        }
        await pause(300)
      }
    }
    this.counts.unanswered += 1
    return undefined
  }

  #noteRefusal({ status, code, message }: ApiProblem): void {
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1)
    if (status >= 500 && !clearFaults.has(code) && !openFaults.has(code))
      this.#town.fail(`an answer that says nothing: ${message}`)
  }

  async #awaitBolt({ boards }: TownCabinet, api: ApiClient, { sessionId }: ShoppingSession): Promise<boolean> {
    const untilMs = systemClock.monotonicMs() + boltPatienceMs
    for (let look = 1; systemClock.monotonicMs() < untilMs; look += 1) {
      if (!boards.isLocked) return true
      if (look % 10 === 0 && (await this.#isOver(api, sessionId))) return !boards.isLocked
      await pause(pollMs)
    }
    return false
  }

  async #awaitEnd({ api }: Person, sessionId: string): Promise<void> {
    const untilMs = systemClock.monotonicMs() + endPatienceMs
    while (systemClock.monotonicMs() < untilMs && !(await this.#isOver(api, sessionId))) await pause(4 * pollMs)
  }

  /** False as well when the server does not answer. */
  async #isOver(api: ApiClient, sessionId: string): Promise<boolean> {
    try {
      const { state } = await api.call(getSession, { params: { sessionId } })
      return !liveStates.has(state)
    } catch {
      return false
    }
  }

  /** Comes to every cabinet, again and again, until it is over. */
  async throng(): Promise<void> {
    const shift = async (cabinet: TownCabinet) => {
      while (!this.isOver) {
        await this.visit(cabinet)
        if (chance(this.#random, 0.2)) await this.#staff.lookIn()
        await pause(200 + 800 * nextUnit(this.#random))
      }
    }
    await Promise.all(this.#town.cabinets.map(shift))
  }
}

function pause(ms: number): Promise<void> {
  return delay(systemClock, ms)
}
