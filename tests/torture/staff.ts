// Staff of the town: they decide reviews, refund, change prices and ask cabinets to look at themselves.
import { getCabinet, putPrices, sendCommand } from '#shared/contracts/http/cabinets.ts'
import { decideReview, getReceipt, listSessions, refundLine } from '#shared/contracts/http/sessions.ts'
import { nextBelow, nextUnit, type Random } from '#shared/ids/random.ts'
import { ApiProblem, type ApiClient } from '#server/demo/api-client.ts'
import { laneIds } from '#tests/simulation/fleet/shop.ts'
import { pick } from '#tests/simulation/fleet/world.ts'
import type { Town } from './town.ts'

/** Refusals that say of themselves that nothing was changed, though the fault is the server's. */
export const clearFaults: ReadonlySet<string> = new Set(['database.busy', 'database.full', 'database.failed'])

/** Those that say that nobody knows: who was told so asks again. */
export const openFaults: ReadonlySet<string> = new Set(['database.uncertain'])

export class Staff {
  readonly #town: Town
  readonly #random: Random
  readonly #api: ApiClient
  readonly #onProblem: (problem: ApiProblem) => void

  constructor(town: Town, random: Random, api: ApiClient, onProblem: (problem: ApiProblem) => void) {
    this.#town = town
    this.#random = random
    this.#api = api
    this.#onProblem = onProblem
  }

  /** One piece of work; whoever is not answered leaves it. */
  async lookIn(): Promise<void> {
    const draw = nextUnit(this.#random)
    try {
      if (draw < 0.4) await this.#review()
      else if (draw < 0.6) await this.#refund()
      else if (draw < 0.8) await this.#changePrice()
      else await this.#askForSelfTest()
    } catch (error) {
      if (error instanceof ApiProblem) this.#onProblem(error)
    }
  }

  async #askForSelfTest(): Promise<void> {
    const { cabinetId } = pick(this.#random, this.#town.cabinets)
    await this.#api.call(sendCommand, { params: { cabinetId }, body: { kind: 'self-test' } })
  }

  async #review(): Promise<void> {
    const api = this.#api
    const { rows } = await api.call(listSessions, { query: { state: 'review', limit: 1 } })
    const [found] = rows
    if (found === undefined) return
    const { sessionId } = found
    await api.call(decideReview, { params: { sessionId }, body: { lines: [], reason: 'looked at' } })
  }

  async #refund(): Promise<void> {
    const api = this.#api
    const { rows } = await api.call(listSessions, { query: { state: 'settled', limit: 20 } })
    const sold = rows.filter(({ totalFen = 0 }) => totalFen > 0)
    if (sold.length === 0) return
    const { sessionId } = pick(this.#random, sold)
    const { lines } = await api.call(getReceipt, { params: { sessionId } })
    const [line] = lines
    if (line === undefined) return
    const { saleLineId } = line
    const amountFen = Math.max(1, Math.floor(line.amountFen / (2 + nextBelow(this.#random, 3))))
    const idempotencyKey = `refund-${saleLineId}`
    const body = { saleLineId, amountFen, reason: 'bad goods', idempotencyKey }
    await api.call(refundLine, { params: { sessionId }, body })
  }

  async #changePrice(): Promise<void> {
    const api = this.#api
    const { cabinetId } = pick(this.#random, this.#town.cabinets)
    const { skuId = '', priceFen = 0 } = this.#town.shop.goods[pick(this.#random, laneIds)] ?? {}
    const { desired } = await api.call(getCabinet, { params: { cabinetId } })
    if (desired === undefined) return
    const body = {
      expectedVersion: desired.prices.version,
      prices: { ...desired.prices.prices, [skuId]: priceFen + nextBelow(this.#random, 100) },
    }
    await api.call(putPrices, { params: { cabinetId }, body })
  }
}
