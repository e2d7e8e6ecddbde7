// The depot and its keepers: lots come in, lanes are counted, losses are written off by two people, goods are moved on paper, lots
// are recalled, their buyers paid back, and the recall ended once nothing of it lies anywhere. Keepers err, and the books must not.
import { and, eq, isNull } from 'drizzle-orm'
import { nextBelow, nextUnit, type Random } from '#shared/ids/random.ts'
import { receiveLot } from '#server/catalog/receive-lot.ts'
import { one, rows, type UnitContext } from '#server/db/unit.ts'
import { walletPayments } from '#server/payments/wallet-payments.ts'
import { closeRecall, recallLot } from '#server/recalls/recall-lot.ts'
import { refundRecalled } from '#server/recalls/refund-recalled.ts'
import { closeDifference } from '#server/stock-checks/close-difference.ts'
import { closeLot } from '#server/stock/close-lot.ts'
import { countLane } from '#server/stock/count-lane.ts'
import { confirmLoss, requestLoss } from '#server/stock/request-loss.ts'
import { spreadCount, type LossKind } from '#server/stock/rules.ts'
import { takeOffStock, transferStock } from '#server/stock/transfer-stock.ts'
import type { SimCabinet } from './cabinet.ts'
import type { Shelves } from './shelves.ts'
import { laneIds } from './shop.ts'
import { chance, pick, type World } from './world.ts'

/** What comes in at a time, shared evenly by the households behind it. */
const lotUnits = 3_000
const reason = '盘点'
const keeper = 'keeper'
const second = 'second keeper'
const dayLimitFen = 2_000

interface Goods {
  readonly skuId: string
  readonly lotId: string
}

type Lying = UnitContext['tables']['laneStock']['$inferSelect']

export class Depot {
  readonly counts = {
    lots: 0,
    counted: 0,
    losses: 0,
    moved: 0,
    recalls: 0,
    recallsEnded: 0,
    recallRefunds: 0,
    closed: 0,
  }
  readonly #world: World
  readonly #random: Random
  readonly #shelves: Shelves
  /** What is loaded now, by lane. */
  readonly #goods: Map<string, Goods>
  /** Cabinets, by id, that recalled goods are to be fetched from. */
  readonly #recalledAt = new Set<string>()

