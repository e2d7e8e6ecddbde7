import { DeviceError } from '#firmware-bridge/ports/device-error.ts'
import type { CabinetHardware } from '#firmware-bridge/ports/devices.ts'
import type { Command, Reply } from '#shared/contracts/mqtt/command.ts'
import type { CancelTimer, Clock } from '#shared/time/clock.ts'
import type { DiskGuard } from '../journal/disk-guard.ts'
import { DiskFullError } from '../journal/journal-error.ts'
import type { Journal, JournalWrite } from '../journal/journal.ts'
import { NamedTimers } from '../named-timers.ts'
import type { DoorWatch } from '../sampling/door-watch.ts'
import type { SessionWatch } from '../sampling/session-watch.ts'
import { isStored, type Effect, type SessionInput, type TimerName } from './session-input.ts'
import { activeSession, type CabinetState } from './session-state.ts'
import { step } from './step.ts'

export interface SessionRunnerOptions {
  journal: Journal
  guard: DiskGuard
  hardware: CabinetHardware
  clock: Clock
  watch: SessionWatch
  door: () => DoorWatch
  /** News for the link: events or replies wait in the journal, or something reported has changed. */
  onCommitted: () => void
  /** An answer is on the disk: of a command, or to a pass that was shown. */
  onReply: (reply: Reply) => void
  /** A reply that could not be journalled, the disk being full: sent from memory. */
  onVolatileReply: (reply: Reply) => void
  onSessionEnded: () => void
  onRestart: (reason: string) => void
  onLog: (level: 'info' | 'warn' | 'error', message: string, detail?: object) => void
}

type UnlockResult = Extract<SessionInput, { input: 'unlock-finished' }>

/** Commands kept for a disk that takes nothing: what they were answered is remembered as long as we run. */
const maxVolatile = 1_000
const stalledRetryMs = 1_000
const diskCheckMs = 10_000
/** So much above the floor ends the alarm of a full disk, bytes: at the floor itself it would come and go. */
const clearOfFloorBytes = 1_048_576

/**
 * Carries the session machine: one input after the other, new state and what it tells stored in one transaction, then
 * the effects. When the disk takes nothing, the input waits, no lock is fired and no effect happens unstored.
 */
export class SessionRunner {
  readonly #options: SessionRunnerOptions
  readonly #timers: NamedTimers<TimerName>
  readonly #volatile = new Map<string, Reply>()
  #queue: Array<{ input: SessionInput; command?: Command }> = []
  #pendingWrites: JournalWrite[] = []
  #state: CabinetState
  #isDraining = false
  #isStalled = false
  #isFullAnnounced = false
  #cancelRetry: CancelTimer = () => {}
  #cancelCheck: CancelTimer = () => {}
  #isStopped = false

  constructor(options: SessionRunnerOptions) {
    this.#options = options
    this.#timers = new NamedTimers(options.clock)
    this.#state = options.journal.loadState()
  }

  /** Call once everything it tells is there to listen. */
  start(): void {
    this.#options.guard.restoreBallast()
    this.#checkDisk()
  }

  get state(): CabinetState {
    return this.#state
  }

