// Everything between the broker and the nouns: the link, the inbox that reads it, the ingest, the replies, the status of
// cabinets, and the effects that go down to them. One per server process.
import type { Logger } from 'pino'
import { type Command, commandSigningText, type Reply } from '#shared/contracts/mqtt/command.ts'
import { obeyedKeys } from '#shared/contracts/mqtt/command-keys.ts'
import { topicOf } from '#shared/contracts/mqtt/topics.ts'
import type { DesiredTwin } from '#shared/contracts/mqtt/twin.ts'
import { type Id, makeId } from '#shared/ids/uuid-v7.ts'
import { renewRelease } from '../agent-releases/sign-release.ts'
import { raiseAlarm } from '../cabinets/events.ts'
import {
  expireCommands,
  isAnyLate,
  findOpenCommands,
  makeCommandEndTable,
  recordReply,
  type CommandEndTable,
} from '../cabinets/end-command.ts'
import { markAllOffline, StatusBook } from '../cabinets/status-book.ts'
import { findPublicKey } from '../cabinets/enrol-cabinet.ts'
import { findTwins } from '../cabinets/change-twin.ts'
import { findCommittedSeq } from './journal-position.ts'
import type { Effect, ServerContext } from '../context.ts'
import type { CoreOptions } from '../core.ts'
import { mayPass } from '../db/database-error.ts'
import type { Noun } from '../nouns.ts'
import type { CabinetLink, DownChannel, DownMessages, UpChannel } from './cabinet-link.ts'
import { makeHandlerTable, type CommitResult } from './commit-entries.ts'
import { openEmbeddedLink } from './embedded-broker.ts'
import { openExternalLink } from './external-broker.ts'
import { Inbox } from './inbox.ts'
import { Ingest } from './ingest.ts'
import { RejectedBin, type RejectReason } from './rejected-bin.ts'
import { TwinCourier } from './twin-courier.ts'

/** Flags that mean the journal itself is in doubt. */
const brokenFlags = /chain_broken|hash_wrong/
/** Until a command goes out again whose signature was not believed: the cabinet may have heard of the key by then. */
const believedLaterMs = 10_000
/** Most replies that wait for a database that takes nothing. */
const maxUnkept = 10_000

export class FleetLine implements AsyncDisposable {
  readonly #ctx: ServerContext
  readonly #logger: Logger
  readonly #nouns: readonly Noun[]
  readonly #commandEnds: CommandEndTable
  readonly #bin: RejectedBin
  readonly #ingest: Ingest
  readonly #status: StatusBook
  readonly #pending = new Set<Promise<void>>()
  /** Commands whose signature their cabinet did not believe, and when they go out again, monotonic ms. */
  readonly #disbelieved = new Map<Id, { readonly cabinetId: Id; readonly dueMs: number }>()
  /** Replies that the database did not take; their cabinets hold them for delivered and say them only at their next contact. */
  readonly #unkept = new Map<string, { readonly cabinetId: Id; readonly reply: Reply }>()
  readonly #twins: TwinCourier
  #link: CabinetLink | undefined

