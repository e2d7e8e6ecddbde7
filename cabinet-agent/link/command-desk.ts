import type { KeyObject } from 'node:crypto'
import {
  Command,
  commandBodies,
  type CommandBody,
  type CommandKind,
  type Reply,
} from '#shared/contracts/mqtt/command.ts'
import { Id } from '#shared/ids/uuid-v7.ts'
import type { Clock } from '#shared/time/clock.ts'
import { z } from 'zod'
import type { HeatWatch } from '../health/heat-watch.ts'
import type { Journal } from '../journal/journal.ts'
import { lateness } from '../session/step-command.ts'
import type { CommandFacts, MachineCommand } from '../session/session-input.ts'
import { activeSession } from '../session/session-state.ts'
import type { SessionRunner } from '../session/session-runner.ts'
import type { TwinKeeper } from '../twin/twin-keeper.ts'
import { isSignedByServer } from './login.ts'

export interface CommandDeskOptions {
  cabinetId: Id
  serverKeys: () => readonly KeyObject[]
  journal: Journal
  clock: Clock
  runner: SessionRunner
  twin: TwinKeeper
  heat: HeatWatch
  facts: (sessionId: Id | undefined) => CommandFacts
  /** `clockOffsetMs`: this clock less the server's when it sent the command. */
  selfTest: (clockOffsetMs: number) => Promise<NonNullable<Reply['report']>>
  /** Sends a reply that the journal does not hold. */
  sendReply: (reply: Reply) => void
  /** Resends replies that the journal holds. */
  onReplies: () => void
}

/** Messages that were none of ours, by reason: counted, never fatal. */
export interface RejectedCounts {
  /** Larger than the limit, or no JSON. */
  unreadable: number
  malformed: number
  forged: number
}

type KnownCommand = { [K in CommandKind]: { kind: K; body: CommandBody<K> } }[CommandKind]

/**
 * Takes commands off the wire: readable, signed, not seen before, of a known kind, with a fitting body; then on to
 * whoever carries them out. Whatever is not carried out is answered with the reason: nothing is dropped in silence.
 */
export class CommandDesk {
  readonly #options: CommandDeskOptions
  readonly rejected: RejectedCounts = { malformed: 0, unreadable: 0, forged: 0 }

  constructor(options: CommandDeskOptions) {
    this.#options = options
  }

