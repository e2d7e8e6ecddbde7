import type { LiveMessage } from '#shared/contracts/mqtt/live.ts'
import type { Plateau } from '#shared/contracts/mqtt/lane.ts'
import type { Planogram, PriceList } from '#shared/contracts/mqtt/twin.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import type { Clock } from '#shared/time/clock.ts'
import { lanesAfterRestock } from '../lanes/after-restock.ts'
import { lanesAfterSale } from '../lanes/after-sale.ts'
import { dryLanes } from '../lanes/dry-lanes.ts'
import { lanesOf, type LaneRecord } from '../lanes/lane-record.ts'
import { laneSetups } from '../lanes/lane-setup.ts'
import { writeDecision } from '../lanes/write-decision.ts'
import type { Drying, SessionInput } from '../session/session-input.ts'
import type { ActiveSession, Decision } from '../session/session-state.ts'
import { createSessionDecoder, type SessionDecoder } from '../weighing/decoder.ts'
import type { DoorEvent, LaneSetup, Sample } from '../weighing/session-setup.ts'
import type { DryingRate } from '../weighing/moisture-loss.ts'
import { createNoiseModel, type NoiseModel } from '../weighing/noise-model.ts'
import { createTraceRecorder, type TraceRecorder } from './trace-recorder.ts'
import { writeLive } from './write-live.ts'
import type { Pass } from './sampler.ts'

/** The scales' data sheet, from the cabinet's configuration. */
export interface ScaleSheet {
  divisionMg: number
  samplePeriodMs: number
  scaleSdMg: number
}

/** What lies in the cabinet and at what price, as it holds now. */
export interface Shelf {
  planogram: Planogram
  prices: PriceList
  records: ReadonlyMap<string, LaneRecord>
  /** By SKU. */
  dryingRates: ReadonlyMap<string, DryingRate>
  settleConfidence: number
  /** Lanes whose goods may not be charged by weight. */
  unverifiedLaneIds: ReadonlySet<string>
  /** Lanes off sale whose scale gives no weight: a sale goes on without them. */
  blindLaneIds: ReadonlySet<string>
}

export interface SessionWatchOptions {
  /** In the order of a pass's masses. */
  laneIds: readonly string[]
  sheet: ScaleSheet
  clock: Clock
  shelf: () => Shelf
  onInput: (input: SessionInput) => void
  onFault: (error: unknown) => void
}

/** Kept before a session starts: what the opening plateau is made of, ms. */
const prerollMs = 8_000
/** Between two searches for goods put back in the wrong lane, ms: the whole analysis on a small computer, at every sample else. */
const misplacedEveryMs = 500
/** A restock does not wait longer for a bad scale, ms: staff come to mend it. */
const restockOpeningMs = 2_000

interface Watched {
  sessionId: Id
  kind: 'sale' | 'restock'
  decoder: SessionDecoder
  trace: TraceRecorder
  setups: readonly LaneSetup[]
  /** Index in a pass of each decoder lane. */
  columns: readonly number[]
  shelf: Shelf
  noise: NoiseModel
  loads: ActiveSession['core']['loads']
  /** Wall clock minus monotonic clock, fixed for the session. */
  baseMs: number
  startedMs: number
  stage: 'opening' | 'unlocking' | 'open' | 'settling' | 'decided'
  misplaced: Set<string>
  /** When it was last searched for more of them. */
  searchedMs: number
  /** What each decoder lane showed last, mg; null where its scale said nothing. */
  shownMg: ReadonlyArray<number | null>
}

/** Follows the weights of one session at a time and tells the machine what they say. Between sessions it only remembers the last seconds. */
export class SessionWatch {
  readonly #options: SessionWatchOptions
  #preroll: Pass[] = []
  #watched: Watched | undefined

  constructor(options: SessionWatchOptions) {
    this.#options = options
  }

