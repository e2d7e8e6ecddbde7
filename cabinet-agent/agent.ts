import type { CabinetHardware } from '#firmware-bridge/ports/devices.ts'
import type { CommandKeyList } from '#shared/contracts/mqtt/command-keys.ts'
import { AckMessage } from '#shared/contracts/mqtt/event.ts'
import type { Channel } from '#shared/contracts/mqtt/topics.ts'
import { DesiredTwin, type Presence, type ReportedTwin } from '#shared/contracts/mqtt/twin.ts'
import type { Random } from '#shared/ids/random.ts'
import { makeId, type Id } from '#shared/ids/uuid-v7.ts'
import { delay, type Clock } from '#shared/time/clock.ts'
import { agentVersion } from './agent-version.ts'
import type { ServerKeys } from './enrolment/key-keeper.ts'
import { DeviceNews, unsteadyCode } from './health/device-news.ts'
import { HeatWatch } from './health/heat-watch.ts'
import { runSelfTest } from './health/self-test.ts'
import { readTelemetry } from './health/telemetry.ts'
import { ConfirmedKeeper } from './journal/confirmed-keeper.ts'
import type { DiskGuard } from './journal/disk-guard.ts'
import type { Journal } from './journal/journal.ts'
import type { ConnectBroker } from './link/broker-connection.ts'
import { CommandDesk } from './link/command-desk.ts'
import type { Login } from './link/login.ts'
import { LinkDiary } from './link/link-diary.ts'
import { MqttLink } from './link/mqtt-link.ts'
import { OutboxSender } from './link/outbox-sender.ts'
import { readMessage } from './link/read-message.ts'
import { ReplySender } from './link/reply-sender.ts'
import { NamedTimers } from './named-timers.ts'
import { PassDesk } from './pass/pass-desk.ts'
import { ReleaseKeeper } from './releases/release-keeper.ts'
import type { ReleaseStore } from './releases/release-store.ts'
import { startDoorWatch, type DoorWatch } from './sampling/door-watch.ts'
import { startSampler, type Sampler } from './sampling/sampler.ts'
import { SessionWatch, type ScaleSheet } from './sampling/session-watch.ts'
import type { ScreenPlace } from './screen/render-screen.ts'
import { viewScreen, type ScreenView } from './screen/screen-view.ts'
import { serveScreen, type ScreenServer } from './screen/serve-screen.ts'
import { type CabinetFacts, commandFactsOf, shelfOf, versionsOf } from './session/cabinet-facts.ts'
import type { CommandFacts } from './session/session-input.ts'
import { SessionRunner } from './session/session-runner.ts'
import { activeSession } from './session/session-state.ts'
import { reportedTwin } from './twin/reported-twin.ts'
import { TwinKeeper } from './twin/twin-keeper.ts'
import { TwinReporter } from './twin/twin-reporter.ts'
import { plateauSdMg } from './weighing/noise-model.ts'

type TimerName = 'heartbeat' | 'telemetry' | 'live' | 'reboot' | 'reconnect'

export interface AgentParts {
  cabinetId: Id
  bootId: Id
  mqttUrl: string
  connect: ConnectBroker
  login: () => Login
  /** Changes the key that logs in when it has served its time, until the signal aborts; absent: it stays. */
  keepKey?: (stopping: AbortSignal) => Promise<void>
  serverKeys: ServerKeys
  hardware: CabinetHardware
  journal: Journal
  guard: DiskGuard
  sheet: ScaleSheet
  clock: Clock
  random: Random
  rssBytes: () => number
  /** How the agent comes to other code; absent where this process cannot be replaced. */
  releases?: { store: ReleaseStore; isInstalled: boolean; serverUrl: string; fetch: typeof globalThis.fetch }
  /** Where the page for the screen on the cabinet is served; absent: it has none. */
  screen?: { host: string; port: number; place: ScreenPlace }
  onRestart: (reason: string) => void
  onLog: (level: 'info' | 'warn' | 'error', message: string, detail?: object) => void
}

/** Of a twin that is malformed for this agent, which a newer one may understand. */
const AgentOfTwin = DesiredTwin.pick({ agent: true })
/** Of any twin: they decide whose word the rest is. */
const KeysOfTwin = DesiredTwin.pick({ commandKeys: true })
/** Longest wait for a first look at the door after a start, ms. */
const firstLookMs = 3_000
/** Longest wait for the broker's answer in a self-test, ms. */
const roundTripMs = 5_000
const rebootDelayMs = 500

