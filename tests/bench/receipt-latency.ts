// From the last steady weight in a cabinet to the receipt on the buyer's WebSocket, with a thousand agents connected and 4.2
// sessions a second (domain.md, stress), beside a bare MQTT round trip plus one fsync measured all through the same run.
import { eq } from 'drizzle-orm'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { seededRandom, systemRandom } from '#shared/ids/random.ts'
import { makeId } from '#shared/ids/uuid-v7.ts'
import { openCabinet } from '#shared/contracts/http/open-cabinet.ts'
import { openForRestock, type LiveUpdate } from '#shared/contracts/http/sessions.ts'
import { delay } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { gramsToMg } from '#shared/units/mass.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { rows } from '#server/db/unit.ts'
import type { ApiClient, Live } from '#server/demo/api-client.ts'
import { chooseSome } from '#server/demo/data/choose.ts'
import { skuOf } from '#server/demo/data/goods.ts'
import { openDepot } from '#server/demo/depot.ts'
import { waitForSessionEnd } from '#server/demo/session-end.ts'
import type { BenchRow } from './bench-row.ts'
import { startBareRoundTrip } from './bare-round-trip.ts'
import { gatherCrowd, type Crowd } from './crowd.ts'
import { quantile } from './quantile.ts'

const cabinetCount = 1_000
const sellingCount = 60
const buyerCount = 60
const sessionsPerSecond = 4.2
const warmUpMs = 10_000
const measuredMs = 60_000
const barePauseMs = 200
const receiptTimeoutMs = 30_000
const goalRatio = 5

interface Buyer {
  readonly api: ApiClient
  readonly live: Live
}

const clock = systemClock
const noSignal = new AbortController().signal
/** Wall-clock time finer than Date.now(), ms. */
const nowMs = () => performance.timeOrigin + performance.now()

/** Loads every selling cabinet in a real restock session. */
async function stock(crowd: Crowd): Promise<void> {
  const restocker = await crowd.signIn('restocker')
  const depot = await openDepot(restocker, crowd.data, 2020, clock)
  await Promise.all(
    crowd.sellingCodes.map(async (code) => {
      const works = await Promise.all(
        crowd.shelf(code).map(async (lane) => ({ lane, lot: await depot.takeLot(lane.skuKey, lane.count) })),
      )
      crowd.order({
        do: 'visit',
        code,
        moves: works.map(({ lane: { laneId, skuKey, count } }) => ({
          laneId,
          byMg: count * gramsToMg(skuOf(skuKey).labelMassG),
        })),
      })
      const { sessionId } = await restocker.call(openForRestock, {
        body: {
          cabinetCode: code,
          loads: works.map(({ lane: { laneId, count }, lot: { lotId, skuId } }) => ({
            laneId,
            lotId,
            skuId,
            count,
            isReplacement: false,
          })),
          idempotencyKey: makeId(clock, systemRandom),
        },
      })
      const ended = await waitForSessionEnd({ clock, signal: noSignal }, restocker, sessionId)
      if (ended.state !== 'settled') throw new Error(`the restock of ${code} ended ${ended.state}`)
    }),
  )
}

async function signInBuyers(crowd: Crowd): Promise<Buyer[]> {
  const buyers: Buyer[] = []
  for (let number = 1; number <= buyerCount; number += 1) {
    const api = await crowd.signIn(`bench${number}`)
    buyers.push({ api, live: await api.openLive(clock) })
  }
  return buyers
}

/** One purchase of two goods; gives the session and when its receipt arrived, or undefined when it went to review. */
async function buy(
  crowd: Crowd,
  { api, live }: Buyer,
  code: string,
  laneIds: readonly string[],
): Promise<{ sessionId: Id; arrivedMs: number } | undefined> {
  const lanes = crowd.shelf(code).filter(({ laneId }) => laneIds.includes(laneId))
  crowd.order({
    do: 'visit',
    code,
    moves: lanes.map(({ laneId, skuKey }) => ({ laneId, byMg: -gramsToMg(skuOf(skuKey).labelMassG) })),
  })
  const { sessionId } = await api.call(openCabinet, {
    body: { cabinetCode: code, idempotencyKey: makeId(clock, systemRandom) },
  })
  const isEnd = (update: LiveUpdate) =>
    (update.kind === 'receipt' && update.receipt.sessionId === sessionId) ||
    (update.kind === 'session' && update.session.sessionId === sessionId && update.session.state === 'review')
  const update = await live.waitFor(isEnd, receiptTimeoutMs)
  return update.kind === 'receipt' ? { sessionId, arrivedMs: nowMs() } : undefined
}

