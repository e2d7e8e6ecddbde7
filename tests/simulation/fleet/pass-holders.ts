// Buyers with an offline pass in their pocket: they show it when a cabinet is cut off, and also when it is not; a code that was
// photographed is shown again next door, at another site, or at the same cabinet.
import { nextBelow, nextUnit, type Random } from '#shared/ids/random.ts'
import { issuePass } from '#server/offline-passes/issue-pass.ts'
import { defaultPassSettings } from '#server/offline-passes/settings.ts'
import { walletPayments } from '#server/payments/wallet-payments.ts'
import type { SimCabinet } from './cabinet.ts'
import { chance, pick, type Pass, type World } from './world.ts'

/** Newest passes of everybody; older ones are forgotten. */
const remembered = 12

export class PassHolders {
  readonly counts = { issued: 0, shown: 0, shownAgain: 0 }
  readonly #world: World
  readonly #random: Random
  readonly #fresh = new Map<string, Pass>()
  #used: Pass[] = []
  #intents = 0

  constructor(world: World, random: Random) {
    this.#world = world
    this.#random = random
  }

  /** Asks for a pass, unless one is in the pocket. */
  async get(cabinet: SimCabinet, accountId: string): Promise<void> {
    const { backend, passes } = this.#world
    const { passSigner } = backend
    if (passSigner === undefined || this.#fresh.has(accountId)) return
    this.#intents += 1
    const request = {
      accountId,
      accountName: 'somebody',
      cabinetCode: cabinet.code,
      capFen: 3_000 + nextBelow(this.#random, 3) * 1_000,
      idempotencyKey: `pass-number-${this.#intents}`,
    }
    const row = await backend.run((ctx) =>
      issuePass(ctx, { passSigner, payments: walletPayments, settings: defaultPassSettings }, request),
    )
    const { passId, code, groupId, capFen, expiresAtMs } = row
    const pass: Pass = {
      passId,
      code,
      groupId,
      capFen,
      expiresAtMs,
      buyerId: accountId,
      openedAt: new Set(),
      endedAt: new Set(),
    }
    passes.set(passId, pass)
    this.#fresh.set(accountId, pass)
    this.counts.issued += 1
  }

  has(accountId: string): boolean {
    return this.#fresh.has(accountId)
  }

  /** Shows the buyer's own pass, or one that was used before. Undefined when there is none to show. */
  show(cabinet: SimCabinet, accountId: string): Pass | undefined {
    const own = this.#fresh.get(accountId)
    const isAgain = this.#used.length > 0 && (own === undefined || nextUnit(this.#random) < 0.3)
    const pass = isAgain ? pick(this.#random, this.#used) : own
    if (pass === undefined) return undefined
    if (isAgain) this.counts.shownAgain += 1
    else {
      this.counts.shown += 1
      this.#fresh.delete(accountId)
      this.#used = [...this.#used, pass].slice(-remembered)
    }
    // An agent that dies while it reads takes nobody with it; and a reader sends what is held in front of it more than once.
    const { scheduler } = this.#world
    scheduler.after(10, () => cabinet.boards.showCode(pass.code))
    if (chance(this.#random, 0.3)) scheduler.after(400, () => cabinet.boards.showCode(pass.code))
    return pass
  }
}
