// Collects what cabinets report of themselves (presence, twin, telemetry: some 50 messages a second from 1,000 cabinets) and
// writes the latest of each now and then. What people wait for (coming and going, a twin that is taken over, a door) is written at
// once, as far as the writes leave the process time for everything else.
import { eq, sql } from 'drizzle-orm'
import type { Telemetry } from '#shared/contracts/mqtt/live.ts'
import type { Presence, ReportedTwin } from '#shared/contracts/mqtt/twin.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import type { CancelTimer, Clock } from '#shared/time/clock.ts'
import type { Logger } from 'pino'
import type { Database } from '../db/database.ts'
import { command, exec, type Params, type Unit, type UnitContext } from '../db/unit.ts'
import type { Metrics } from '../http/metrics.ts'

const flushAfterMs = 2_000
/** A burst of arrivals, as after a restart, shares its writes. */
const urgentFlushAfterMs = 25
/** After a flush the book rests so many times as long as it took, up to the second: a fleet that speaks at once shares its writes. */
const restFactor = 4
const longestRestMs = 1_000
/** Most cabinets one unit writes, and units that share a commit. */
const flushSize = 200
const unitsAtOnce = 4

interface Page {
  presence?: Presence
  reported?: ReportedTwin
  telemetry?: Telemetry
  lastSeenAtMs: number
}

export interface StatusBookOptions {
  readonly database: Database
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  /** Called after the write when a cabinet came online (or began a new run). */
  readonly onArrival: (cabinetId: Id) => void
}

type StatusRow = UnitContext['tables']['cabinetStatuses']['$inferSelect']
type News = Omit<
  { [K in keyof StatusRow]: StatusRow[K] | undefined },
  'cabinetId' | 'alarms' | 'offlineDevices' | 'revision'
>

/** What a page does not tell stays as it is. */
const writeNews = command(({ db, tables: { cabinetStatuses: t } }, p: Params<News & { cabinetId: string }>) => {
  const newOr = (key: keyof News) => sql`coalesce(${sql.param(p[key], t[key])}, ${t[key]})` as never
  return db
    .update(t)
    .set({
      isOnline: newOr('isOnline'),
      isInService: newOr('isInService'),
      bootId: newOr('bootId'),
      versions: newOr('versions'),
      lastSeenAtMs: newOr('lastSeenAtMs'),
      doorState: newOr('doorState'),
      reported: newOr('reported'),
      telemetry: newOr('telemetry'),
      revision: sql`${t.revision} + 1`,
    })
    .where(eq(t.cabinetId, p.cabinetId))
})

function* writePages(pages: ReadonlyArray<readonly [Id, Page]>): Unit<void> {
  for (const [cabinetId, { presence, reported, telemetry, lastSeenAtMs }] of pages) {
    yield* exec(
      writeNews.with({
        cabinetId,
        isOnline: presence?.isOnline,
        isInService: reported?.isInService,
        bootId: presence?.bootId,
        versions: presence?.versions,
        lastSeenAtMs,
        doorState: reported?.doorState,
        reported,
        telemetry,
      }),
    )
  }
}

/**
 * Of a twin what people wait for: not the weights, which every breath of air changes, nor settings, which have versions, nor how far a
 * session is, of which its own people hear by other ways.
 */
function newsOf({ lanes: _lanes, config: _config, sessionState: _state, atMs: _atMs, ...news }: ReportedTwin): string {
  return JSON.stringify(news)
}

export class StatusBook implements AsyncDisposable {
  readonly #options: StatusBookOptions
  #pages = new Map<Id, Page>()
  /** Run of each cabinet that is online, undefined after an absence of our own; tells arrivals from heartbeats. */
  readonly #online = new Map<Id, Id | undefined>()
  /** What people wait for in each cabinet's last twin. */
  readonly #lastNews = new Map<Id, string>()
  #arrivals = new Set<Id>()
  #cancelTimer: CancelTimer | undefined
  #isUrgent = false
  #flushing: Promise<void> | undefined
  /** Something came while a flush was under way, and whether it can wait. */
  #due: 'urgent' | 'calm' | undefined
  #restUntilMs = 0
  #isClosed = false

  constructor(options: StatusBookOptions) {
    this.#options = options
  }