  constructor(world: World, shelves: Shelves) {
    this.#world = world
    this.#random = world.fork()
    this.#shelves = shelves
    this.#goods = new Map(
      Object.entries(world.shop.goods).map(([laneId, { skuId, lotId }]) => [laneId, { skuId, lotId }]),
    )
  }

  /** Whether recalled goods are to be fetched from a cabinet; whoever asks goes there. */
  takeErrand({ cabinetId }: SimCabinet): boolean {
    return this.#recalledAt.delete(cabinetId)
  }

  goodsOf(laneId: string): Goods {
    const goods = this.#goods.get(laneId)
    if (goods === undefined) throw new Error(`nothing is loaded into ${laneId}`)
    return goods
  }

  /** One thing that a keeper does; a refusal is an answer like any other. */
  async work(): Promise<void> {
    const draw = nextUnit(this.#random)
    if (draw < 0.1) await this.#receive()
    else if (draw < 0.3) await this.#count()
    else if (draw < 0.5) await this.#lose()
    else if (draw < 0.65) await this.#move()
    else if (draw < 0.75) await this.#closeDifference()
    else await this.#recall()
  }

  async #receive(): Promise<void> {
    const { backend, shop } = this.#world
    const laneId = pick(this.#random, laneIds)
    const { skuId, lotId } = this.goodsOf(laneId)
    const { lot } = await backend.run(function* (ctx) {
      const before = yield* one(ctx.db.select().from(ctx.tables.lots).where(eq(ctx.tables.lots.lotId, lotId)))
      const { supplierId = '' } = before ?? {}
      const sources = shop.householdCodes.map((householdCode) => ({
        householdCode,
        units: lotUnits / shop.householdCodes.length,
      }))
      const receipt = { certificateNumber: 'YSCN-0009', harvestedAtMs: ctx.now() - 3_600_000, unitsReceived: lotUnits }
      return yield* receiveLot(ctx, { skuId, supplierId, sources, ...receipt, byAccountId: keeper })
    })
    this.#goods.set(laneId, { skuId, lotId: lot.lotId })
    this.counts.lots += 1
  }

  /** Mostly what truly lies there. */
  async #count(): Promise<void> {
    const { cabinet, laneId } = this.#lane()
    const { cabinetId } = cabinet
    const slip = chance(this.#random, 0.3) ? nextBelow(this.#random, 5) - 2 : 0
    const total = Math.max(0, this.#shelves.count(cabinet, laneId) + slip)
    const { lotId: newest } = this.goodsOf(laneId)
    const { backend } = this.#world
    const lying = await this.#lyingIn(cabinetId, laneId)
    const counts = spreadCount(lying, total, lying.at(-1)?.lotId ?? newest).filter(({ units }) => units >= 0)
    await backend.serve((ctx) => countLane(ctx, { cabinetId, laneId, counts, reason, by: keeper }))
    this.counts.counted += 1
  }

  async #lose(): Promise<void> {
    const { backend, shop } = this.#world
    const lying = await this.#pickLying()
    if (lying === undefined) return
    const { lotId, cabinetId, laneId, units, unitsMissing } = lying
    const isFromDifference = unitsMissing > 0
    const kind: LossKind = isFromDifference ? 'shrink' : pick(this.#random, ['wastage', 'donation'] as const)
    const bearer = { kind: pick(this.#random, ['operator', 'insurer'] as const) }
    const gone = 1 + nextBelow(this.#random, Math.max(1, isFromDifference ? unitsMissing : Math.min(units, 4)))
    const loss = { kind, lotId, lane: { cabinetId, laneId }, isFromDifference, units: gone, bearer, reason, by: keeper }
    const recipient = kind === 'donation' ? '敬老院' : undefined
    const { requestId } = await backend.run((ctx) => requestLoss(ctx, { ...loss, recipient, dayLimitFen }))
    await backend.serve((ctx) => confirmLoss(ctx, { requestId, by: shop.operatorId }, dayLimitFen))
    this.counts.losses += 1
  }

  /** On paper: off a shelf, or to another. */
  async #move(): Promise<void> {
    const { backend } = this.#world
    const lying = await this.#pickLying()
    if (lying === undefined) return
    const { lotId, cabinetId, laneId, unitsMissing } = lying
    const place = { cabinetId, laneId }
    const isFromDifference = unitsMissing > 0
    const units = 1 + nextBelow(this.#random, 3)
    const to = { cabinetId: pick(this.#random, this.#world.cabinets).cabinetId, laneId }
    const isOff = isFromDifference || chance(this.#random, 0.5)
    await backend.serve((ctx) =>
      isOff
        ? takeOffStock(ctx, { ...place, lotId, units, isFromDifference, reason, by: keeper })
        : transferStock(ctx, { lotId, from: place, to, units, reason, by: keeper }),
    )
    this.counts.moved += 1
  }

  /** What the nightly check found. */
  async #closeDifference(): Promise<void> {
    const { backend } = this.#world
    const found = await backend.run(({ db, tables: { laneDifferences: d } }) =>
      one(db.select().from(d).where(isNull(d.closedAtMs)).limit(1)),
    )
    if (found === undefined) return
    const { differenceId, cabinetId, laneId } = found
    const lying = await this.#lyingIn(cabinetId, laneId)
    const counts = lying.map(({ lotId, units }) => ({ lotId, units }))
    const closing = { differenceId, counts, bearer: { kind: 'operator' }, reason, by: second } as const
    await backend.serve((ctx) => closeDifference(ctx, { ...closing, dayLimitFen: 1_000_000 }))
    this.counts.closed += 1
  }

  /** Begins one of a lot that is not loaded any more, or goes on with the one that is open. */
  async #recall(): Promise<void> {
    const { backend, shop } = this.#world
    const by = { accountId: shop.operatorId, name: 'operator' }
    const open = await backend.run(({ db, tables: { recalls: r } }) =>
      one(db.select().from(r).where(isNull(r.closedAtMs)).limit(1)),
    )
    if (open === undefined) {
      const lying = await this.#pickLying()
      if (lying === undefined || [...this.#goods.values()].some(({ lotId }) => lotId === lying.lotId)) return
      await backend.serve((ctx) => recallLot(ctx, { lotId: lying.lotId, reason, by }))
      this.counts.recalls += 1
      return
    }
    const { recallId, lotId } = open
    if (chance(this.#random, 0.5)) {
      const { lines } = await backend.run((ctx) =>
        refundRecalled(ctx, walletPayments, { recallId, byAccountId: shop.operatorId }),
      )
      this.counts.recallRefunds += lines
      return
    }
    await this.#findMissing(lotId)
    for (const { cabinetId, units } of await this.#lyingOf(lotId)) if (units > 0) this.#recalledAt.add(cabinetId)
    const effects = await backend.run((ctx) => closeRecall(ctx, { recallId, note: reason, by }))
    backend.ctx?.perform(effects)
    this.counts.recallsEnded += 1
    if (chance(this.#random, 0.3)) await backend.run((ctx) => closeLot(ctx, { lotId, note: reason, by: keeper }))
  }

  /** What counts have missed of a lot lies at the depot after all. */
  async #findMissing(lotId: string): Promise<void> {
    const { backend } = this.#world
    for (const { cabinetId, laneId, unitsMissing: units } of await this.#lyingOf(lotId)) {
      if (units <= 0) continue
      const found = { cabinetId, laneId, lotId, units, isFromDifference: true, reason, by: keeper }
      await backend.serve((ctx) => takeOffStock(ctx, found))
    }
  }

  #lane(): { readonly cabinet: SimCabinet; readonly laneId: string } {
    return { cabinet: pick(this.#random, this.#world.cabinets), laneId: pick(this.#random, laneIds) }
  }

  async #lyingIn(cabinetId: string, laneId: string): Promise<Lying[]> {
    return await this.#world.backend.run(({ db, tables: { laneStock: s } }) =>
      rows(
        db
          .select()
          .from(s)
          .where(and(eq(s.cabinetId, cabinetId), eq(s.laneId, laneId)))
          .orderBy(s.lotId),
      ),
    )
  }

  async #lyingOf(lotId: string): Promise<Lying[]> {
    return await this.#world.backend.run(({ db, tables: { laneStock: s } }) =>
      rows(db.select().from(s).where(eq(s.lotId, lotId)).orderBy(s.cabinetId, s.laneId)),
    )
  }

  async #pickLying(): Promise<Lying | undefined> {
    const { cabinet, laneId } = this.#lane()
    const lying = (await this.#lyingIn(cabinet.cabinetId, laneId)).filter(
      ({ units, unitsMissing }) => units > 0 || unitsMissing !== 0,
    )
    return lying.length === 0 ? undefined : pick(this.#random, lying)
  }
}
