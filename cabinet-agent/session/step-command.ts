import type { CommandBody, Reply } from '#shared/contracts/mqtt/command.ts'
import {
  record,
  reply,
  type CommandFacts,
  type Effect,
  type MachineCommand,
  type SessionInput,
} from './session-input.ts'
import { activeSession, type CabinetState, type SessionCore } from './session-state.ts'
import type { Stepped } from './force-door.ts'

type CommandInput = Extract<SessionInput, { input: 'command' }>
type Reason = NonNullable<Reply['reason']>
type Refusal = { reason: Reason; detail: string }

/** Every command is answered here or, when it starts a session, by that session: exactly once. */
export function stepCommand(state: CabinetState, input: CommandInput): Stepped {
  const { command, atMs } = input
  if (atMs > command.expiresAtMs) return { state, effects: expired(input) }
  const isBusy = activeSession(state.session) !== undefined
  switch (command.kind) {
    case 'unlock':
    case 'restock-open':
      return openSession(state, input, command.kind === 'unlock' ? 'sale' : 'restock')
    case 'lock':
      return {
        state: { ...state, isInService: false, lockReason: command.body.reason },
        effects: [reply(command.commandId, atMs, 'done')],
      }
    case 'release': {
      const { lockReason: _, ...rest } = state
      return { state: { ...rest, isInService: true }, effects: [reply(command.commandId, atMs, 'done')] }
    }
    case 'reboot':
      if (isBusy) {
        return { state, effects: [reply(command.commandId, atMs, 'refused', 'busy', 'a session is under way')] }
      }
      return {
        state,
        effects: [reply(command.commandId, atMs, 'done'), { effect: 'restart-process', reason: command.body.reason }],
      }
  }
}

/** Whoever reads it sees whether the line was slow or this clock is wrong. */
export function lateness(atMs: number, expiresAtMs: number): string {
  return `${atMs - expiresAtMs} ms past its end by this clock`
}

function expired({ command, facts, atMs }: CommandInput): Effect[] {
  const { commandId } = command
  const isOpening = command.kind === 'unlock' || command.kind === 'restock-open'
  return [
    reply(commandId, atMs, 'expired', 'expired', lateness(atMs, command.expiresAtMs)),
    ...(isOpening && !facts.isKnownSession
      ? [record('session.refused', { sessionId: command.body.sessionId, commandId, reason: 'expired' })]
      : []),
  ]
}

function openSession(state: CabinetState, input: CommandInput, kind: SessionCore['kind']): Stepped {
  const { command, facts, atMs } = input
  if (command.kind !== 'unlock' && command.kind !== 'restock-open') return { state, effects: [] }
  const sessionId = command.body.sessionId
  const refusal = whyNot(state, command, facts)
  if (refusal !== undefined) {
    const effects: Effect[] = [reply(command.commandId, atMs, 'refused', refusal.reason, refusal.detail)]
    // A session that exists already ends by its own event, not by the refusal of a second command for it.
    if (!facts.isKnownSession) {
      effects.push(record('session.refused', { sessionId, commandId: command.commandId, reason: refusal.reason }))
    }
    return { state, effects }
  }
  const core: SessionCore = {
    sessionId,
    kind,
    commandId: command.commandId,
    expiresAtMs: command.expiresAtMs,
    timeouts: facts.timeouts,
    versions: facts.versions,
    loads: command.kind === 'restock-open' ? command.body.loads : [],
  }
  return {
    state: { ...state, session: { name: 'authorised', core } },
    effects: [
      { effect: 'set-timer', sessionId, timer: 'opening', delayMs: facts.timeouts.openingMs },
      { effect: 'take-opening', sessionId },
    ],
  }
}

function whyNot(state: CabinetState, command: MachineCommand, facts: CommandFacts): Refusal | undefined {
  const refusal = whyNotOpen(state, facts)
  if (refusal !== undefined) return refusal
  if (command.kind === 'unlock') return whyNotAgreed(command.body, facts) ?? whyNotSell(state, facts)
  if (command.kind === 'restock-open') return whyNotRestock(command.body, facts)
  return undefined
}

/** What keeps the door shut whoever asks. */
export function whyNotOpen(state: CabinetState, facts: CommandFacts): Refusal | undefined {
  if (facts.isKnownSession) return { reason: 'busy', detail: 'this session was started before' }
  if (activeSession(state.session) !== undefined) return { reason: 'busy', detail: 'another session is under way' }
  if (facts.isDiskFull) return { reason: 'disk_full', detail: 'nothing more can be journalled' }
  if (facts.door === 'open') return { reason: 'lock_fault', detail: 'the door is open already' }
  if (facts.door === 'unknown') return { reason: 'lock_fault', detail: 'the lock board does not answer' }
  return undefined
}

/** The price was agreed on other versions than this cabinet's. */
function whyNotAgreed(body: CommandBody<'unlock'>, facts: CommandFacts): Refusal | undefined {
  if (body.planogramVersion !== facts.planogramVersion) {
    return { reason: 'stale_planogram', detail: `holds ${facts.planogramVersion}, asked for ${body.planogramVersion}` }
  }
  if (body.pricesVersion !== facts.pricesVersion) {
    return { reason: 'stale_prices', detail: `holds ${facts.pricesVersion}, asked for ${body.pricesVersion}` }
  }
  return undefined
}

/** What keeps a cabinet from selling. */
export function whyNotSell(state: CabinetState, facts: CommandFacts): Refusal | undefined {
  if (!state.isInService) return { reason: 'out_of_service', detail: state.lockReason ?? 'out of service' }
  if (facts.isOverTemperature) return { reason: 'over_temperature', detail: 'locked until the goods are inspected' }
  if (facts.knownLaneIds.length === 0) return { reason: 'lane_unknown', detail: 'no planogram yet' }
  if (facts.onSaleLaneIds.length > 0 && facts.onSaleLaneIds.every((laneId) => facts.lockedLaneIds.includes(laneId))) {
    return { reason: 'lanes_locked', detail: `locked: ${facts.lockedLaneIds.join(', ')}` }
  }
  if (facts.faultyLaneIds.length > 0) {
    return { reason: 'scale_fault', detail: `no weight from ${facts.faultyLaneIds.join(', ')}` }
  }
  if (facts.unverifiedLaneIds.length > 0) {
    const detail = `no valid verification certificate to sell ${facts.unverifiedLaneIds.join(', ')} by weight`
    return { reason: 'scale_unverified', detail }
  }
  return undefined
}

/** Staff may open a cabinet that is out of service or has a bad scale: they come to mend it. */
function whyNotRestock(body: CommandBody<'restock-open'>, facts: CommandFacts): Refusal | undefined {
  const unknown = body.loads.find((load) => !facts.knownLaneIds.includes(load.laneId))
  return unknown === undefined ? undefined : { reason: 'lane_unknown', detail: `no lane ${unknown.laneId} here` }
}