  notePresence(cabinetId: Id, presence: Presence): void {
    const isArrival = presence.isOnline && this.#online.get(cabinetId) !== presence.bootId
    const isDeparture = !presence.isOnline && this.#online.has(cabinetId)
    if (presence.isOnline) this.#online.set(cabinetId, presence.bootId)
    else this.#online.delete(cabinetId)
    this.#options.metrics.cabinetsOnline.set(this.#online.size)
    this.#page(cabinetId).presence = presence
    if (isArrival) this.#arrivals.add(cabinetId)
    this.#schedule(isArrival || isDeparture)
  }

  /** The line to the broker stands anew: whoever is still there counts as come at the next word. */
  forgetRuns(): void {
    for (const cabinetId of this.#online.keys()) this.#online.set(cabinetId, undefined)
  }

  noteReported(cabinetId: Id, reported: ReportedTwin): void {
    this.#page(cabinetId).reported = reported
    const news = newsOf(reported)
    const isNews = this.#lastNews.get(cabinetId) !== news
    if (isNews) this.#lastNews.set(cabinetId, news)
    this.#schedule(isNews)
  }

  noteTelemetry(cabinetId: Id, telemetry: Telemetry): void {
    this.#page(cabinetId).telemetry = telemetry
    this.#schedule(false)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    this.#cancelTimer?.()
    await this.#flushing
    await this.#flush()
  }

  #page(cabinetId: Id): Page {
    let page = this.#pages.get(cabinetId)
    if (page === undefined) {
      page = { lastSeenAtMs: 0 }
      this.#pages.set(cabinetId, page)
    }
    page.lastSeenAtMs = this.#options.clock.now()
    return page
  }

  #schedule(isUrgent: boolean): void {
    if (this.#isClosed) return
    if (this.#flushing !== undefined) {
      if (isUrgent || this.#due === undefined) this.#due = isUrgent ? 'urgent' : 'calm'
      return
    }
    if (this.#cancelTimer !== undefined) {
      if (!isUrgent || this.#isUrgent) return
      this.#cancelTimer()
    }
    this.#isUrgent = isUrgent
    const { clock } = this.#options
    const restMs = this.#restUntilMs - clock.monotonicMs()
    this.#cancelTimer = clock.setTimer(Math.max(isUrgent ? urgentFlushAfterMs : flushAfterMs, restMs), () => {
      this.#cancelTimer = undefined
      this.#flushing = this.#flushAndRest(clock.monotonicMs())
    })
  }

  async #flushAndRest(startedMs: number): Promise<void> {
    const { clock } = this.#options
    await this.#flush()
    const endedMs = clock.monotonicMs()
    this.#restUntilMs = endedMs + Math.min(longestRestMs, restFactor * (endedMs - startedMs))
    this.#flushing = undefined
    const due = this.#due
    this.#due = undefined
    if (due !== undefined) this.#schedule(due === 'urgent')
  }

  async #flush(): Promise<void> {
    const pages = [...this.#pages]
    const arrivals = this.#arrivals
    this.#pages = new Map()
    this.#arrivals = new Set()
    for (let from = 0; from < pages.length; from += unitsAtOnce * flushSize) {
      const parts = Array.from({ length: unitsAtOnce }, (_, unit) =>
        pages.slice(from + unit * flushSize, from + (unit + 1) * flushSize),
      )
      await Promise.all(parts.map((part) => this.#write(part)))
    }
    for (const cabinetId of arrivals) this.#options.onArrival(cabinetId)
  }

  async #write(part: ReadonlyArray<readonly [Id, Page]>): Promise<void> {
    if (part.length === 0) return
    try {
      await this.#options.database.run(() => writePages(part))
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'the status of cabinets could not be written')
      for (const [cabinetId, page] of part) this.#pages.set(cabinetId, { ...page, ...this.#pages.get(cabinetId) })
      this.#schedule(false)
    }
  }
}

/** At start of a process with its own broker nobody is connected yet, whatever was written before. */
export function* markAllOffline(ctx: UnitContext): Unit<number> {
  const { cabinetStatuses: t } = ctx.tables
  return yield* exec(ctx.db.update(t).set({ isOnline: false }).where(eq(t.isOnline, true)))
}
