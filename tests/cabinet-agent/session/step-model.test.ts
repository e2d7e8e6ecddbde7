import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isFinalEvent } from '#cabinet-agent/session/end-session.ts'
import type { Effect, SessionInput } from '#cabinet-agent/session/session-input.ts'
import { activeSession, initialState, type CabinetState } from '#cabinet-agent/session/session-state.ts'
import { step } from '#cabinet-agent/session/step.ts'
import {
  commandInput,
  decisions,
  makeFacts,
  makeTestId,
  opening,
  restockInput,
  unlockInput,
} from '#tests/support/session-inputs.ts'
import { testEpochMs } from '#tests/support/test-clock.ts'

/** What the world may throw at the machine, by number: a session's ids are filled in as it runs. */
type Move =
  | { kind: 'unlock' | 'restock' | 'busy-unlock'; variant: number }
  | { kind: 'lock' | 'release' | 'reboot' }
  | { kind: 'pass'; variant: number }
  | { kind: 'session-input'; input: number; isLate: boolean; minutes: number }
  | { kind: 'restart'; door: number }

const moves: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('unlock', 'restock', 'busy-unlock'), variant: fc.nat(5) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('lock', 'release', 'reboot') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), variant: fc.nat(5) }) },
  {
    weight: 14,
    arbitrary: fc.record({
      kind: fc.constant('session-input' as const),
      input: fc.nat(18),
      isLate: fc.boolean(),
      minutes: fc.constantFrom(0, 0, 0, 1),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('restart' as const), door: fc.nat(2) }) },
)
const doors = ['open', 'closed', 'unknown'] as const

/** Runs moves and keeps the books that the properties are about. */
class World {
  state: CabinetState = initialState
  atMs = testEpochMs
  readonly known = new Set<string>()
  readonly commands = new Map<string, { sessionId: string | undefined; replies: number }>()
  readonly finals = new Map<string, number>()
  readonly unlocks = new Map<string, number>()
  readonly uses = new Map<string, number>()
  readonly violations: string[] = []
  lastSessionId = makeTestId()

  /** What was broken on the way, or is broken at the end. */
  judge(): readonly string[] {
    const active = activeSession(this.state.session)
    const all = [...this.violations]
    for (const [sessionId, count] of this.unlocks) if (count > 1) all.push(`unlocked ${count} times for ${sessionId}`)
    for (const [passId, count] of this.uses) if (count > 1) all.push(`pass ${passId} was used up ${count} times`)
    for (const [sessionId, count] of this.finals) {
      if (count !== 1 || sessionId === active?.core.sessionId) all.push(`${sessionId} ended ${count} times`)
    }
    for (const [commandId, { replies, sessionId }] of this.commands) {
      const isPending = active?.core.commandId === commandId && replies === 0
      if (replies !== 1 && !isPending) all.push(`${commandId} was answered ${replies} times`)
      const isOver = sessionId !== undefined && sessionId !== active?.core.sessionId
      if (isOver && this.finals.get(sessionId) !== 1) all.push(`${sessionId} vanished`)
    }
    return all
  }

  play(move: Move): void {
    if (move.kind === 'restart') {
      this.#feed({ input: 'restarted', door: doors[move.door] ?? 'closed', atMs: this.atMs })
    } else if (move.kind === 'session-input') {
      this.atMs += 1 + move.minutes * 60_000
      this.#feed(this.#inputFor(move.input, move.isLate ? this.lastSessionId : this.#currentId()))
    } else if (move.kind === 'pass') this.#showPass(move.variant)
    else this.#command(move)
  }