  get isIdle(): boolean {
    return activeSession(this.#state.session) === undefined
  }

  get isDiskFull(): boolean {
    return this.#isStalled || this.#isFullAnnounced || !this.#options.guard.hasRoom()
  }

  volatileReply(commandId: string): Reply | undefined {
    return this.#volatile.get(commandId)
  }

  /** Taken up, and not on the disk yet for want of room. */
  isWaiting(commandId: string): boolean {
    return this.#pendingWrites.some(({ command }) => command?.commandId === commandId)
  }

  /** Takes an input in its turn; `command` is stored with what it causes. */
  feed(input: SessionInput, command?: Command): void {
    if (this.#isStopped) return
    if (command !== undefined && this.#isStalled) {
      this.#answerFromMemory(command)
      return
    }
    this.#queue.push(command === undefined ? { input } : { input, command })
    this.#drain()
  }

  /**
   * Writes what is not the machine's; returns whether it is on the disk. Without room it waits, in order, but for commands:
   * these are refused. Only that a pass is worth nothing any more must not be refused, and waits like the rest.
   */
  write(write: JournalWrite): boolean {
    if (this.#isStopped) return false
    if (this.#pendingWrites.length > 0 || !this.#tryCommit(write)) {
      if (write.command !== undefined && write.revokedPass === undefined) return false
      if (this.#pendingWrites.length < 10_000) this.#pendingWrites.push(write)
      this.#stall()
      return false
    }
    this.#options.onCommitted()
    return true
  }

  stop(): void {
    this.#isStopped = true
    this.#cancelRetry()
    this.#cancelCheck()
    this.#timers.stop()
  }

  #drain(): void {
    if (this.#isDraining || this.#isStalled) return
    this.#isDraining = true
    try {
      for (;;) {
        const next = this.#queue.shift()
        if (next === undefined || this.#isStopped) break
        if (!this.#advance(next.input, next.command)) {
          this.#queue.unshift(next)
          this.#stall()
          break
        }
      }
    } finally {
      this.#isDraining = false
    }
  }

  /** One step; false when it could not be stored and the input must come again. */
  #advance(input: SessionInput, command: Command | undefined): boolean {
    const { state, effects } = step(this.#state, input)
    if (state === this.#state && command === undefined && !effects.some(isStored)) {
      // Nothing to keep: on a cabinet's flash each commit counts.
      for (const effect of effects) this.#perform(effect)
      return true
    }
    const write = { ...toWrite(input.atMs, state, effects), ...(command === undefined ? {} : { command }) }
    if (!this.#tryCommit(write)) {
      if (command === undefined) return false
      this.#answerFromMemory(command)
      return true
    }
    // The ballast went into this very commit: what it allowed is stored, but a lock must not fire on a full disk.
    const isUnsafe = this.#isFullAnnounced && effects.some((effect) => effect.effect === 'unlock')
    this.#state = state
    this.#options.onCommitted()
    if (isUnsafe) {
      const sessionId = 'sessionId' in input ? input.sessionId : ''
      const fault = { outcome: 'FAULT', detail: 'the disk is full: not unlocked' } as const
      this.#queue.unshift({ input: { input: 'unlock-finished', sessionId, ...fault, atMs: this.#now() } })
    }
    for (const effect of effects) if (!isUnsafe || effect.effect !== 'unlock') this.#perform(effect)
    return true
  }

  #tryCommit(write: JournalWrite): boolean {
    const { journal, guard } = this.#options
    for (;;) {
      try {
        journal.commit(this.#isFullAnnounced ? withFullAlarm(write) : write)
        return true
      } catch (error) {
        if (!(error instanceof DiskFullError)) throw error
        if (!this.#isFullAnnounced)
          this.#options.onLog('error', 'the disk is full: no session starts until there is room')
        this.#isFullAnnounced = true
        if (!guard.releaseBallast()) return false
      }
    }
  }

  #answerFromMemory(command: Command): void {
    const { commandId } = command
    const atMs = this.#now()
    const reply: Reply = {
      commandId,
      outcome: 'refused',
      reason: 'disk_full',
      detail: 'nothing can be journalled',
      atMs,
    }
    if (this.#volatile.size < maxVolatile) this.#volatile.set(commandId, reply)
    this.#options.onVolatileReply(reply)
  }

  #stall(): void {
    if (this.#isStalled) return
    this.#isStalled = true
    this.#options.onCommitted()
    this.#cancelRetry = this.#options.clock.setTimer(stalledRetryMs, () => this.#resume())
  }

  #resume(): void {
    this.#isStalled = false
    while (this.#pendingWrites[0] !== undefined) {
      if (!this.#tryCommit(this.#pendingWrites[0])) {
        this.#stall()
        return
      }
      this.#pendingWrites.shift()
    }
    this.#drain()
    if (!this.#isStalled) this.#options.onCommitted()
  }

  /** Looks whether a full disk has room again: then the ballast is taken back and the alarm ends. */
  #checkDisk(): void {
    this.#cancelCheck = this.#options.clock.setTimer(diskCheckMs, () => this.#checkDisk())
    const { guard, journal } = this.#options
    if (guard.hasRoom() && !this.#isFullAnnounced && !journal.alarms().includes('disk_full')) return
    if (this.#isStalled) return
    if (guard.restoreBallast() && guard.hasRoom(clearOfFloorBytes)) {
      this.#isFullAnnounced = false
      if (journal.alarms().includes('disk_full')) this.write({ atMs: this.#now(), clearAlarms: ['disk_full'] })
    } else if (!journal.alarms().includes('disk_full')) {
      this.write(withFullAlarm({ atMs: this.#now() }))
    }
  }

  #now(): number {
    return this.#options.clock.now()
  }

  #perform(effect: Effect): void {
    const { watch, door } = this.#options
    switch (effect.effect) {
      case 'reply':
        this.#options.onReply(effect.reply)
        return
      case 'record':
      case 'use-pass':
      case 'save-lanes':
      case 'save-drying':
      case 'save-trace':
      case 'raise-alarm':
      case 'clear-alarm':
        return
      case 'take-opening': {
        const session = activeSession(this.#state.session)
        door().setBusy(true)
        if (session !== undefined) watch.takeOpening(session)
        return
      }
      case 'unlock':
        void this.#unlock(effect.sessionId, effect.expiresAtMs)
        return
      case 'set-timer':
        this.#setTimer(effect)
        return
      case 'cancel-timers':
        this.#timers.cancelAll()
        return
      case 'watch-open':
        door().setBusy(true)
        watch.watchOpen(effect.session)
        return
      case 'watch-settling':
        door().setBusy(true)
        watch.watchSettling(effect.session)
        return
      case 'decide-now':
        watch.decideNow(effect.session)
        return
      case 'session-ended':
        door().setBusy(false)
        watch.end()
        this.#options.onSessionEnded()
        return
      case 'restart-process':
        this.#options.onRestart(effect.reason)
        return
    }
  }

  #setTimer({ sessionId, timer, delayMs }: Extract<Effect, { effect: 'set-timer' }>): void {
    this.#timers.set(timer, delayMs, () => {
      const door = this.#options.door()
      this.feed({
        input: 'timer-fired',
        sessionId,
        timer,
        door: door.door(),
        isLockOpen: door.isLockOpen(),
        atMs: this.#now(),
      })
    })
  }

  async #unlock(sessionId: string, expiresAtMs: number): Promise<void> {
    const { hardware, clock } = this.#options
    const deadlineMonotonicMs = clock.monotonicMs() + Math.max(0, expiresAtMs - clock.now())
    let outcome: UnlockResult['outcome']
    let detail = ''
    try {
      outcome = await hardware.lock.unlock(hardware.doorLock, { deadlineMonotonicMs })
    } catch (error) {
      outcome = outcomeOf(error)
      detail = error instanceof Error ? error.message : String(error)
    }
    this.feed({ input: 'unlock-finished', sessionId, outcome, detail, atMs: this.#now() })
  }
}

/** FAULT only where the command surely never left; anything else may have fired the lock. */
function outcomeOf(error: unknown): UnlockResult['outcome'] {
  if (!(error instanceof DeviceError)) return 'UNKNOWN'
  switch (error.code) {
    case 'EXPIRED':
      return 'EXPIRED'
    case 'TRANSPORT_CLOSED':
    case 'TRANSPORT_OPEN_FAILED':
    case 'UNSUPPORTED':
      return 'FAULT'
    default:
      return 'UNKNOWN'
  }
}

function toWrite(atMs: number, state: CabinetState, effects: readonly Effect[]): JournalWrite {
  return {
    atMs,
    state,
    events: effects.flatMap((effect) => (effect.effect === 'record' ? [{ type: effect.type, body: effect.body }] : [])),
    replies: effects.flatMap((effect) => (effect.effect === 'reply' ? [effect.reply] : [])),
    traces: effects.flatMap((effect) => (effect.effect === 'save-trace' ? [effect] : [])),
    passUses: effects.flatMap((effect) => (effect.effect === 'use-pass' ? [effect.pass] : [])),
    lanes: effects.flatMap((effect) => (effect.effect === 'save-lanes' ? effect.lanes : [])),
    dryingRates: new Map(effects.flatMap((effect) => (effect.effect === 'save-drying' ? [...effect.rates] : []))),
    raiseAlarms: effects.flatMap((effect) => (effect.effect === 'raise-alarm' ? [effect] : [])),
    clearAlarms: effects.flatMap((effect) => (effect.effect === 'clear-alarm' ? [effect.alarm] : [])),
  }
}

function withFullAlarm(write: JournalWrite): JournalWrite {
  const alarm = { alarm: 'disk_full', detail: 'the journal’s disk is full: no session starts until there is room' }
  return { ...write, raiseAlarms: [...(write.raiseAlarms ?? []), alarm] }
}
