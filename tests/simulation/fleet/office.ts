// The finance office: what has been earned is paid out by bank files, the bank pays, refuses, returns and forgets to answer, and
// the union distributes what it took in. Step by step between visits, so that a crash comes between any two; days of notice go by
// when the town is dark.
import { desc } from 'drizzle-orm'
import { nextBelow, nextUnit, type Random } from '#shared/ids/random.ts'
import { rows } from '#server/db/unit.ts'
import { publishDistribution, recordResolution } from '#server/distributions/decide-distribution.ts'
import { draftDistribution } from '#server/distributions/draft-distribution.ts'
import { reverseDistribution } from '#server/distributions/reverse-distribution.ts'
import type { PlanState } from '#server/distributions/rules.ts'
import { runDistribution } from '#server/distributions/run-distribution.ts'
import { bookReceipt } from '#server/organisations/book-receipt.ts'
import { openBatch } from '#server/payouts/draft-batch.ts'
import { people } from '#tests/support/payout-world.ts'
import { take, type Draw, type PayoutDesk, type Run } from '#tests/support/payout-steps.ts'
import { epochMs } from './shop.ts'
import { chance, pick, type World } from './world.ts'

const dayMs = 86_400_000
const meetingAfterMs = 10 * dayMs
/** How often in a hundred the bank says so. */
const answers: ReadonlyArray<readonly [share: number, result: Draw['result']]> = [
  [60, 'PAID'],
  [75, 'FAILED'],
  [88, 'RETURNED'],
  [100, 'UNKNOWN'],
]

export class Office {
  readonly counts = { payoutSteps: 0, distributionSteps: 0, receipts: 0 }
  readonly #world: World
  readonly #random: Random
  #turn = 0

  constructor(world: World, random: Random) {
    this.#world = world
    this.#random = random
  }

  /** One step of somebody at the desk; a refusal is an answer like any other. */
  async work(): Promise<void> {
    this.#turn += 1
    const draw = nextUnit(this.#random)
    if (draw < 0.7) await this.#payOut()
    else if (draw < 0.95) await this.#distribute()
    else await this.#takeIn()
  }

  async #payOut(): Promise<void> {
    const { backend } = this.#world
    const clock = { now: () => backend.nowMs, advance: () => {} }
    const world: PayoutDesk = { run: (work) => backend.run(work), clock }
    const batches = await world.run(({ db, tables: { payoutBatches: b } }) =>
      rows(
        db
          .select({
            batchId: b.batchId,
            state: b.state,
            cursor: b.draftCursor,
            lineCount: b.lineCount,
            noticeUntilMs: b.noticeUntilMs,
          })
          .from(b)
          .orderBy(b.batchId),
      ),
    )
    this.counts.payoutSteps += 1
    const newest = batches.at(-1)
    if (newest === undefined || newest.state === 'SETTLED' || newest.state === 'CANCELLED') {
      const incomeKind = chance(this.#random, 0.7) ? 'OPERATING' : 'PROPERTY'
      const request = { incomeKind, minimumFen: 1, profileId: 'abc', scopePrefix: '', note: '' } as const
      await world.run((ctx) => openBatch(ctx, { ...request, cutoffMs: backend.nowMs }, people.preparer))
      return
    }
    // While a notice runs there is nothing to do but to object, which few do.
    const isNoticed = newest.state === 'NOTICE_OPEN' || newest.state === 'RESOLVED'
    if (isNoticed && (newest.noticeUntilMs ?? 0) > backend.nowMs && chance(this.#random, 0.95)) return
    const batchIds = batches.map(({ batchId }) => batchId)
    const run: Run = { world, batches: batchIds, earnedFen: new Map(), sales: [], proposals: [], turn: this.#turn }
    // Nobody had earned anything when it was drafted: it pays nobody, and the next one is for later.
    const isEmpty = newest.state === 'DRAFT' && newest.cursor === null && newest.lineCount === 0
    await take(run, { ...this.#draw(), ...(isEmpty ? { name: 'cancel', isNewest: true } : {}) })
  }

  #draw(): Draw {
    const share = 100 * nextUnit(this.#random)
    const result = answers.find(([upTo]) => share < upTo)?.[1] ?? 'PAID'
    const serial = 1 + nextBelow(this.#random, 3)
    const name = chance(this.#random, 0.3) ? pick(this.#random, ['answer', 'query', 'reissue'] as const) : undefined
    return { name, pick: nextBelow(this.#random, 8), serial, fen: 0, result }
  }

  async #takeIn(): Promise<void> {
    const { backend, shop } = this.#world
    const reference = `R-${nextBelow(this.#random, 1_000_000)}`
    const amountFen = 1 + nextBelow(this.#random, 50_000)
    await backend.run((ctx) => bookReceipt(ctx, { ...shop.union, amountFen, reference, note: '销售' }))
    this.counts.receipts += 1
  }

  /** Carries the newest plan on, or drafts the next. */
  async #distribute(): Promise<void> {
    const { backend } = this.#world
    const plans = await backend.run(({ db, tables: { distributionPlans: p } }) =>
      rows(db.select({ planId: p.planId, state: p.state }).from(p).orderBy(desc(p.planId))),
    )
    this.counts.distributionSteps += 1
    const [plan] = plans
    if (plan === undefined || !(await this.#carryOn(plan))) await this.#draft(plans.length)
  }

  /** Takes a plan's next step; false when it has none. */
  async #carryOn({ planId, state }: { readonly planId: string; readonly state: PlanState }): Promise<boolean> {
    const { backend } = this.#world
    if (state === 'draft') {
      const publish = { planId, meetingAtMs: backend.nowMs + meetingAfterMs + 60_000, publishedBy: 'ann' }
      await backend.run((ctx) => publishDistribution(ctx, publish))
    } else if (state === 'published') {
      const vote = { resolutionNumber: planId, presentCount: 3, votesFor: 3, votesAgainst: 0, isAdopted: true }
      await backend.run((ctx) => recordResolution(ctx, planId, { ...vote, resolvedBy: 'ann' }))
    } else if (state === 'adopted') await backend.run((ctx) => runDistribution(ctx, planId, 'bob'))
    else if (state === 'run' && chance(this.#random, 0.3))
      await backend.run((ctx) => reverseDistribution(ctx, { planId, byAccountId: 'ann', reason: '名册有误' }))
    else return false
    return true
  }

  async #draft(known: number): Promise<void> {
    const { backend, shop } = this.#world
    const { organisationId } = shop.union
    const periodFromMs = epochMs - (300 - known) * dayMs
    const availableFen = 20_000 + nextBelow(this.#random, 30_000)
    const request = {
      organisationId,
      template: 'SHARE' as const,
      title: `分红 ${known + 1}`,
      periodFromMs,
      periodToMs: periodFromMs + dayMs,
      atMs: epochMs - dayMs,
      incomeFen: availableFen,
      lossesFen: 0,
      documentNumber: '决算',
    }
    await backend.run((ctx) => draftDistribution(ctx, request, 'ann'))
  }
}
