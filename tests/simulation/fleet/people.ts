// People in front of the cabinets: buyers who take, put back, dawdle, leave without opening; the restocker; staff who decide
// reviews, refund and change prices. They remember what truly happened.
import { isNull } from 'drizzle-orm'
import { nextBelow, nextGaussian, nextUnit, type Random } from '#shared/ids/random.ts'
import { changePrices } from '#server/cabinets/change-twin.ts'
import { issueCommand } from '#server/cabinets/issue-command.ts'
import { one, rows } from '#server/db/unit.ts'
import { RefusalError } from '#server/errors/refusal.ts'
import { walletPayments } from '#server/payments/wallet-payments.ts'
import { openForRestock } from '#server/restock/open-for-restock.ts'
import { decideReview } from '#server/sessions/decide-review.ts'
import { openCabinet } from '#server/sessions/open-cabinet.ts'
import { refundLine } from '#server/sessions/refund-line.ts'
import { defaultSessionSettings } from '#server/sessions/settings.ts'
import type { SimCabinet } from './cabinet.ts'
import { Office } from './office.ts'
import { PassHolders } from './pass-holders.ts'
import { laneCapacity, laneIds, unitMg } from './shop.ts'
import { chance, pick, type Truth, type World } from './world.ts'

/** Longer than this nobody waits for a bolt, ms. */
const patienceMs = 14_000
/** How often they look at it meanwhile, ms. */
const lookMs = 400

export class People {
  readonly truths = new Map<string, Truth>()
  readonly counts = {
    asked: 0,
    made: 0,
    opened: 0,
    refused: 0,
    taken: 0,
    restocks: 0,
    refunds: 0,
    reviews: 0,
    twins: 0,
  }
  /** Told while a door is open, so that a fault may strike then. */
  onDoorOpen: (cabinet: SimCabinet) => void = () => {}
  /** Why the server refused, by code. */
  readonly refusals = new Map<string, number>()
  readonly passes: PassHolders
  readonly office: Office
  readonly #world: World
  readonly #random: Random
  /** Pieces on each lane, by their own mass, the newest last. */
  readonly #shelves = new Map<string, Map<string, number[]>>()
  #intents = 0

  constructor(world: World, random: Random) {
    this.#world = world
    this.#random = random
    this.passes = new PassHolders(world, world.fork())
    this.office = new Office(world, world.fork())
    for (const cabinet of world.cabinets)
      this.#shelves.set(cabinet.code, new Map(laneIds.map((laneId) => [laneId, []])))
  }

