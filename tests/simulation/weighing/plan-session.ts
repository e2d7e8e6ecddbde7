import { nextBelow, nextUnit, type Random } from '#shared/ids/random.ts'
import { between, fillLane, pick, type GoodsKind, type TrueLane } from './goods.ts'

/** What people do at an open cabinet, as a list of deeds in time, with what they owe for it. */

export type Situation =
  | 'plain'
  | 'bulk'
  | 'many'
  | 'nothing'
  | 'return'
  | 'misplace'
  | 'misplace-only'
  | 'foreign'
  | 'swap'
  | 'hand'
  | 'slow'
  | 'held'
  | 'quick'
  | 'long'
  | 'bias'
  | 'dried'
  | 'miscounted'
  | 'two-hands'

export type Deed =
  | { kind: 'load'; atMs: number; lane: number; deltaMg: number; isGoods: boolean }
  | { kind: 'hand'; atMs: number; lane: number; forceG: number; forMs: number }

export interface SessionPlan {
  situation: Situation
  lanes: TrueLane[]
  openMs: number
  closeMs: number
  endMs: number
  deeds: Deed[]
  /** By lane index: pieces bought and their true mass. */
  bought: Map<number, { count: number; massMg: number }>
  /** Part of the stock's mass lost since it was counted. */
  dryingPart: number
}

export interface PlanOptions {
  situation: Situation
  laneCount: number
  kinds: readonly GoodsKind[]
  /** The first pick is of this kind, so many of it. */
  main?: { kind: GoodsKind; count: number }
  /** Seconds from the close to the end of the record. */
  tailS?: number
}

interface Taken {
  lane: number
  massMg: number
}

export function planSession(random: Random, options: PlanOptions): SessionPlan {
  const { situation, laneCount, kinds, main } = options
  const lanes = Array.from({ length: laneCount }, (_, index) => {
    const kind = index === 0 && main !== undefined ? main.kind : pick(random, kinds)
    const count =
      index === 0 && main !== undefined ? Math.max(main.count, 6 + nextBelow(random, 9)) : 4 + nextBelow(random, 11)
    const bias =
      situation === 'bias' ? (nextUnit(random) < 0.5 ? between(random, 0.86, 0.94) : between(random, 1.06, 1.16)) : 1
    const lane = fillLane(random, index, kind, count, bias)
    if (situation === 'miscounted') lane.stock.count += nextUnit(random) < 0.5 && count > 1 ? -1 : 1
    return lane
  })
  const plan: SessionPlan = {
    situation,
    lanes,
    openMs: 4000 + nextBelow(random, 2500),
    closeMs: 0,
    endMs: 0,
    deeds: [],
    bought: new Map(),
    dryingPart: situation === 'dried' ? between(random, 0.01, 0.04) : 0,
  }
  const writer = new PlanWriter(random, plan, situation)
  writer.write(main?.count)
  plan.closeMs = writer.nowMs + between(random, 1200, 2500)
  if (situation === 'long') plan.closeMs += between(random, 60_000, 150_000)
  plan.endMs = plan.closeMs + (options.tailS ?? 7) * 1000
  return plan
}

class PlanWriter {
  nowMs: number
  private readonly random: Random
  private readonly plan: SessionPlan
  private readonly situation: Situation
  /** Pieces not yet taken, by lane. */
  private readonly left: number[][]

  constructor(random: Random, plan: SessionPlan, situation: Situation) {
    this.random = random
    this.plan = plan
    this.situation = situation
    this.nowMs = plan.openMs + between(random, 900, 2200)
    this.left = plan.lanes.map((lane) => [...lane.piecesMg])
  }

  write(mainCount: number | undefined): void {
    const { random, situation } = this
    if (situation === 'nothing') return
    if (situation === 'hand') this.restHand()
    if (situation === 'two-hands') this.takeTogether()
    if (situation === 'misplace-only') {
      this.misplace(this.take(nextBelow(random, this.left.length)))
      return
    }
    const count = mainCount ?? this.pieces()
    for (let i = 0; i < count; i += 1) {
      this.take(mainCount !== undefined || situation === 'bulk' ? 0 : nextBelow(random, this.left.length))
      if (situation === 'hand' && nextUnit(random) < 0.4) this.restHand()
    }
    if (situation === 'return') this.putBack(this.take(nextBelow(random, this.left.length)))
    if (situation === 'misplace') this.misplace(this.take(nextBelow(random, this.left.length)))
    if (situation === 'foreign') this.leave(nextBelow(random, this.left.length), between(random, 60, 450))
    if (situation === 'swap') {
      const taken = this.take(nextBelow(random, this.left.length))
      if (taken !== undefined) this.leave(taken.lane, (taken.massMg / 1000) * between(random, 0.35, 0.75))
    }
  }