interface Arrivals {
  readonly arrivals: ReadonlyMap<Id, number>
  readonly started: number
  readonly reviewed: number
}

/** Lets buyers come at the rate for the whole time; those of the warm-up are not counted. */
async function sell(crowd: Crowd, buyers: readonly Buyer[]): Promise<Arrivals> {
  const random = seededRandom(42)
  const freeCodes = [...crowd.sellingCodes]
  const freeBuyers = [...buyers]
  const arrivals = new Map<Id, number>()
  const running: Array<Promise<void>> = []
  const startMs = clock.monotonicMs()
  let reviewed = 0
  let started = 0
  for (let number = 0; ; number += 1) {
    const dueMs = startMs + (number * 1_000) / sessionsPerSecond
    if (dueMs - startMs > warmUpMs + measuredMs) break
    await delay(clock, Math.max(0, dueMs - clock.monotonicMs()))
    const code = freeCodes.shift()
    const buyer = freeBuyers.shift()
    if (code === undefined || buyer === undefined) throw new Error('sessions take longer than the bench has room for')
    const isMeasured = dueMs - startMs >= warmUpMs
    const laneIds = chooseSome(
      random,
      crowd.shelf(code).map(({ laneId }) => laneId),
      2,
    )
    if (isMeasured) started += 1
    running.push(
      buy(crowd, buyer, code, laneIds).then((bought) => {
        freeCodes.push(code)
        freeBuyers.push(buyer)
        if (bought === undefined) reviewed += isMeasured ? 1 : 0
        else if (isMeasured) arrivals.set(bought.sessionId, bought.arrivedMs)
      }),
    )
  }
  await Promise.all(running)
  return { arrivals, started, reviewed }
}

/** When the weights came to rest, as each cabinet's own journal says, by session. */
async function readSteadyTimes(crowd: Crowd): Promise<Map<Id, number>> {
  await using database = await openDatabase({ url: crowd.databaseUrl, clock, random: systemRandom })
  const entries = await database.read(function* ({ db, tables: { journalEntries } }) {
    return yield* rows(db.select().from(journalEntries).where(eq(journalEntries.type, 'session.settled')))
  })
  return new Map(
    entries.map(({ body }) => {
      const { sessionId, steadyAtMs } = body as { sessionId: Id; steadyAtMs: number }
      return [sessionId, steadyAtMs]
    }),
  )
}

export async function benchReceiptLatency(): Promise<BenchRow[]> {
  await using crowd = await gatherCrowd({ cabinetCount, sellingCount, buyerCount })
  await using bare = await startBareRoundTrip(crowd.folder)
  await stock(crowd)
  const buyers = await signInBuyers(crowd)
  const bares: number[] = []
  const stopping = new AbortController()
  const measuring = (async () => {
    while (!stopping.signal.aborted) {
      const { mqttMs, fsyncMs } = await bare.measure()
      bares.push(mqttMs + fsyncMs)
      await delay(clock, barePauseMs)
    }
  })()
  const { arrivals, started, reviewed } = await sell(crowd, buyers)
  stopping.abort()
  await measuring
  for (const { live } of buyers) live[Symbol.dispose]()
  await crowd.server.kill('SIGTERM')
  const steady = await readSteadyTimes(crowd)
  const latencies = [...arrivals].flatMap(([sessionId, arrivedMs]) => {
    const steadyAtMs = steady.get(sessionId)
    return steadyAtMs === undefined ? [] : [arrivedMs - steadyAtMs]
  })
  const what =
    `Last steady weight → receipt on the buyer's WebSocket, ${cabinetCount} agents connected, ` +
    `${sessionsPerSecond} sessions/s for ${measuredMs / 1_000} s (${latencies.length} receipts of ${started}, ${reviewed} in review; ` +
    `hardware in memory, ${sellingCount} cabinets sampled at 10 Hz, the others every 5 s)`
  return ([0.5, 0.99] as const).map((q): BenchRow => {
    const value = quantile(latencies, q)
    const limit = quantile(bares, q)
    return {
      name: `${what}, p${q * 100}`,
      value,
      unit: 'ms',
      limit,
      limitName: 'bare MQTT round trip + one fsync, same run',
      ratio: q === 0.99 ? { value: value / limit, atMost: goalRatio } : { value: value / limit },
    }
  })
}