  push(pass: Pass): void {
    const watched = this.#watched
    if (watched === undefined) {
      this.#remember(pass)
      return
    }
    // The machine takes the decision up when the disk has room: not one more for each sample until then.
    if (watched.stage === 'decided') return
    this.#guard(watched, () => {
      pushPass(watched, pass)
      this.#look(watched, pass.monotonicMs)
    })
  }

  /** Begins a session: answers with `opening-ready` when every lane rests. */
  takeOpening(session: ActiveSession): void {
    const watched = this.#begin(session, undefined)
    this.#guard(watched, () => {
      for (const pass of this.#preroll) pushPass(watched, pass)
      this.#preroll = []
      this.#look(watched, this.#options.clock.monotonicMs())
    })
  }

  watchOpen(session: ActiveSession): void {
    const watched = this.#watchedFor(session)
    watched.stage = 'open'
    this.#tellDoor(watched, 'open')
  }

  watchSettling(session: ActiveSession): void {
    let watched = this.#watchedFor(session)
    if (watched.stage !== 'open') {
      // Nobody saw the door open: weigh against the stored plateau, with a decoder that never saw the weights move.
      watched = this.#begin(session, 'opening' in session ? session.opening : undefined)
      this.#tellDoor(watched, 'open')
    }
    watched.stage = 'settling'
    this.#tellDoor(watched, 'closed')
  }

  decideNow(session: ActiveSession): void {
    const watched = this.#watchedFor(session)
    this.#guard(watched, () => this.#decide(watched, this.#options.clock.monotonicMs()))
  }

  end(): void {
    this.#watched = undefined
  }

  /** The cart as it looks now, or in a restock the weights; undefined with no door open. */
  live(isDoorOpenLong: boolean): LiveMessage | undefined {
    const watched = this.#watched
    if (watched === undefined || watched.stage === 'opening') return undefined
    try {
      const stage = watched.stage === 'settling' || watched.stage === 'decided' ? 'closing' : watched.stage
      const atMs = this.#options.clock.now()
      if (watched.kind === 'restock')
        return { ...emptyCart, sessionId: watched.sessionId, atMs, stage, ...weightsOf(watched) }
      return writeLive(watched.decoder.liveCart(), { sessionId: watched.sessionId, atMs, stage, isDoorOpenLong })
    } catch (error) {
      this.#options.onFault(error)
      return undefined
    }
  }

  #remember(pass: Pass): void {
    const oldestMs = pass.monotonicMs - Math.max(prerollMs, 12 * this.#options.sheet.samplePeriodMs)
    this.#preroll.push(pass)
    while ((this.#preroll[0]?.monotonicMs ?? oldestMs) < oldestMs) this.#preroll.shift()
  }

  #begin(session: ActiveSession, opening: readonly Plateau[] | undefined): Watched {
    const { laneIds, sheet, clock } = this.#options
    const shelf = this.#options.shelf()
    const { core } = session
    const isLeftOut = (laneId: string) => core.kind === 'sale' && isLeftOutOfSale(laneId, shelf, opening)
    const setups = laneSetups(shelf.planogram, shelf.prices, shelf.records, shelf.dryingRates, clock.now()).filter(
      ({ laneId }) => laneIds.includes(laneId) && !isLeftOut(laneId),
    )
    const setup = { ...sheet, lanes: setups, ...(opening === undefined ? {} : { opening }) }
    const watched: Watched = {
      sessionId: core.sessionId,
      kind: core.kind,
      decoder: createSessionDecoder(setup),
      trace: createTraceRecorder(core.sessionId, setup),
      setups,
      columns: setups.map((lane) => laneIds.indexOf(lane.laneId)),
      shelf,
      noise: createNoiseModel(setup),
      loads: core.loads,
      baseMs: Math.round(clock.now() - clock.monotonicMs()),
      startedMs: clock.monotonicMs(),
      stage: 'opening',
      misplaced: new Set('misplaced' in session ? session.misplaced : []),
      searchedMs: -Infinity,
      shownMg: [],
    }
    this.#watched = watched
    return watched
  }

  /** The running watch, or after a restart a new one from the stored opening plateau. */
  #watchedFor(session: ActiveSession): Watched {
    if (this.#watched?.sessionId === session.core.sessionId) return this.#watched
    return this.#begin(session, 'opening' in session ? session.opening : undefined)
  }

  #tellDoor(watched: Watched, state: DoorEvent['state']): void {
    const event = { atMs: this.#atMs(watched), state }
    watched.decoder.door(event)
    watched.trace.door(event)
  }

  #atMs(watched: Watched): number {
    return Math.round(watched.baseMs + this.#options.clock.monotonicMs())
  }

  #look(watched: Watched, monotonicMs: number): void {
    if (watched.stage === 'opening') this.#lookAtOpening(watched)
    else if (watched.stage === 'open' && watched.kind === 'sale') this.#lookForMisplaced(watched, monotonicMs)
    else if (watched.stage === 'settling' && watched.decoder.settling() !== 'waiting')
      this.#decide(watched, monotonicMs)
  }

  #lookAtOpening(watched: Watched): void {
    const { clock, onInput } = this.#options
    const steady = new Set(watched.decoder.currentPlateaus().map((plateau) => plateau.laneId))
    const isLate = clock.monotonicMs() - watched.startedMs >= restockOpeningMs
    const mayOpen = watched.setups.every((lane) => steady.has(lane.laneId)) || (watched.kind === 'restock' && isLate)
    if (!mayOpen) return
    watched.stage = 'unlocking'
    const opening = watched.decoder.openingPlateaus()
    onInput({ input: 'opening-ready', sessionId: watched.sessionId, opening, atMs: clock.now() })
  }

  #lookForMisplaced(watched: Watched, monotonicMs: number): void {
    // Only when there can be something to find.
    if (monotonicMs - watched.searchedMs < misplacedEveryMs || !watched.decoder.hasRisen()) return
    watched.searchedMs = monotonicMs
    for (const { fromLaneId, inLaneId, skuId } of watched.decoder.liveCart().misplacements) {
      const key = `${fromLaneId}>${inLaneId}:${skuId}`
      if (watched.misplaced.has(key)) continue
      watched.misplaced.add(key)
      const { sessionId } = watched
      this.#options.onInput({
        input: 'misplaced-seen',
        sessionId,
        fromLaneId,
        inLaneId,
        skuId,
        atMs: this.#options.clock.now(),
      })
    }
  }

  #decide(watched: Watched, monotonicMs: number): void {
    if (watched.stage === 'decided') return
    const steadyAtMs = Math.round(watched.baseMs + monotonicMs)
    const { decision, ...found } =
      watched.kind === 'sale' ? decideSale(watched, steadyAtMs) : decideRestock(watched, steadyAtMs)
    const { onInput, clock } = this.#options
    const trace = watched.kind === 'sale' ? watched.trace.finish() : undefined
    const kept = trace === undefined ? {} : { trace }
    watched.stage = 'decided'
    onInput({ input: 'decided', sessionId: watched.sessionId, decision, ...found, ...kept, atMs: clock.now() })
  }

  /** A decoder that fails must not become a zero bill: a person decides. */
  #guard(watched: Watched, work: () => void): void {
    try {
      work()
    } catch (error) {
      // The decoder is done: what failed is whoever took its word.
      if (watched.stage === 'decided') throw error
      this.#options.onFault(error)
      const atMs = this.#options.clock.now()
      const { sessionId } = watched
      if (watched.stage === 'opening') {
        this.#options.onInput({
          input: 'opening-failed',
          sessionId,
          reason: 'scale_fault',
          detail: String(error),
          atMs,
        })
      } else if (watched.stage === 'settling') {
        const decision = reviewFor('decoder_fault', String(error))
        watched.stage = 'decided'
        this.#options.onInput({ input: 'decided', sessionId, decision, lanes: [], atMs })
      }
    }
  }
}