  #currentId(): string {
    return activeSession(this.state.session)?.core.sessionId ?? this.lastSessionId
  }

  #showPass(variant: number): void {
    const [sessionId, passId] = [makeTestId(), makeTestId()]
    const { atMs } = this
    const pass = {
      code: `HN1:${passId}`,
      passId,
      buyerId: makeTestId(),
      counter: 1,
      capFen: 5_000,
      notBeforeMs: atMs,
      expiresAtMs: atMs + 3_600_000,
    }
    const facts = makeFacts(variant === 5 ? { door: 'unknown' } : {})
    const isIdle = activeSession(this.state.session) === undefined
    const starts = isIdle && variant !== 5 && this.state.isInService
    // A refused pass makes no session: it has its answer and that is all.
    this.commands.set(passId, { sessionId: starts ? sessionId : undefined, replies: 0 })
    this.#feed({ input: 'pass-shown', sessionId, pass, facts, atMs })
    if (starts) {
      this.lastSessionId = sessionId
      this.known.add(sessionId)
    }
  }

  #command(move: Extract<Move, { kind: 'unlock' | 'restock' | 'busy-unlock' | 'lock' | 'release' | 'reboot' }>): void {
    const expiresAtMs = this.atMs + 30_000
    const sessionId = move.kind === 'busy-unlock' ? this.#currentId() : makeTestId()
    const spoilt = 'variant' in move && move.variant === 5
    const facts = { isKnownSession: this.known.has(sessionId), ...(spoilt ? { isDiskFull: true } : {}) }
    const made =
      move.kind === 'restock'
        ? restockInput(sessionId)
        : move.kind === 'unlock' || move.kind === 'busy-unlock'
          ? unlockInput({ sessionId, facts })
          : commandInput({ kind: move.kind, body: { reason: 'x' }, commandId: makeTestId(), expiresAtMs }, {})
    const input = { ...made, atMs: this.atMs, command: { ...made.command, expiresAtMs } } as typeof made
    const isOpening = made.command.kind === 'unlock' || made.command.kind === 'restock-open'
    this.commands.set(made.command.commandId, { sessionId: isOpening ? sessionId : undefined, replies: 0 })
    if (isOpening) this.lastSessionId = sessionId
    this.#feed(input)
    if (isOpening) this.known.add(sessionId)
  }

  #inputFor(index: number, sessionId: string): SessionInput {
    const { atMs } = this
    const timers = ['opening', 'no-open', 'door-prompt', 'door-alarm', 'door-unknown', 'settle'] as const
    const outcomes = ['OPENED', 'NOT_OPENED', 'UNKNOWN', 'EXPIRED', 'FAULT'] as const
    const outcome = outcomes[index - 3]
    const timer = timers[index - 8]
    if (index < 3) return { input: 'door-changed', door: doors[index] ?? 'open', atMs }
    if (outcome !== undefined) return { input: 'unlock-finished', sessionId, outcome, detail: '', atMs }
    if (timer !== undefined) {
      return {
        input: 'timer-fired',
        sessionId,
        timer,
        door: doors[atMs % 3] ?? 'closed',
        isLockOpen: atMs % 5 === 0,
        atMs,
      }
    }
    const kind = activeSession(this.state.session)?.core.kind ?? 'sale'
    const decision = kind === 'restock' ? decisions.restocked : index % 2 === 0 ? decisions.sold : decisions.nothing
    if (index < 16) return { input: 'opening-ready', sessionId, opening, atMs }
    return { input: 'decided', sessionId, decision: index === 18 ? decisions.doubt : decision, lanes: [], atMs }
  }

  #feed(input: SessionInput): void {
    const before = this.state
    const { state, effects } = step(before, input)
    this.state = state
    for (const effect of effects) this.#book(effect, before, input)
  }

  #book(effect: Effect, before: CabinetState, input: SessionInput): void {
    if (effect.effect === 'use-pass') {
      const { passId } = effect.pass
      this.uses.set(passId, (this.uses.get(passId) ?? 0) + 1)
    }
    if (effect.effect === 'unlock') {
      const active = activeSession(before.session)
      // Live authorisation: this very session, authorised, plateau just in, the command not expired.
      const isLive =
        active?.name === 'authorised' &&
        active.core.sessionId === effect.sessionId &&
        input.input === 'opening-ready' &&
        this.atMs <= effect.expiresAtMs
      if (!isLive) this.violations.push(`unlocked without a live authorisation, by ${input.input}`)
      this.unlocks.set(effect.sessionId, (this.unlocks.get(effect.sessionId) ?? 0) + 1)
    }
    if (effect.effect === 'reply') {
      const command = this.commands.get(effect.reply.commandId)
      if (command === undefined) this.violations.push(`answered ${effect.reply.commandId}, which nobody sent`)
      else command.replies += 1
    }
    if (effect.effect === 'record' && isFinalEvent(effect.type) && 'sessionId' in effect.body) {
      const sessionId = String(effect.body.sessionId)
      this.finals.set(sessionId, (this.finals.get(sessionId) ?? 0) + 1)
    }
  }
}

describe('the session machine under anything that may happen', () => {
  it('unlocks only on a live authorisation and once, answers every command once, ends every session once', () => {
    fc.assert(
      fc.property(fc.array(moves, { minLength: 1, maxLength: 60 }), (played) => {
        const world = new World()
        for (const move of played) world.play(move)

        expect(world.judge()).toEqual([])
      }),
      { numRuns: 1_500, seed: 20_261_125 },
    )
  })
})
