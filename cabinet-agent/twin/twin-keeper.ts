import {
  CabinetConfig,
  DesiredTwin,
  LockedLane,
  type Planogram,
  type PriceList,
  type ReportedTwin,
  type twinRefusals,
} from '#shared/contracts/mqtt/twin.ts'
import type { CancelTimer, Clock } from '#shared/time/clock.ts'
import { z } from 'zod'
import type { Journal, JournalWrite } from '../journal/journal.ts'
import { beginTrial, isLinkChanged, isProven, type LinkTrial, trialLeftMs } from './link-trial.ts'

/** What is applied now. */
const Applied = z.object({
  desiredVersion: z.int(),
  planogram: z.custom<Planogram>(),
  prices: z.custom<PriceList>(),
  config: CabinetConfig,
})
export type AppliedTwin = z.infer<typeof Applied>
const VersionOfTwin = z.object({ version: z.int() })
/** Locks as the server last told them, with the version of the twin they came in. */
const Locks = z.object({ desiredVersion: z.int(), lanes: z.array(LockedLane) })
type Rejected = NonNullable<ReportedTwin['rejected']>
type Problem = { code: (typeof twinRefusals)[number]; reason: string }
export interface TwinKeeperOptions {
  journal: Journal
  clock: Clock
  /** Lanes that have a scale here. */
  laneIds: readonly string[]
  isIdle: () => boolean
  write: (write: JournalWrite) => boolean
  /** The link's settings have changed: connect anew with them. */
  onLinkChanged: () => void
  onChanged: () => void
  /** The server brings what is answered already: it may not know the answer. */
  onToldAgain: () => void
}

const nothingYet: AppliedTwin = {
  desiredVersion: 0,
  planogram: { version: 0, lanes: [] },
  prices: { version: 0, prices: {} },
  config: CabinetConfig.parse({}),
}

/**
 * The twin as it should be, taken over between sessions only; its locks, which protect people, at once. What is wrong is rejected whole and reported; a change of
 * the link's own settings is on trial until the server was heard over it, and taken back otherwise, also after a crash.
 */
export class TwinKeeper {
  readonly #options: TwinKeeperOptions
  #applied: AppliedTwin
  #waiting: DesiredTwin | undefined
  #locks: z.infer<typeof Locks>
  #rejected: Rejected | undefined
  #trial: LinkTrial | undefined
  #cancelTrial: CancelTimer = () => {}

  constructor(options: TwinKeeperOptions) {
    this.#options = options
    const { journal } = options
    const stored = Applied.safeParse(journal.setting('twin'))
    this.#applied = stored.success ? stored.data : nothingYet
    const locks = Locks.safeParse(journal.setting('twinLocks'))
    this.#locks = locks.success ? locks.data : { desiredVersion: 0, lanes: [] }
    this.#waiting = journal.setting('twinWaiting') as DesiredTwin | undefined
    this.#rejected = journal.setting('twinRejected') as Rejected | undefined
    this.#trial = journal.setting('twinTrial') as LinkTrial | undefined
  }

  get applied(): Readonly<AppliedTwin> {
    return this.#applied
  }

  get rejected(): Rejected | undefined {
    return this.#rejected
  }

  /**
   * Lanes that may not be sold from now; each once. An expiry that was told ahead needs no server to begin; every other lock was set
   * by somebody already, whatever this clock says.
   */
  lockedLaneIds(): string[] {
    const { clock, journal } = this.#options
    const nowMs = Math.max(clock.now(), journal.lastIssuedAtMs())
    const holding = this.#locks.lanes.filter(({ reason, fromMs }) => reason !== 'expired' || fromMs <= nowMs)
    return [...new Set(holding.map(({ laneId }) => laneId))]
  }