/** One cabinet's agent with all its parts in place; `compose-agent.ts` makes it from a configuration. */
export class Agent implements AsyncDisposable {
  readonly #parts: AgentParts
  readonly #runner: SessionRunner
  readonly #watch: SessionWatch
  readonly #twin: TwinKeeper
  readonly #heat: HeatWatch
  readonly #devices: DeviceNews
  readonly #outbox: OutboxSender
  readonly #replies: ReplySender
  readonly #confirmed: ConfirmedKeeper
  readonly #reporter: TwinReporter
  readonly #desk: CommandDesk
  readonly #releases: ReleaseKeeper
  readonly #link: MqttLink
  readonly #diary: LinkDiary
  readonly #passes: PassDesk | undefined
  readonly #laneIds: readonly string[]
  readonly #startedMs: number
  readonly #seqBefore: number
  readonly #timers: NamedTimers<TimerName>
  readonly #stopping = new AbortController()
  #door: DoorWatch | undefined
  #sampler: Sampler | undefined
  #screen: ScreenServer | undefined
  #lastFaults = ''

  constructor(parts: AgentParts) {
    const { journal, clock, hardware, guard, onLog } = parts
    this.#parts = parts
    this.#startedMs = clock.monotonicMs()
    this.#diary = new LinkDiary(clock.now())
    this.#laneIds = [...hardware.scales.keys()]
    this.#timers = new NamedTimers(clock)
    this.#reporter = new TwinReporter({
      clock,
      look: () => this.#reported(),
      publish: (reported) => this.#link.publish('reported', reported),
    })
    const report = () => this.#reporter.report()
    this.#watch = new SessionWatch({
      laneIds: this.#laneIds,
      sheet: parts.sheet,
      clock,
      shelf: () => shelfOf(this.#present(), journal),
      onInput: (input) => this.#runner.feed(input),
      onFault: (error) => onLog('error', 'the decoder failed', { error: String(error) }),
    })
    this.#runner = new SessionRunner({
      journal,
      guard,
      hardware,
      clock,
      watch: this.#watch,
      door: () => this.#doorWatch(),
      onCommitted: () => this.#onCommitted(),
      onReply: (reply) => this.#passes?.answered(reply),
      onVolatileReply: (reply) => this.#link.publish('replies', reply),
      onSessionEnded: () => {
        this.#twin.takeWaiting()
        this.#releases.restartWhenIdle()
      },
      onRestart: (reason) => this.#reboot(reason),
      onLog,
    })
    this.#twin = new TwinKeeper({
      journal,
      clock,
      laneIds: this.#laneIds,
      isIdle: () => this.#runner.isIdle,
      write: (write) => this.#runner.write(write),
      onLinkChanged: () => this.#timers.set('reconnect', 0, () => this.#link.reconnect()),
      onChanged: report,
      onToldAgain: () => this.#reporter.reportAnew(),
    })
    this.#heat = new HeatWatch({
      hardware,
      journal,
      clock,
      limitDeciC: () => this.#twin.applied.config.maxTemperatureDeciC,
      write: (write) => this.#runner.write(write),
      onChanged: report,
    })
    this.#devices = new DeviceNews({ clock, write: (write) => this.#runner.write(write) })
    this.#confirmed = new ConfirmedKeeper({
      journal,
      clock,
      onFailed: (error) => onLog('warn', 'what was confirmed could not be stored', { error: String(error) }),
    })
    this.#replies = new ReplySender({
      journal,
      isConnected: () => this.#link.isConnected,
      publish: (reply, onConfirmed) => this.#link.publish('replies', reply, onConfirmed),
      onConfirmed: () => this.#confirmed.note(),
    })
    this.#outbox = new OutboxSender({
      journal,
      clock,
      publish: (entries) => this.#link.publish('events', entries),
      onAcked: (throughSeq) => {
        this.#confirmed.note()
        this.#twin.onAcked(throughSeq)
        // The journal's first word of this run is committed: the code started, and the server was heard.
        if (throughSeq > this.#seqBefore) void this.#releases.onHealthy()
      },
      onLog,
    })
    this.#seqBefore = journal.position().lastSeq
    const { store, isInstalled = true, serverUrl = '', fetch = globalThis.fetch } = parts.releases ?? {}
    this.#releases = new ReleaseKeeper({
      store,
      running: { version: agentVersion, isInstalled },
      serverUrl,
      serverKeys: parts.serverKeys.trusted,
      fetch,
      clock,
      hasRoomFor: (bytes) => guard.hasRoom(bytes),
      isIdle: () => this.#runner.isIdle,
      onRestart: (reason) => this.#reboot(reason),
      onChanged: report,
      onFailed: (error) => onLog('error', 'a release could not be taken', { error: String(error) }),
    })
    this.#desk = new CommandDesk({
      cabinetId: parts.cabinetId,
      serverKeys: parts.serverKeys.trusted,
      journal,
      clock,
      runner: this.#runner,
      twin: this.#twin,
      heat: this.#heat,
      facts: (sessionId) => this.#facts(sessionId),
      selfTest: (clockOffsetMs) => {
        const { history } = this.#diary
        const roundTrip = () => this.#measureRoundTrip()
        return runSelfTest(hardware, { roundTrip, history, clockOffsetMs, nowMs: clock.now() })
      },
      sendReply: (reply) => this.#link.publish('replies', reply),
      onReplies: () => this.#replies.wake(),
    })
    if (hardware.scanner !== undefined) {
      this.#passes = new PassDesk({
        serverKeys: parts.serverKeys.trusted,
        journal,
        clock,
        runner: this.#runner,
        scanner: hardware.scanner,
        shelf: () => ({ ...this.#twin.applied, selling: this.#twin.applied.config.offlineSelling }),
        facts: (sessionId) => this.#facts(sessionId),
        newId: () => makeId(clock, parts.random),
      })
    }
    this.#link = new MqttLink({
      connect: parts.connect,
      url: () => this.#twin.applied.config.mqttUrl ?? parts.mqttUrl,
      cabinetId: parts.cabinetId,
      clock,
      random: parts.random,
      login: parts.login,
      keepaliveS: () => Math.max(5, Math.ceil(this.#twin.applied.config.heartbeatIntervalMs / 1_000)),
      presence: (isOnline) => this.#presence(isOnline),
      onMessage: (channel, payload) => this.#onMessage(channel, payload),
      onConnected: () => this.#onConnected(),
      onDisconnected: (why) => {
        this.#outbox.stop()
        this.#replies.forget()
        this.#diary.note(clock.now(), why)
        onLog('warn', 'offline', { why })
      },
    })
  }

  get isConnected(): boolean {
    return this.#link.isConnected
  }

  /** Address of the screen's page; undefined without one. */
  get screenUrl(): string | undefined {
    return this.#screen?.url
  }

  /** Goes on from the journal, then takes commands. Needs no server: what it has to tell waits. */
  async start(): Promise<void> {
    const { hardware, clock, journal, sheet } = this.#parts
    const active = activeSession(this.#runner.state.session)
    const recovered = active === undefined ? {} : { recoveredSessionId: active.core.sessionId }
    this.#runner.start()
    this.#runner.write({
      atMs: clock.now(),
      events: [{ type: 'agent.started', body: { versions: versionsOf(this.#twin.applied), ...recovered } }],
    })
    this.#desk.answerInterrupted(active?.core.commandId)
    hardware.onHealthChange((health) => {
      this.#devices.note(health)
      this.#reporter.report()
    })
    let isRestored = false
    this.#door = startDoorWatch({
      hardware,
      clock,
      onDoor: (door) => {
        if (isRestored) this.#runner.feed({ input: 'door-changed', door, atMs: clock.now() })
        this.#reporter.report()
      },
      onSteady: (device, isSteady) => this.#devices.note({ device, isOnline: isSteady, lastErrorCode: unsteadyCode }),
    })
    const late = delay(clock, firstLookMs, this.#stopping.signal).catch(() => {})
    await Promise.race([this.#door.firstLook, late])
    if (this.#stopping.signal.aborted) return
    this.#runner.feed({ input: 'restarted', door: this.#door.door(), atMs: clock.now() })
    isRestored = true
    this.#sampler = startSampler({
      scales: hardware.scales,
      clock,
      periodMs: sheet.samplePeriodMs,
      onPass: (pass) => {
        this.#watch.push(pass)
        this.#noticeFaults()
      },
    })
    this.#twin.start()
    this.#heat.start()
    await this.#serveScreen()
    if (this.#stopping.signal.aborted) return
    this.#link.start()
    void this.#parts.keepKey?.(this.#stopping.signal)
    this.#beat()
    this.#live()
    this.#timers.set('telemetry', 1_000, () => void this.#telemetry())
    this.#parts.onLog('info', 'started', { lastSeq: journal.position().lastSeq, ...recovered })
  }

  /** Cuts the network, or gives it back. */
  setNetwork(isUp: boolean): void {
    this.#link.setEnabled(isUp)
  }

  /** As a pulled plug would: nothing more is stored or said from this instant, not even a goodbye. */
  async kill(): Promise<void> {
    this.#link.setEnabled(false)
    await this[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort()
    this.#passes?.stop()
    this.#runner.stop()
    this.#sampler?.stop()
    this.#door?.stop()
    this.#twin.stop()
    this.#heat.stop()
    this.#devices.stop()
    this.#releases.stop()
    this.#outbox.stop()
    this.#reporter.stop()
    this.#confirmed.stop()
    this.#timers.stop()
    await this.#screen?.[Symbol.asyncDispose]()
    await this.#link[Symbol.asyncDispose]()
    await this.#parts.hardware[Symbol.asyncDispose]()
    this.#parts.journal.close()
  }

  /** A cabinet sells without its screen: what keeps the page from being served is told, and nothing else. */
  async #serveScreen(): Promise<void> {
    const { screen, clock, onLog } = this.#parts
    if (screen === undefined) return
    try {
      const served = await serveScreen({ ...screen, clock, view: () => this.#viewScreen() })
      if (this.#stopping.signal.aborted) await served[Symbol.asyncDispose]()
      else this.#screen = served
      onLog('info', 'the screen is served', { url: served.url })
    } catch (error) {
      onLog('error', 'the screen cannot be served', { error: String(error) })
    }
  }

  #viewScreen(): ScreenView {
    const { planogram, prices, config } = this.#twin.applied
    const { hardware, clock, journal } = this.#parts
    return viewScreen({
      state: this.#runner.state,
      commandFacts: this.#facts(undefined),
      isOnline: this.#link.isConnected,
      takesPasses: hardware.scanner !== undefined && config.offlineSelling !== null,
      planogram: planogram.lanes,
      prices: prices.prices,
      records: journal.lanes(),
      live: this.#liveNow(),
      nowMs: clock.now(),
    })
  }

  #doorWatch(): DoorWatch {
    if (this.#door === undefined) throw new Error('the door is not watched before start')
    return this.#door
  }

  /** By lane, the code of what ails its scale. */
  #faults(): ReadonlyMap<string, string> {
    return this.#sampler?.faults() ?? new Map()
  }

  #present(): CabinetFacts {
    return { applied: this.#twin.applied, faults: this.#faults(), nowMs: this.#parts.clock.now() }
  }

  #facts(sessionId: Id | undefined): CommandFacts {
    return commandFactsOf(this.#present(), {
      lockedLaneIds: this.#twin.lockedLaneIds(),
      isOverTemperature: this.#heat.isLocked,
      isDiskFull: this.#runner.isDiskFull,
      door: this.#doorWatch().door(),
      isKnownSession: sessionId !== undefined && this.#parts.journal.isKnownSession(sessionId),
    })
  }

  #onMessage(channel: Channel, payload: Buffer): void {
    let message: unknown
    try {
      message = readMessage(payload)
    } catch (error) {
      this.#desk.rejected.unreadable += 1
      this.#parts.onLog('warn', 'a message was unreadable', { channel, error: String(error) })
      return
    }
    if (channel === 'commands') this.#desk.receive(message)
    else if (channel === 'desired') this.#onDesired(message)
    else if (channel === 'acks') {
      const ack = AckMessage.safeParse(message)
      if (ack.success) this.#outbox.receive(ack.data)
      else this.#desk.rejected.malformed += 1
    }
  }

  #onDesired(message: unknown): void {
    this.#followKeys(KeysOfTwin.safeParse(message).data?.commandKeys ?? [])
    const desired = this.#twin.offer(message) ?? AgentOfTwin.safeParse(message).data
    if (desired !== undefined) void this.#releases.offer(desired.agent)
  }

  #followKeys(lists: readonly CommandKeyList[]): void {
    const { serverKeys, onLog } = this.#parts
    try {
      if (!serverKeys.follow(lists)) return
      onLog('info', 'the server has changed the keys that are obeyed')
      this.#reporter.report()
    } catch (error) {
      onLog('warn', 'the new keys of the server could not be kept; those known hold', { error: String(error) })
    }
  }

  #onConnected(): void {
    this.#parts.onLog('info', 'online')
    this.#replies.forget()
    this.#outbox.start()
    this.#replies.wake()
    this.#reporter.reportAnew()
  }

  #onCommitted(): void {
    this.#outbox.wake()
    this.#replies.wake()
    this.#reporter.report()
  }

  #noticeFaults(): void {
    const found = this.#faults()
    // Asked at every sample: mostly there are none.
    const faults = found.size === 0 ? '' : JSON.stringify([...found])
    if (faults === this.#lastFaults) return
    this.#lastFaults = faults
    this.#reporter.report()
  }

  #reported(): ReportedTwin {
    const { journal, clock, sheet, serverKeys } = this.#parts
    const { state, isDiskFull } = this.#runner
    return reportedTwin({
      applied: this.#twin.applied,
      rejected: this.#twin.rejected,
      isInService: state.isInService,
      doorState: this.#door?.door() ?? 'unknown',
      sessionState: state.session.name,
      records: journal.lanes(),
      faults: this.#faults(),
      lockedLaneIds: this.#twin.lockedLaneIds(),
      plateauSdMg: plateauSdMg(sheet),
      alarms: journal.alarms(),
      isDiskFull,
      obeyedKeys: [...serverKeys.named()],
      agent: this.#releases.report(),
      atMs: clock.now(),
    })
  }

  #presence(isOnline: boolean): Presence {
    const { bootId, clock } = this.#parts
    return { isOnline, bootId, versions: versionsOf(this.#twin.applied), atMs: clock.now() }
  }

  #beat(): void {
    this.#link.publish('presence', this.#presence(true))
    this.#timers.set('heartbeat', this.#twin.applied.config.heartbeatIntervalMs, () => this.#beat())
  }

  /** The cart of the moment; undefined with no door open. */
  #liveNow() {
    const session = activeSession(this.#runner.state.session)
    return this.#watch.live(session?.name === 'open' && session.warning !== 'none')
  }

  #live(): void {
    const live = this.#liveNow()
    if (live !== undefined) this.#link.publish('live', live)
    this.#timers.set('live', this.#twin.applied.config.liveIntervalMs, () => this.#live())
  }

  /** Of a message that says nothing new to the broker and back, ms. */
  #measureRoundTrip(): Promise<number | undefined> {
    const { clock } = this.#parts
    const sentMs = clock.monotonicMs()
    return new Promise((resolve) => {
      const cancel = clock.setTimer(roundTripMs, () => resolve(undefined))
      this.#link.publish('reported', this.#reported(), () => {
        cancel()
        resolve(clock.monotonicMs() - sentMs)
      })
    })
  }

  async #telemetry(): Promise<void> {
    const { hardware, clock, journal, guard, rssBytes } = this.#parts
    const { lastSeq, ackedSeq } = journal.position()
    const telemetry = await readTelemetry({
      hardware,
      atMs: clock.now(),
      uptimeMs: clock.monotonicMs() - this.#startedMs,
      outboxDepth: lastSeq - ackedSeq,
      freeBytes: guard.freeBytes(),
      rssBytes: rssBytes(),
    })
    if (this.#stopping.signal.aborted) return
    this.#link.publish('telemetry', telemetry)
    this.#timers.set('telemetry', this.#twin.applied.config.telemetryIntervalMs, () => void this.#telemetry())
  }

  /** Leaves the reply half a second to get out. */
  #reboot(reason: string): void {
    this.#timers.set('reboot', rebootDelayMs, () => this.#parts.onRestart(reason))
  }
}
