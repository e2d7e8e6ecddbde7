// A phone in somebody's hand: asks the server, asks again with the same intent when no answer comes, and its owner waits for the
// bolt.
import type { Effect } from '#server/context.ts'
import type { Unit, UnitContext } from '#server/db/unit.ts'
import { RefusalError } from '#server/errors/refusal.ts'
import type { OpenedSession } from '#server/sessions/open-cabinet.ts'
import type { SimCabinet } from './cabinet.ts'
import { findFailedDisk, isDeath } from './machine.ts'
import type { World } from './world.ts'

/** Longer than this nobody waits for a bolt, ms. */
const patienceMs = 14_000
/** How often they look at it meanwhile, ms. */
const lookMs = 400
const answerMs = 2_500
const attempts = 3

/** Nobody answers, or the server says that it cannot now. */
const isNoAnswer = (error: unknown) => isDeath(error) || findFailedDisk(error) !== undefined

export class Phone {
  readonly counts = { asked: 0, made: 0, refused: 0 }
  /** Why the server refused, by code. */
  readonly refusals = new Map<string, number>()
  readonly #world: World
  #intents = 0

  constructor(world: World) {
    this.#world = world
  }

  /** A new intent. */
  request(cabinet: SimCabinet, accountId: string) {
    this.#intents += 1
    const idempotencyKey = `intent-number-${this.#intents}`
    return { accountId, accountName: 'somebody', cabinetCode: cabinet.code, idempotencyKey }
  }

  /** The session's id; undefined when refused, or never answered. */
  async open(cabinet: SimCabinet, unit: (ctx: UnitContext) => Unit<OpenedSession>): Promise<string | undefined> {
    this.counts.asked += 1
    const opened = await this.ask(unit)
    if (opened === 'refused') this.counts.refused += 1
    if (opened === 'refused' || opened === undefined) return undefined
    this.counts.made += 1
    const { sessionId } = opened.session
    this.#world.tell(`${cabinet.code} is opened by the server for session ${sessionId}`)
    return sessionId
  }

  /** The answer; undefined when none came in time: what the server had to do for it, it does all the same. */
  async ask<T extends { readonly effects: readonly Effect[] }>(
    unit: (ctx: UnitContext) => Unit<T>,
  ): Promise<T | 'refused' | undefined> {
    const { backend, scheduler } = this.#world
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const answer = await new Promise<{ value: T } | 'refused' | undefined>((resolve) => {
        scheduler.after(answerMs, () => resolve(undefined))
        backend.run(unit).then(
          (value) => {
            backend.ctx?.perform(value.effects)
            resolve({ value })
          },
          (error: unknown) => {
            if (error instanceof RefusalError) {
              this.refusals.set(error.code, (this.refusals.get(error.code) ?? 0) + 1)
              resolve('refused')
            } else if (!isNoAnswer(error)) this.#world.takeUncaught(error)
          },
        )
      })
      if (answer === 'refused') return 'refused'
      if (answer !== undefined) return answer.value
    }
    return undefined
  }

  async awaitBolt({ boards }: SimCabinet): Promise<boolean> {
    for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += lookMs) {
      if (!boards.mechanism.isLocked) return true
      await this.wait(lookMs)
    }
    return false
  }

  /** Does what may be refused, or not answered at all: whoever asked a server that died goes on to something else. */
  async quietly(work: () => Promise<void>): Promise<void> {
    const tried = work().catch((error: unknown) => {
      if (error instanceof RefusalError || isNoAnswer(error)) return
      this.#world.takeUncaught(error)
    })
    await Promise.race([tried, this.wait(patienceMs)])
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#world.scheduler.after(ms, resolve)
    })
  }
}