/** A sale that goes on after a restart leaves out the lanes that it began without. */
function isLeftOutOfSale(laneId: string, shelf: Shelf, opening: readonly Plateau[] | undefined): boolean {
  const isOnSale = shelf.planogram.lanes.some((lane) => lane.laneId === laneId && lane.isOnSale)
  if (isOnSale) return false
  if (opening === undefined) return shelf.blindLaneIds.has(laneId)
  return opening.every((plateau) => plateau.laneId !== laneId)
}

const emptyCart = { cart: [], totalFen: 0, notices: [] } satisfies Partial<LiveMessage>

function weightsOf({ setups, shownMg }: Watched): Required<Pick<LiveMessage, 'weights'>> {
  const weights = setups.flatMap(({ laneId }, index) => {
    const massMg = shownMg[index]
    return typeof massMg === 'number' ? [{ laneId, massMg }] : []
  })
  return { weights: weights.slice(0, 99) }
}

function pushPass(watched: Watched, pass: Pass): void {
  const sample = toSample(watched, pass)
  watched.decoder.push(sample)
  watched.trace.sample(sample)
  watched.shownMg = sample.massesMg
}

function toSample(watched: Watched, pass: Pass): Sample {
  return {
    atMs: Math.round(watched.baseMs + pass.monotonicMs),
    massesMg: watched.columns.map((column) => pass.massesMg[column] ?? null),
  }
}