  private pieces(): number {
    const { random, situation } = this
    if (situation === 'many') return 4 + nextBelow(random, 5)
    if (situation === 'bulk') return 3 + nextBelow(random, 6)
    return 1 + nextBelow(random, 3)
  }

  private pause(): void {
    const isQuick = this.situation === 'quick'
    this.nowMs += isQuick ? between(this.random, 900, 1600) : between(this.random, 1600, 4200)
  }

  private load(lane: number, deltaMg: number, isGoods: boolean): void {
    this.plan.deeds.push({ kind: 'load', atMs: this.nowMs, lane, deltaMg, isGoods })
  }

  private take(wanted: number): Taken | undefined {
    const { random, plan } = this
    const lane = (this.left[wanted]?.length ?? 0) > 0 ? wanted : this.left.findIndex((pieces) => pieces.length > 0)
    const pieces = this.left[lane]
    if (pieces === undefined) return undefined
    const [pieceMg = 0] = pieces.splice(nextBelow(random, pieces.length), 1)
    const massMg = Math.round(pieceMg * (1 - plan.dryingPart))
    this.lift(lane, massMg)
    const line = plan.bought.get(lane) ?? { count: 0, massMg: 0 }
    plan.bought.set(lane, { count: line.count + 1, massMg: line.massMg + massMg })
    this.pause()
    return { lane, massMg }
  }

  /** A slow pick takes 1.5 s; a held piece is half lifted for a while first. */
  private lift(lane: number, massMg: number): void {
    const { random, situation } = this
    if (situation === 'slow') {
      const parts = 15
      for (let i = 1; i <= parts; i += 1) {
        const from = Math.round((massMg * (i - 1)) / parts)
        this.load(lane, from - Math.round((massMg * i) / parts), true)
        this.nowMs += 100
      }
    } else if (situation === 'held') {
      const part = Math.round(massMg * between(random, 0.3, 0.7))
      this.load(lane, -part, true)
      this.nowMs += between(random, 700, 2500)
      this.load(lane, part - massMg, true)
    } else this.load(lane, -massMg, true)
  }

  /** Two people reach in at once: two lanes within a few tenths of a second. */
  private takeTogether(): void {
    const { random, plan } = this
    const first = nextBelow(random, this.left.length)
    const atMs = this.nowMs
    this.take(first)
    const restMs = this.nowMs
    this.nowMs = atMs + between(random, 50, 500)
    this.take((first + 1) % this.left.length)
    this.nowMs = Math.max(this.nowMs, restMs)
    plan.deeds.sort((a, b) => a.atMs - b.atMs)
  }

  private unbuy({ lane, massMg }: Taken): void {
    const line = this.plan.bought.get(lane)
    if (line === undefined) return
    if (line.count === 1) this.plan.bought.delete(lane)
    else this.plan.bought.set(lane, { count: line.count - 1, massMg: line.massMg - massMg })
  }

  private putBack(taken: Taken | undefined): void {
    if (taken === undefined) return
    this.load(taken.lane, taken.massMg, true)
    this.unbuy(taken)
    this.pause()
  }

  private misplace(taken: Taken | undefined): void {
    if (taken === undefined || this.left.length < 2) return
    const lane = (taken.lane + 1 + nextBelow(this.random, this.left.length - 1)) % this.left.length
    this.load(lane, taken.massMg, true)
    this.unbuy(taken)
    this.pause()
  }

  private leave(lane: number, massG: number): void {
    this.load(lane, Math.round(massG * 1000), false)
    this.pause()
  }

  private restHand(): void {
    const { random } = this
    const lane = nextBelow(random, this.left.length)
    const forMs = between(random, 300, 3000)
    const forceG = between(random, 50, 900) * (nextUnit(random) < 0.7 ? 1 : -1)
    this.plan.deeds.push({ kind: 'hand', atMs: this.nowMs, lane, forceG, forMs })
    this.nowMs += forMs + between(random, 600, 1500)
  }
}
