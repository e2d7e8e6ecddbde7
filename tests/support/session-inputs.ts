import type { Plateau } from '#shared/contracts/mqtt/lane.ts'
import { seededRandom } from '#shared/ids/random.ts'
import { makeId, type Id } from '#shared/ids/uuid-v7.ts'
import type { CommandFacts, Effect, MachineCommand, SessionInput } from '#cabinet-agent/session/session-input.ts'
import { initialState, type CabinetState, type Decision } from '#cabinet-agent/session/session-state.ts'
import { step } from '#cabinet-agent/session/step.ts'
import { testEpochMs } from './test-clock.ts'

/** Inputs of the session machine with everything in order, for tests to spoil. */

const random = seededRandom(7)
export const makeTestId = (): Id => makeId({ now: () => testEpochMs }, random)

export const opening: readonly Plateau[] = [
  { laneId: 'L01', levelMg: 2_000_000, standardErrorMg: 300, sampleCount: 30 },
]
const versions = { agent: '0', decoder: '0', planogram: 3, prices: 4 }

export function makeFacts(overrides: Partial<CommandFacts> = {}): CommandFacts {
  return {
    planogramVersion: 3,
    pricesVersion: 4,
    knownLaneIds: ['L01'],
    faultyLaneIds: [],
    onSaleLaneIds: ['L01', 'L02'],
    lockedLaneIds: [],
    isOverTemperature: false,
    unverifiedLaneIds: [],
    isDiskFull: false,
    door: 'closed',
    isKnownSession: false,
    timeouts: { openingMs: 4_000, noOpenMs: 10_000, doorPromptMs: 60_000, doorAlarmMs: 180_000, settleMs: 8_000 },
    versions,
    ...overrides,
  }
}

export type CommandInput = Extract<SessionInput, { input: 'command' }>

export function unlockInput(overrides: { sessionId?: Id; facts?: Partial<CommandFacts>; atMs?: number } = {}) {
  const sessionId = overrides.sessionId ?? makeTestId()
  const body = { sessionId, holdFen: 5_000, planogramVersion: 3, pricesVersion: 4 }
  return commandInput({ kind: 'unlock', body, commandId: makeTestId(), expiresAtMs: testEpochMs + 30_000 }, overrides)
}

export function restockInput(sessionId: Id = makeTestId()) {
  const body = { sessionId, restockerId: makeTestId(), loads: [] }
  return commandInput({ kind: 'restock-open', body, commandId: makeTestId(), expiresAtMs: testEpochMs + 30_000 }, {})
}

export function commandInput(
  command: MachineCommand,
  overrides: { facts?: Partial<CommandFacts>; atMs?: number },
): CommandInput {
  return { input: 'command', command, facts: makeFacts(overrides.facts), atMs: overrides.atMs ?? testEpochMs }
}

const evidence = { opening: [], closing: [], steps: [], hypotheses: [] }
const line = { laneId: 'L01', skuId: makeTestId(), mode: 'piece', count: 1, shownPriceFen: 1_280 } as const
export const decisions = {
  sold: { outcome: 'settled', lines: [line], confidence: 1, flags: [], evidence, steadyAtMs: testEpochMs },
  nothing: { outcome: 'settled', lines: [], confidence: 1, flags: [], evidence, steadyAtMs: testEpochMs },
  doubt: { outcome: 'review', reason: 'ambiguous', detail: '', lowestLines: [], flags: [], evidence },
  restocked: { outcome: 'restocked', lanes: [], opening: [], closing: [] },
} as const satisfies Record<string, Decision>

/** Feeds inputs one after the other from a state; gives the last state and all effects. */
export function run(inputs: readonly SessionInput[], from: CabinetState = initialState) {
  let state = from
  const effects: Effect[] = []
  for (const input of inputs) {
    const stepped = step(state, input)
    state = stepped.state
    effects.push(...stepped.effects)
  }
  return { state, effects }
}

export function recorded(effects: readonly Effect[]): string[] {
  return effects.flatMap((effect) => (effect.effect === 'record' ? [effect.type] : []))
}

export function replied(effects: readonly Effect[]) {
  return effects.flatMap((effect) => (effect.effect === 'reply' ? [effect.reply] : []))
}
