// Staff at their screens: they decide reviews and visits whose cabinet fell silent, refund lines, answer disputes that buyers raise,
// change prices, and send commands that open nothing.
import { eq, isNull } from 'drizzle-orm'
import { nextBelow, nextUnit, type Random } from '#shared/ids/random.ts'
import { changePrices } from '#server/cabinets/change-twin.ts'
import { issueCommand } from '#server/cabinets/issue-command.ts'
import { one, rows } from '#server/db/unit.ts'
import { answerDispute } from '#server/disputes/answer-dispute.ts'
import { raiseDispute } from '#server/disputes/raise-dispute.ts'
import { walletPayments } from '#server/payments/wallet-payments.ts'
import { decideReview } from '#server/sessions/decide-review.ts'
import { refundLine } from '#server/sessions/refund-line.ts'
import type { SimCabinet } from './cabinet.ts'
import { laneIds } from './shop.ts'
import { chance, pick, type World } from './world.ts'

export class Staff {
  readonly counts = { refunds: 0, reviews: 0, silentDecided: 0, disputes: 0, disputesAnswered: 0, twins: 0 }
  readonly #world: World
  readonly #random: Random

  constructor(world: World) {
    this.#world = world
    this.#random = world.fork()
  }

  /** One thing of the day; a refusal is an answer like any other. */
  async work(): Promise<void> {
    const draw = nextUnit(this.#random)
    if (draw < 0.3) await this.#review()
    else if (draw < 0.4) await this.#decideSilent()
    else if (draw < 0.55) await this.#refund()
    else if (draw < 0.65) await this.#dispute()
    else if (draw < 0.75) await this.#answer()
    else if (draw < 0.88) await this.changePrice(pick(this.#random, this.#world.cabinets))
    else await this.#selfTest()
  }

  async #selfTest(): Promise<void> {
    const { backend, cabinets } = this.#world
    const { cabinetId } = pick(this.#random, cabinets)
    const command = { kind: 'self-test', body: {}, validForMs: 20_000, issuedBy: 'operator' } as const
    const { effect } = await backend.run((ctx) => issueCommand(ctx, backend.signer, { cabinetId, ...command }))
    backend.ctx?.perform([effect])
  }

  async #review(): Promise<void> {
    const { backend } = this.#world
    const found = await backend.run(({ db, tables: { reviewCases: r } }) =>
      one(db.select({ sessionId: r.sessionId, lines: r.lowestLines }).from(r).where(isNull(r.decidedAtMs)).limit(1)),
    )
    if (found === undefined) return
    // Now and then one piece less than the cabinet thought the least.
    const isKind = chance(this.#random, 0.3)
    const lines = found.lines.flatMap(({ laneId, count }, index) => {
      const decided = isKind && index === 0 ? (count ?? 0) - 1 : count
      return isKind && decided === 0 ? [] : [{ laneId, count: decided }]
    })
    await this.#decide(found.sessionId, lines)
    this.counts.reviews += 1
  }

  async #decideSilent(): Promise<void> {
    const { backend } = this.#world
    const found = await backend.run(({ db, tables: { shoppingSessions: s } }) =>
      one(db.select({ sessionId: s.sessionId }).from(s).where(eq(s.state, 'silent')).limit(1)),
    )
    if (found === undefined || chance(this.#random, 0.5)) return
    await this.#decide(found.sessionId, [])
    this.counts.silentDecided += 1
  }

  async #decide(sessionId: string, lines: Parameters<typeof decideReview>[2]['lines']): Promise<void> {
    const { backend, shop } = this.#world
    const decision = { sessionId, lines, reason: 'looked at', byAccountId: shop.operatorId }
    const effects = await backend.run((ctx) => decideReview(ctx, walletPayments, decision))
    backend.ctx?.perform(effects)
  }

  async #refund(): Promise<void> {
    const { backend, shop } = this.#world
    const line = await this.#pickLine()
    if (line === undefined) return
    const amountFen = this.#partOf(line.amountFen)
    const idempotencyKey = `refund-${line.saleLineId}-${nextBelow(this.#random, 4)}`
    const refund = { ...line, amountFen, reason: 'bad', idempotencyKey, byAccountId: shop.operatorId }
    await backend.run((ctx) => refundLine(ctx, walletPayments, refund))
    this.counts.refunds += 1
  }

  async #dispute(): Promise<void> {
    const { backend } = this.#world
    const line = await this.#pickLine()
    if (line === undefined) return
    const { sessionId, accountId } = line
    await backend.run((ctx) => raiseDispute(ctx, { sessionId, accountId, complaint: '没拿这么多' }))
    this.counts.disputes += 1
  }

  async #answer(): Promise<void> {
    const { backend, shop } = this.#world
    const open = await backend.run(({ db, tables: { disputes: d } }) =>
      one(db.select().from(d).where(isNull(d.answeredAtMs)).limit(1)),
    )
    if (open === undefined) return
    const { disputeId, sessionId } = open
    const lines = await backend.run(({ db, tables: { saleLines: l } }) =>
      rows(db.select().from(l).where(eq(l.sessionId, sessionId))),
    )
    const refunds = lines
      .filter(() => chance(this.#random, 0.5))
      .map(({ saleLineId, amountFen }) => ({ saleLineId, amountFen: this.#partOf(amountFen) }))
    const answer = { disputeId, answer: '看过称重', refunds, byAccountId: shop.operatorId }
    await backend.run((ctx) => answerDispute(ctx, walletPayments, answer))
    this.counts.disputesAnswered += 1
  }

  async changePrice(cabinet: SimCabinet): Promise<void> {
    const { backend, shop } = this.#world
    const { skuId = '', priceFen = 0 } = shop.goods[pick(this.#random, laneIds)] ?? {}
    const prices = { [skuId]: priceFen + nextBelow(this.#random, 100) }
    const { cabinetId } = cabinet
    await backend.serve((ctx) => changePrices(ctx, { cabinetId, prices, changedBy: 'operator' }))
    this.counts.twins += 1
  }

  #partOf(amountFen: number): number {
    return Math.max(1, Math.floor(amountFen / (1 + nextBelow(this.#random, 4))))
  }

  /** A line that was sold lately enough to matter to somebody. */
  async #pickLine() {
    const sold = await this.#world.backend.run(({ db, tables: { saleLines: l, shoppingSessions: s } }) =>
      rows(
        db
          .select({ sessionId: l.sessionId, saleLineId: l.saleLineId, amountFen: l.amountFen, accountId: s.accountId })
          .from(l)
          .innerJoin(s, eq(s.sessionId, l.sessionId))
          .limit(300),
      ),
    )
    return sold.length === 0 ? undefined : pick(this.#random, sold)
  }
}