  constructor(ctx: ServerContext, nouns: readonly Noun[]) {
    const { database, clock, metrics, logger } = ctx
    this.#ctx = ctx
    this.#logger = logger
    this.#nouns = nouns
    this.#commandEnds = makeCommandEndTable(nouns.flatMap(({ commandEnds }) => commandEnds ?? []))
    this.#bin = new RejectedBin({ database, clock, logger, metrics })
    this.#ingest = new Ingest({
      database,
      clock,
      logger,
      metrics,
      handlers: makeHandlerTable(nouns.flatMap(({ events }) => events ?? [])),
      sendAck: (cabinetId, ack) => this.#track('ack', this.#publish('acks', cabinetId, ack)),
      perform: (effects) => ctx.perform(effects),
      onConflict: (cabinetId, { entry }) =>
        this.#keepAside(cabinetId, 'conflict', `seq ${entry.seq} is committed with another hash`, entry),
      onFlagged: (cabinetId, flagged) => this.#onFlagged(cabinetId, flagged),
      onUnknownCabinet: (cabinetId) => this.#keepAside(cabinetId, 'invalid', 'no such cabinet', {}),
    })
    this.#status = new StatusBook({
      database,
      clock,
      logger,
      metrics,
      onArrival: (cabinetId) => this.#track('arrival', this.#welcome(cabinetId)),
    })
    this.#twins = new TwinCourier({
      clock,
      publish: (cabinetId, twin) => this.#publishTwin(cabinetId, twin),
      find: async (cabinetId) => (await database.read((unit) => findTwins(unit, [cabinetId])))[0]?.twin,
      obeyed: () => {
        const newest = ctx.signer.keyLists.at(-1)
        return newest === undefined ? undefined : obeyedKeys(newest)
      },
    })
  }

  get isConnected(): boolean {
    return this.#link?.isConnected === true
  }

  get url(): string {
    return this.#link?.url ?? ''
  }

  /** `openLink`, when given, is the line to the cabinets instead of the broker that the configuration names. */
  async open({ openLink, tls }: Pick<CoreOptions, 'openLink' | 'tls'>): Promise<void> {
    const { config, database, clock, random, metrics } = this.#ctx
    const inbox = new Inbox(clock, metrics, this.#bin, {
      onEntries: (cabinetId, entries) => this.#ingest.submit(cabinetId, entries),
      onReply: (cabinetId, reply) => this.#track('reply', this.#onReply(cabinetId, reply)),
      onLive: (cabinetId, message) => {
        for (const { live } of this.#nouns)
          if (live !== undefined) this.#track('live', live(this.#ctx, cabinetId, message))
      },
      onPresence: (cabinetId, presence) => {
        this.#status.notePresence(cabinetId, presence)
        if (presence.isOnline) this.#track('twin', this.#twins.catchUp(cabinetId))
      },
      onReported: (cabinetId, reported) => {
        this.#status.noteReported(cabinetId, reported)
        this.#twins.noteReported(cabinetId, reported)
      },
      onTelemetry: (cabinetId, telemetry) => this.#status.noteTelemetry(cabinetId, telemetry),
    })
    const listener = {
      onMessage: (topic: string, payload: Buffer) => inbox.receive(topic, payload),
      onConnected: () => {
        // What is said now to a cabinet that is not back yet, a broker that forgot it drops.
        this.#status.forgetRuns()
        if (this.#link !== undefined) this.#track('connected', this.#publishAll())
      },
      onPageUpdate: this.#ctx.hub.publish.bind(this.#ctx.hub),
    }
    const onError = (error: Error) => this.#logger.warn({ err: error }, 'broker')
    if (openLink !== undefined) {
      this.#link = openLink(listener)
      return
    }
    const { url, host, port, publicUrl } = config.mqtt
    if (url !== undefined) {
      this.#link = openExternalLink({ url, publicUrl, processId: makeId(clock, random), listener, onError })
      return
    }
    await database.run(markAllOffline)
    this.#link = await openEmbeddedLink({
      host,
      port,
      publicUrl,
      tls,
      clock,
      metrics,
      listener,
      findPublicKey: (cabinetId) => database.read((unit) => findPublicKey(unit, cabinetId)),
      onError,
    })
    // The embedded broker stood before this had it in hand.
    this.#track('connected', this.#publishAll())
  }

  /** Does the part of an effect that goes to cabinets or to pages of other processes. */
  perform(effect: Effect): void {
    switch (effect.kind) {
      case 'command':
        this.#ctx.metrics.commands.inc({ kind: effect.command.kind, outcome: 'sent' })
        return this.#track('command', this.#publishCommand(effect.cabinetId, effect.command))
      case 'desired':
        return this.#track('desired', this.#twins.send(effect.cabinetId, effect.twin))
      case 'live':
        return this.#link?.shareWithPages(effect.accountId, effect.update)
      case 'disconnect':
        return this.#link?.disconnect(effect.cabinetId)
      case 'receipt':
      case 'sign-out':
        return undefined
    }
  }

  /** Sends again what was not believed, keeps the replies that were not kept, and ends commands that nobody answered in time. */
  async sweepCommands(): Promise<void> {
    const { database } = this.#ctx
    await this.#sendDisbelieved()
    const unkept = [...this.#unkept.values()]
    this.#unkept.clear()
    // All at once: one that fails must not keep the others waiting.
    await Promise.allSettled(unkept.map(({ cabinetId, reply }) => this.#onReply(cabinetId, reply)))
    if (!(await database.read(isAnyLate))) return
    const { effects, kinds } = await database.run((unit) => expireCommands(unit, this.#commandEnds))
    for (const kind of kinds) this.#ctx.metrics.commands.inc({ kind, outcome: 'expired' })
    this.#ctx.perform(effects)
  }

  /** Stops listening, carries what was received to the database, then lets go of the broker. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#link?.[Symbol.asyncDispose]()
    await this.#ingest[Symbol.asyncDispose]()
    await Promise.allSettled(this.#pending)
    await this.#status[Symbol.asyncDispose]()
    await this.#bin[Symbol.asyncDispose]()
  }

  async #publish<C extends DownChannel>(channel: C, cabinetId: Id, message: DownMessages[C]): Promise<void> {
    if (this.#link === undefined) throw new Error('the line is not open')
    await this.#link.publish(cabinetId, channel, message)
  }

  /** With what the cabinet must know of our keys to believe the rest. */
  #publishTwin(cabinetId: Id, twin: DesiredTwin): Promise<void> {
    const { signer } = this.#ctx
    const agent = twin.agent === null ? null : renewRelease(signer, twin.agent)
    const { keyLists } = signer
    const told = keyLists.length === 0 ? {} : { commandKeys: [...keyLists] }
    return this.#publish('desired', cabinetId, { ...twin, agent, ...told })
  }

  #publishCommand(cabinetId: Id, command: Command): Promise<void> {
    const signature = this.#ctx.signer.renew(commandSigningText(cabinetId, command), command.signature)
    return this.#publish('commands', cabinetId, { ...command, signature })
  }

  /** Follows work that nobody waits for: a failure is logged and counted, and closing waits for its end. */
  #track(kind: string, work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => {
        this.#ctx.metrics.effectFailures.inc({ kind })
        this.#logger.warn({ err: error, kind }, 'work after a message failed')
      })
      .finally(() => this.#pending.delete(tracked))
    this.#pending.add(tracked)
  }

  async #onReply(cabinetId: Id, reply: Reply): Promise<void> {
    const recorded = this.#ctx.database.run((unit) => recordReply(unit, this.#commandEnds, cabinetId, reply))
    const { verdict, kind, effects } = await recorded.catch((error: unknown) => {
      const mayKeepLater = mayPass(error) && this.#unkept.size < maxUnkept
      if (mayKeepLater) this.#unkept.set(`${cabinetId} ${reply.commandId}`, { cabinetId, reply })
      throw error
    })
    if (verdict === 'unknown') this.#keepAside(cabinetId, 'invalid', 'reply to a command nobody sent', reply, 'replies')
    if (verdict === 'disbelieved') {
      this.#logger.warn(
        { cabinetId, commandId: reply.commandId, kind },
        'a cabinet did not believe the signature of a command',
      )
      this.#disbelieved.set(reply.commandId, { cabinetId, dueMs: this.#ctx.clock.monotonicMs() + believedLaterMs })
    }
    if (verdict !== 'recorded') return
    this.#ctx.metrics.commands.inc({ kind: kind ?? 'unknown', outcome: reply.outcome })
    this.#ctx.perform(effects)
  }

  async #sendDisbelieved(): Promise<void> {
    const nowMs = this.#ctx.clock.monotonicMs()
    const due = [...this.#disbelieved].filter(([, { dueMs }]) => dueMs <= nowMs)
    const dueIds = new Set(due.map(([commandId]) => commandId))
    for (const commandId of dueIds) this.#disbelieved.delete(commandId)
    for (const cabinetId of new Set(due.map(([, waiting]) => waiting.cabinetId))) {
      const open = await this.#ctx.database.read((unit) => findOpenCommands(unit, cabinetId))
      for (const { command } of open.filter(({ command: { commandId } }) => dueIds.has(commandId)))
        this.#track('command', this.#publishCommand(cabinetId, command))
    }
  }

  /** A cabinet came online: it gets what it may have missed. Everything here may be received twice. */
  async #welcome(cabinetId: Id): Promise<void> {
    const missed = await this.#ctx.database.read(function* (unit) {
      const open = yield* findOpenCommands(unit, cabinetId)
      const [twin] = yield* findTwins(unit, [cabinetId])
      return { open, twin, throughSeq: yield* findCommittedSeq(cabinetId) }
    })
    await this.#publish('acks', cabinetId, { throughSeq: missed.throughSeq })
    if (missed.twin !== undefined) await this.#twins.send(cabinetId, missed.twin.twin)
    for (const { command } of missed.open) await this.#publishCommand(cabinetId, command)
  }

  /** The broker may have lost what it kept: every enrolled cabinet's twin again, and the commands that still count. */
  async #publishAll(): Promise<void> {
    const { twins, open } = await this.#ctx.database.read(function* (unit) {
      return { twins: yield* findTwins(unit), open: yield* findOpenCommands(unit) }
    })
    for (const { cabinetId, twin } of twins) await this.#twins.send(cabinetId, twin)
    for (const { cabinetId, command } of open) await this.#publishCommand(cabinetId, command)
  }

  #onFlagged(cabinetId: Id, flagged: CommitResult['flagged']): void {
    this.#logger.warn({ cabinetId, flagged }, 'journal entries were kept with a flag')
    if (!flagged.some(({ flag }) => brokenFlags.test(flag))) return
    const raise = async () => {
      this.#ctx.perform(await this.#ctx.database.run((unit) => raiseAlarm(unit, cabinetId, 'journal_broken')))
    }
    this.#track('alarm', raise())
  }

  #keepAside(
    cabinetId: Id,
    reason: RejectReason,
    detail: string,
    message: unknown,
    channel: UpChannel = 'events',
  ): void {
    const payload = Buffer.from(JSON.stringify(message))
    this.#bin.keep({ cabinetId, topic: topicOf(cabinetId, channel), channel, reason, detail, payload })
  }
}