  /** One visit of a buyer, from the scan to the closed door. Returns whether the cabinet opened. */
  async buy(cabinet: SimCabinet, buyerId: string): Promise<boolean> {
    if (chance(this.#random, 0.1)) await this.quietly(() => this.passes.get(cabinet, buyerId))
    if (this.passes.has(buyerId) && chance(this.#random, 0.2)) return await this.#buyOnPass(cabinet, buyerId)
    const request = this.#request(cabinet, buyerId)
    const deps = { signer: this.#world.backend.signer, payments: walletPayments, settings: defaultSessionSettings }
    const sessionId = await this.#open(cabinet, (ctx) => openCabinet(ctx, deps, request))
    if (sessionId === undefined) return await this.#buyOnPass(cabinet, buyerId)
    if (!(await this.#awaitBolt(cabinet))) return false
    await this.#visit(cabinet)
    return true
  }

  async #buyOnPass(cabinet: SimCabinet, buyerId: string): Promise<boolean> {
    if (this.passes.show(cabinet, buyerId) === undefined || !(await this.#awaitBolt(cabinet))) return false
    this.counts.made += 1
    await this.#visit(cabinet)
    return true
  }

  async #visit(cabinet: SimCabinet): Promise<void> {
    this.counts.opened += 1
    const { code, openedFor } = cabinet
    if (openedFor === undefined || chance(this.#random, 0.03)) return
    const taken = await this.#shopWithDoorOpen(cabinet)
    this.truths.set(openedFor, { cabinetCode: code, taken })
    const pieces = [...taken].map(([laneId, count]) => `${count} of ${laneId}`)
    this.#world.tell(`${code} door closed, taken in session ${openedFor}: ${pieces.join(', ') || 'nothing'}`)
    cabinet.boards.mechanism.closeDoor()
  }

  async #shopWithDoorOpen(cabinet: SimCabinet): Promise<Map<string, number>> {
    const taken = new Map<string, number>()
    const shelf = this.#shelfOf(cabinet)
    if (!cabinet.boards.mechanism.openDoor()) return taken
    this.onDoorOpen(cabinet)
    await this.#wait(700 + 500 * nextUnit(this.#random))
    const wanted = pick(this.#random, [0, 1, 1, 1, 2, 2, 3])
    for (let piece = 0; piece < wanted; piece += 1) {
      const laneId = pick(this.#random, laneIds)
      const massMg = shelf.get(laneId)?.pop()
      if (massMg === undefined) continue
      cabinet.boards.add(laneId, -massMg)
      taken.set(laneId, (taken.get(laneId) ?? 0) + 1)
      await this.#wait(1_300 + 700 * nextUnit(this.#random))
      if (!chance(this.#random, 0.08)) continue
      shelf.get(laneId)?.push(massMg)
      cabinet.boards.add(laneId, massMg)
      taken.set(laneId, (taken.get(laneId) ?? 0) - 1)
      await this.#wait(1_500)
    }
    if (chance(this.#random, 0.02)) await this.#wait(70_000)
    for (const count of taken.values()) this.counts.taken += count
    return taken
  }

  /** Fills both lanes when one is low. */
  async restock(cabinet: SimCabinet): Promise<void> {
    const { shop, backend } = this.#world
    const shelf = this.#shelfOf(cabinet)
    const loads = laneIds.flatMap((laneId) => {
      const count = laneCapacity - (shelf.get(laneId)?.length ?? 0)
      const { lotId = '', skuId = '' } = shop.goods[laneId] ?? {}
      return count < 5 ? [] : [{ laneId, lotId, skuId, count: Math.min(count, 30), isReplacement: false }]
    })
    if (loads.length === 0) return
    const request = { ...this.#request(cabinet, shop.restockerId), loads }
    const deps = { signer: backend.signer, payments: walletPayments, settings: defaultSessionSettings }
    const sessionId = await this.#open(cabinet, (ctx) => openForRestock(ctx, deps, request))
    if (sessionId === undefined || !(await this.#awaitBolt(cabinet)) || !cabinet.boards.mechanism.openDoor()) return
    this.counts.restocks += 1
    this.onDoorOpen(cabinet)
    await this.#wait(800)
    for (const { laneId, count } of loads) {
      const pieces = Array.from({ length: count }, () =>
        Math.round((unitMg[laneId] ?? 0) + 2_500 * nextGaussian(this.#random)),
      )
      shelf.get(laneId)?.push(...pieces)
      cabinet.boards.add(
        laneId,
        pieces.reduce((sum, massMg) => sum + massMg, 0),
      )
      await this.#wait(1_200)
    }
    cabinet.boards.mechanism.closeDoor()
  }

  needsRestock(cabinet: SimCabinet): boolean {
    return [...this.#shelfOf(cabinet).values()].some((pieces) => pieces.length < 8)
  }

  /** Staff look in: decide an open review, refund a line, change a price, or send a command that opens nothing. */
  async staff(): Promise<void> {
    const { backend } = this.#world
    const draw = nextUnit(this.#random)
    await this.quietly(async () => {
      if (draw < 0.4) await this.#review()
      else if (draw < 0.7) await this.#refund()
      else if (draw < 0.85) await this.changePrice(pick(this.#random, this.#world.cabinets))
      else {
        const { cabinetId } = pick(this.#random, this.#world.cabinets)
        const { effect } = await backend.run((ctx) =>
          issueCommand(ctx, backend.signer, {
            cabinetId,
            kind: 'self-test',
            body: {},
            validForMs: 20_000,
            issuedBy: 'operator',
          }),
        )
        backend.ctx?.perform([effect])
      }
    })
  }

  async #review(): Promise<void> {
    const { backend, shop } = this.#world
    const found = await backend.run(function* ({ db, tables: { reviewCases: r } }) {
      return yield* one(
        db.select({ sessionId: r.sessionId, lines: r.lowestLines }).from(r).where(isNull(r.decidedAtMs)).limit(1),
      )
    })
    if (found === undefined) return
    const { sessionId } = found
    const lines = found.lines.map(({ laneId, count }) => ({ laneId, count }))
    const reason = 'looked at'
    const effects = await backend.run((ctx) =>
      decideReview(ctx, walletPayments, { sessionId, lines, reason, byAccountId: shop.operatorId }),
    )
    backend.ctx?.perform(effects)
    this.counts.reviews += 1
  }

  async #refund(): Promise<void> {
    const { backend, shop } = this.#world
    const sold = await backend.run(function* ({ db, tables: { saleLines: l } }) {
      return yield* rows(
        db.select({ sessionId: l.sessionId, saleLineId: l.saleLineId, amountFen: l.amountFen }).from(l).limit(300),
      )
    })
    if (sold.length === 0) return
    const line = pick(this.#random, sold)
    const amountFen = Math.max(1, Math.floor(line.amountFen / (2 + nextBelow(this.#random, 3))))
    const idempotencyKey = `refund-${line.saleLineId}-${nextBelow(this.#random, 4)}`
    await backend.run((ctx) =>
      refundLine(ctx, walletPayments, {
        ...line,
        amountFen,
        reason: 'bad',
        idempotencyKey,
        byAccountId: shop.operatorId,
      }),
    )
    this.counts.refunds += 1
  }

  async changePrice(cabinet: SimCabinet): Promise<void> {
    const { backend, shop } = this.#world
    const { skuId = '', priceFen = 0 } = shop.goods[pick(this.#random, laneIds)] ?? {}
    const prices = { [skuId]: priceFen + nextBelow(this.#random, 100) }
    const { cabinetId } = cabinet
    const { effects } = await backend.run((ctx) => changePrices(ctx, { cabinetId, prices, changedBy: 'operator' }))
    backend.ctx?.perform(effects)
    this.counts.twins += 1
  }

  #request(cabinet: SimCabinet, accountId: string) {
    this.#intents += 1
    const idempotencyKey = `intent-number-${this.#intents}`
    return { accountId, accountName: 'somebody', cabinetCode: cabinet.code, idempotencyKey }
  }

  /** Asks, and asks again with the same intent when no answer comes. Undefined when refused. */
  async #open(
    cabinet: SimCabinet,
    unit: (ctx: Parameters<typeof openCabinet>[0]) => ReturnType<typeof openCabinet>,
  ): Promise<string | undefined> {
    const { backend, scheduler } = this.#world
    this.counts.asked += 1
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const answer = await new Promise<{ sessionId?: string } | 'silence'>((resolve) => {
        scheduler.after(2_500, () => resolve('silence'))
        backend.run(unit).then(
          ({ session, effects }) => {
            backend.ctx?.perform(effects)
            resolve({ sessionId: session.sessionId })
          },
          (error: unknown) => {
            if (error instanceof RefusalError) {
              this.refusals.set(error.code, (this.refusals.get(error.code) ?? 0) + 1)
              resolve({})
            } else if (!/disk|died|dead|down/i.test(String(error))) this.#world.takeUncaught(error)
          },
        )
      })
      if (answer !== 'silence') {
        if (answer.sessionId === undefined) this.counts.refused += 1
        else {
          this.counts.made += 1
          this.#world.tell(`${cabinet.code} is opened by the server for session ${answer.sessionId}`)
        }
        return answer.sessionId
      }
    }
    return undefined
  }

  async #awaitBolt({ boards }: SimCabinet): Promise<boolean> {
    for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += lookMs) {
      if (!boards.mechanism.isLocked) return true
      await this.#wait(lookMs)
    }
    return false
  }

  /** Does what may be refused, or not answered at all: whoever asked a server that died goes on to something else. */
  async quietly(work: () => Promise<void>): Promise<void> {
    const tried = work().catch((error: unknown) => {
      if (error instanceof RefusalError || /disk|died|dead|down/i.test(String(error))) return
      this.#world.takeUncaught(error)
    })
    await Promise.race([tried, this.#wait(patienceMs)])
  }

  #shelfOf({ code }: SimCabinet): Map<string, number[]> {
    const shelf = this.#shelves.get(code)
    if (shelf === undefined) throw new Error(`no shelf ${code}`)
    return shelf
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#world.scheduler.after(ms, resolve)
    })
  }
}
