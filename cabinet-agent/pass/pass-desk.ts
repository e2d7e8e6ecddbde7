import type { KeyObject } from 'node:crypto'
import type { CodeScanner } from '#firmware-bridge/ports/devices.ts'
import type { Reply } from '#shared/contracts/mqtt/command.ts'
import type { OfflineSelling, Planogram, PriceList } from '#shared/contracts/mqtt/twin.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import type { Clock } from '#shared/time/clock.ts'
import type { Journal } from '../journal/journal.ts'
import type { CommandFacts } from '../session/session-input.ts'
import type { SessionRunner } from '../session/session-runner.ts'
import { verifyPass } from './verify-pass.ts'

export interface PassDeskOptions {
  serverKeys: () => readonly KeyObject[]
  journal: Journal
  clock: Clock
  runner: SessionRunner
  scanner: CodeScanner
  shelf: () => { planogram: Planogram; prices: PriceList; selling: OfflineSelling | null }
  facts: (sessionId: Id) => CommandFacts
  newId: () => Id
}

/** A reader sends the code again while it is held there; once in this time is enough, ms. */
const repeatMs = 3_000
/** Refusals journalled in a minute; a person with a printer must not fill the disk. */
const refusalsPerMinute = 10

/**
 * Takes what the reader at the door reads: a valid pass goes to the session machine, anything else is refused with the
 * reason on the reader's display and in the journal. Works with a network too: then the journal leaves at once, and an
 * unlock of the server that comes in the same moment finds the cabinet busy.
 */
export class PassDesk {
  readonly #options: PassDeskOptions
  readonly #stop: () => void
  #last = { text: '', atMs: -Infinity }
  #shown: Id | undefined
  #minute = { fromMs: -Infinity, refusals: 0 }

  constructor(options: PassDeskOptions) {
    this.#options = options
    this.#stop = options.scanner.onCode((text) => this.#take(text))
  }

  stop(): void {
    this.#stop()
  }

  /** The machine's answer, to whatever it was: to the pass just shown, it goes on the display. */
  answered({ commandId, outcome, reason }: Reply): void {
    if (commandId !== this.#shown) return
    this.#shown = undefined
    this.#options.scanner.show(outcome === 'done' ? 'PASS OPENED' : `PASS REFUSED ${reason ?? outcome}`)
  }

  #take(text: string): void {
    const { clock, journal, runner, shelf } = this.#options
    const monotonicMs = clock.monotonicMs()
    const isRepeat = text === this.#last.text && monotonicMs - this.#last.atMs < repeatMs
    this.#last = { text, atMs: monotonicMs }
    if (isRepeat) return
    const { planogram, prices, selling } = shelf()
    const nowMs = Math.max(clock.now(), journal.lastIssuedAtMs())
    const verified = verifyPass(text, {
      serverKeys: this.#options.serverKeys(),
      selling,
      nowMs,
      lastCounter: (buyerId) => journal.lastPassCounter(buyerId),
      isRevoked: (passId) => journal.isPassRevoked(passId),
      open: journal.openPassUses(),
      dearestFen: dearestFen(planogram, prices),
    })
    if (verified.kind === 'refused') {
      this.#refuse(verified.reason, verified.passId, nowMs)
      return
    }
    const { pass } = verified
    const sessionId = this.#options.newId()
    this.#shown = pass.passId
    runner.feed({ input: 'pass-shown', sessionId, pass, facts: this.#options.facts(sessionId), atMs: nowMs })
  }

  #refuse(reason: string, passId: Id | undefined, atMs: number): void {
    const { scanner, runner, clock } = this.#options
    scanner.show(`PASS REFUSED ${reason}`)
    const monotonicMs = clock.monotonicMs()
    if (monotonicMs - this.#minute.fromMs >= 60_000) this.#minute = { fromMs: monotonicMs, refusals: 0 }
    this.#minute.refusals += 1
    if (this.#minute.refusals > refusalsPerMinute) return
    const body = { reason, ...(passId === undefined ? {} : { passId }), detail: '' }
    runner.write({ atMs, events: [{ type: 'pass.refused', body }] })
  }
}

/** The price of the dearest piece on sale, or of a label's weight where it is sold by weight; 0 when nothing is. */
function dearestFen(planogram: Planogram, { prices }: PriceList): number {
  const onSale = planogram.lanes.filter((lane) => lane.isOnSale)
  return onSale.reduce((dearest, { skuId, mode, labelUnitMassMg }) => {
    const priceFen = prices[skuId] ?? 0
    const unitFen = mode === 'piece' ? priceFen : Math.ceil((priceFen * labelUnitMassMg) / 1_000_000)
    return Math.max(dearest, unitFen)
  }, 0)
}