  /** Commands whose carrying out a restart has cut short, the active session's own left to the machine. */
  answerInterrupted(activeCommandId: Id | undefined): void {
    const { journal, runner } = this.#options
    const replies = journal
      .unansweredCommandIds()
      .filter((commandId) => commandId !== activeCommandId)
      .map((commandId) => this.#reply(commandId, 'failed', 'interrupted'))
    if (replies.length > 0) runner.write({ atMs: this.#now(), replies })
  }

  receive(payload: unknown): void {
    const parsed = Command.safeParse(payload)
    if (!parsed.success) {
      this.#answerMalformed(payload, parsed.error)
      return
    }
    const command = parsed.data
    const known = this.#options.journal.findCommand(command.commandId)
    if (!isSignedByServer(this.#options.cabinetId, command, this.#options.serverKeys())) {
      this.rejected.forged += 1
      // A forged copy of a real command must not make a second answer to it.
      if (known === undefined) this.#options.sendReply(this.#reply(command.commandId, 'refused', 'bad_signature'))
      return
    }
    if (known !== undefined) {
      // Null: it is being carried out and will be answered.
      if (known.reply !== null) this.#options.sendReply(known.reply)
      return
    }
    if (this.#options.runner.isWaiting(command.commandId)) return
    const volatile = this.#options.runner.volatileReply(command.commandId)
    if (volatile === undefined) this.#carryOut(command)
    else this.#options.sendReply(volatile)
  }

  #answerMalformed(payload: unknown, error: z.ZodError): void {
    this.rejected.malformed += 1
    const commandId = z.object({ commandId: Id }).safeParse(payload)
    if (!commandId.success || this.#options.journal.findCommand(commandId.data.commandId) !== undefined) return
    const detail = z.prettifyError(error)
    this.#options.sendReply(this.#reply(commandId.data.commandId, 'refused', 'invalid_body', detail))
  }

  #carryOut(command: Command): void {
    const { runner, facts } = this.#options
    if (!isKnownKind(command.kind)) {
      this.#answer(command, 'unsupported')
      return
    }
    const body = commandBodies[command.kind].safeParse(command.body)
    if (!body.success) {
      this.#answer(command, 'refused', 'invalid_body', z.prettifyError(body.error))
      return
    }
    // The table pairs kinds with bodies; TypeScript cannot follow the pair through a look-up.
    const known = { kind: command.kind, body: body.data } as KnownCommand
    const { commandId, expiresAtMs } = command
    const atMs = this.#now()
    if (
      known.kind !== 'self-test' &&
      known.kind !== 'set-config' &&
      known.kind !== 'revoke-pass' &&
      known.kind !== 'reset-temperature'
    ) {
      const sessionId = known.kind === 'unlock' || known.kind === 'restock-open' ? known.body.sessionId : undefined
      const machineCommand: MachineCommand = { ...known, commandId, expiresAtMs }
      runner.feed({ input: 'command', command: machineCommand, facts: facts(sessionId), atMs }, command)
    } else if (atMs > expiresAtMs) this.#answer(command, 'expired', 'expired', lateness(atMs, expiresAtMs))
    else if (known.kind === 'self-test') void this.#selfTest(command)
    else if (known.kind === 'revoke-pass') this.#revokePass(command, known.body)
    else if (known.kind === 'reset-temperature') this.#resetTemperature(command)
    else this.#setConfig(command)
  }

  #revokePass(command: Command, { passExpiresAtMs, ...pass }: CommandBody<'revoke-pass'>): void {
    const { runner, onReplies } = this.#options
    const reply = this.#reply(command.commandId, 'done')
    const revokedPass = { ...pass, expiresAtMs: passExpiresAtMs }
    // On a full disk it is answered once there is room, or told again at the next contact: no session starts before.
    if (runner.write({ atMs: this.#now(), command, replies: [reply], revokedPass })) onReplies()
    // It may have been shown already, and the scales are coming to rest.
    runner.feed({ input: 'pass-revoked', passId: pass.passId, atMs: this.#now() })
  }

  #setConfig(command: Command): void {
    // As sent, not as parsed: the schema fills in defaults for what the command leaves alone.
    const config = z.object({ config: z.record(z.string(), z.unknown()) }).parse(command.body).config
    const { twin, runner } = this.#options
    if (!runner.isIdle) {
      this.#answer(command, 'refused', 'busy', 'settings change between sessions only')
      return
    }
    if (runner.isDiskFull) {
      this.#answer(command, 'refused', 'disk_full')
      return
    }
    const reply = this.#reply(command.commandId, 'done')
    const problem = twin.setConfig(config, { command, replies: [reply] })
    if (problem !== undefined) this.#answer(command, 'refused', 'invalid_config', problem)
  }

  #resetTemperature(command: Command): void {
    if (this.#options.runner.isDiskFull) {
      this.#answer(command, 'refused', 'disk_full')
      return
    }
    const refusal = this.#options.heat.reset({ command, replies: [this.#reply(command.commandId, 'done')] })
    if (refusal !== undefined) this.#answer(command, 'refused', refusal)
  }

  async #selfTest(command: Command): Promise<void> {
    const { runner, selfTest, clock } = this.#options
    const clockOffsetMs = clock.now() - command.issuedAtMs
    // Reading every device costs samples, and a sale's bill rests on those. Staff who restock or mend may look.
    if (activeSession(runner.state.session)?.core.kind === 'sale') {
      this.#answer(command, 'refused', 'busy', 'a buyer is at the door')
      return
    }
    if (!runner.write({ atMs: this.#now(), command })) {
      this.#options.sendReply(this.#reply(command.commandId, 'refused', 'disk_full'))
      return
    }
    const report = await selfTest(clockOffsetMs)
    const isGood = report.every((line) => line.isGood)
    const reply = isGood
      ? this.#reply(command.commandId, 'done')
      : this.#reply(command.commandId, 'failed', 'self_test_failed')
    runner.write({ atMs: this.#now(), replies: [{ ...reply, report }] })
    this.#options.onReplies()
  }

  #answer(command: Command, outcome: Reply['outcome'], reason?: NonNullable<Reply['reason']>, detail?: string): void {
    const reply = this.#reply(command.commandId, outcome, reason, detail)
    const isStored = this.#options.runner.write({ atMs: this.#now(), command, replies: [reply] })
    if (isStored) this.#options.onReplies()
    else this.#options.sendReply(reply)
  }

  #reply(commandId: Id, outcome: Reply['outcome'], reason?: NonNullable<Reply['reason']>, detail?: string): Reply {
    return {
      commandId,
      outcome,
      ...(reason === undefined ? {} : { reason }),
      ...(detail === undefined ? {} : { detail: detail.slice(0, 1_000) }),
      atMs: this.#now(),
    }
  }

  /** Never earlier than the newest issue time seen: a clock set back must not revive an expired command. */
  #now(): number {
    return Math.max(this.#options.clock.now(), this.#options.journal.lastIssuedAtMs())
  }
}

function isKnownKind(kind: string): kind is CommandKind {
  return Object.hasOwn(commandBodies, kind)
}