  /** Goes on with a trial that a restart has cut short, and with a twin that came during a session. */
  start(): void {
    if (this.#trial !== undefined) this.#awaitTrial(this.#trial)
    this.takeWaiting()
  }

  stop(): void {
    this.#cancelTrial()
  }

  /** Takes a payload of `desired`; returns it as it was read, undefined when it is malformed. */
  offer(payload: unknown): DesiredTwin | undefined {
    const desired = DesiredTwin.safeParse(payload)
    if (!desired.success) {
      const version = VersionOfTwin.safeParse(payload).data?.version ?? 0
      this.#reject(version, { code: 'malformed', reason: z.prettifyError(desired.error) })
      return undefined
    }
    this.#takeLocks(desired.data)
    this.#takeTwin(desired.data)
    return desired.data
  }

  #takeTwin(desired: DesiredTwin): void {
    // Retained: it comes with every connection. It comes again when the server knows an older report, as when that one was late.
    const answered = [this.#applied.desiredVersion, this.#rejected?.desiredVersion]
    if (answered.includes(desired.version)) {
      this.#options.onToldAgain()
      return
    }
    const problem = this.#problemOf(desired)
    if (problem !== undefined) {
      this.#reject(desired.version, problem)
      return
    }
    this.#waiting = desired
    if (this.#options.isIdle()) this.takeWaiting()
    else this.#options.write({ atMs: this.#options.clock.now(), settings: { twinWaiting: desired } })
  }

  #takeLocks({ version, lockedLanes }: DesiredTwin): void {
    if (version <= this.#locks.desiredVersion) return
    const isSame = JSON.stringify(lockedLanes) === JSON.stringify(this.#locks.lanes)
    this.#locks = { desiredVersion: version, lanes: lockedLanes }
    if (isSame) return
    this.#options.write({ atMs: this.#options.clock.now(), settings: { twinLocks: this.#locks } })
    this.#options.onChanged()
  }

  /** Applies what waits; called whenever a session has ended. */
  takeWaiting(): void {
    const desired = this.#waiting
    if (desired === undefined || !this.#options.isIdle()) return
    this.#waiting = undefined
    const { version, planogram, prices, config } = desired
    this.#apply({ desiredVersion: version, planogram, prices, config })
  }

  /** A command's partial config. Undefined when it is taken over, else what is wrong with it. */
  setConfig(partial: Record<string, unknown>, also: Omit<JournalWrite, 'atMs'>): string | undefined {
    const config = CabinetConfig.safeParse({ ...this.#applied.config, ...partial })
    const problem = config.success ? problemOfConfig(config.data) : z.prettifyError(config.error)
    if (problem !== undefined || !config.success) return problem
    this.#apply({ ...this.#applied, config: config.data }, also)
    return undefined
  }

  /** The server has committed so far: a link on trial has proven itself. */
  onAcked(throughSeq: number): void {
    if (this.#trial === undefined || !isProven(this.#trial, throughSeq)) return
    this.#trial = undefined
    this.#cancelTrial()
    this.#options.write({ atMs: this.#options.clock.now(), settings: { twinTrial: null } })
  }

  #apply(next: AppliedTwin, also: Omit<JournalWrite, 'atMs'> = {}): void {
    const { journal, clock, write, onLinkChanged, onChanged } = this.#options
    const previous = this.#applied
    const isOnTrial = isLinkChanged(previous.config, next.config)
    const atMs = clock.now()
    const seq = journal.position().lastSeq + 1
    const { desiredVersion } = next
    const trial = isOnTrial ? beginTrial(previous.config, this.#trial, { desiredVersion, seq, atMs }) : this.#trial
    this.#applied = next
    this.#rejected = undefined
    write({
      ...also,
      atMs,
      events: [{ type: 'twin.applied', body: { desiredVersion: next.desiredVersion } }, ...(also.events ?? [])],
      settings: { ...also.settings, twin: next, twinWaiting: null, twinRejected: null, twinTrial: trial ?? null },
    })
    onChanged()
    if (!isOnTrial || trial === undefined) return
    this.#trial = trial
    this.#awaitTrial(trial)
    onLinkChanged()
  }

  #awaitTrial(trial: LinkTrial): void {
    this.#cancelTrial()
    const leftMs = trialLeftMs(trial, this.#options.clock.now())
    this.#cancelTrial = this.#options.clock.setTimer(leftMs, () => this.#revert(trial))
  }

  #revert(trial: LinkTrial): void {
    const { clock, write, onLinkChanged, onChanged } = this.#options
    const reason = 'the server was not heard over the changed link'
    this.#trial = undefined
    this.#applied = { ...this.#applied, config: trial.previousConfig }
    this.#rejected = { desiredVersion: trial.desiredVersion, code: 'link_lost', reason }
    write({
      atMs: clock.now(),
      events: [{ type: 'twin.reverted', body: { desiredVersion: trial.desiredVersion, reason } }],
      settings: { twin: this.#applied, twinTrial: null, twinRejected: this.#rejected },
    })
    onChanged()
    onLinkChanged()
  }

  #reject(desiredVersion: number, { code, reason }: Problem): void {
    this.#rejected = { desiredVersion, code, reason: reason.slice(0, 300) }
    this.#options.write({ atMs: this.#options.clock.now(), settings: { twinRejected: this.#rejected } })
    this.#options.onChanged()
  }

  #problemOf({ version, planogram, prices, config }: DesiredTwin): Problem | undefined {
    const { desiredVersion } = this.#applied
    if (version < desiredVersion)
      return { code: 'stale_version', reason: `older than version ${desiredVersion}, which is applied` }
    const seen = new Set<string>()
    for (const { laneId, skuId } of planogram.lanes) {
      if (seen.has(laneId)) return { code: 'lane_repeated', reason: `lane ${laneId} is there twice` }
      seen.add(laneId)
      if (!this.#options.laneIds.includes(laneId))
        return { code: 'lane_without_scale', reason: `lane ${laneId} has no scale here` }
      if (prices.prices[skuId] === undefined)
        return { code: 'lane_without_price', reason: `lane ${laneId} has no price` }
    }
    const reason = problemOfConfig(config)
    return reason === undefined ? undefined : { code: 'config_impossible', reason }
  }
}

function problemOfConfig(config: CabinetConfig): string | undefined {
  return config.doorOpenAlarmMs < config.doorOpenPromptMs ? 'the door alarm would come before the prompt' : undefined
}