interface Decided {
  decision: Decision
  lanes: readonly LaneRecord[]
  drying?: Drying
}

function decideSale(watched: Watched, steadyAtMs: number): Decided {
  const { shelf, setups } = watched
  const bill = watched.decoder.decide()
  const lotIds = new Map<string, string>()
  const known = lanesOf(shelf.planogram.lanes, shelf.records)
  for (const lane of known) if (lane.lotId !== undefined) lotIds.set(lane.laneId, lane.lotId)
  const { settleConfidence, unverifiedLaneIds } = shelf
  const decision = writeDecision(bill, { setups, lotIds, settleConfidence, unverifiedLaneIds, steadyAtMs })
  const isSettled = decision.outcome === 'settled'
  const changed = lanesAfterSale(bill, isSettled, known, steadyAtMs)
  if (!isSettled) return { decision, lanes: changed }
  return { decision, ...withDrying(watched, known, changed) }
}

function decideRestock(watched: Watched, steadyAtMs: number): Decided {
  const { shelf, decoder, loads } = watched
  const opening = decoder.openingPlateaus()
  const closing = decoder.currentPlateaus()
  const weighed = new Set(closing.map((plateau) => plateau.laneId))
  const blind = loads.find((load) => !weighed.has(load.laneId))
  const known = lanesOf(shelf.planogram.lanes, shelf.records)
  const { records, statistics } = lanesAfterRestock({
    planogram: shelf.planogram.lanes,
    lanes: known,
    loads,
    opening,
    closing,
    atMs: steadyAtMs,
  })
  if (blind !== undefined) {
    // The other lanes are as well weighed as ever: what they hold now must be known, or each of their sales would be a riddle.
    const isUnweighed = ({ laneId }: LaneRecord) => loads.some((load) => load.laneId === laneId) && !weighed.has(laneId)
    const doubtful = known.filter(isUnweighed).map((lane) => ({ ...lane, isCountDoubtful: true }))
    const decision = reviewFor('lane_fault', `no steady weight from ${blind.laneId}`, { opening, closing })
    return { decision, ...withDrying(watched, known, [...records, ...doubtful]) }
  }
  return {
    decision: { outcome: 'restocked', lanes: [...statistics], opening: [...opening], closing: [...closing] },
    ...withDrying(watched, known, records),
  }
}

/** What the lanes lost before the door opened goes to the books of water, whatever the session did then. */
function withDrying(
  watched: Watched,
  lanes: readonly LaneRecord[],
  changed: readonly LaneRecord[],
): Required<Pick<Decided, 'lanes' | 'drying'>> {
  const { decoder, shelf, noise, kind, baseMs, startedMs } = watched
  const { records, rates, losses } = dryLanes({
    lanes,
    changed,
    opening: decoder.openingPlateaus(),
    rates: shelf.dryingRates,
    noise,
    openedAtMs: Math.round(baseMs + startedMs),
    isRestock: kind === 'restock',
  })
  return { lanes: records, drying: { rates, losses } }
}

function reviewFor(
  reason: 'decoder_fault' | 'lane_fault',
  detail: string,
  seen: { opening: readonly Plateau[]; closing: readonly Plateau[] } = { opening: [], closing: [] },
): Decision {
  const evidence = { opening: [...seen.opening], closing: [...seen.closing], steps: [], hypotheses: [] }
  return { outcome: 'review', reason, detail: detail.slice(0, 500), lowestLines: [], flags: [], evidence }
}
