// A market whose cabinet stands somewhere, with restockers, forecasts from what was sold there, and the day planned: what tests
// of restock tasks begin with. Everything goes over HTTP but the cabinet's own events.
import type {
  RestockDay,
  RestockStep,
  RestockTask,
  RestockTaskSummary,
  StepOutcome,
} from '#shared/contracts/http/restock-tasks.ts'
import type { EventBody } from '#shared/contracts/mqtt/event.ts'
import { seededRandom } from '#shared/ids/random.ts'
import { makeId } from '#shared/ids/uuid-v7.ts'
import { dayOf } from '#server/calendar/rules.ts'
import type { Database } from '#server/db/database.ts'
import { makeForecasts } from '#server/replenishment/make-forecasts.ts'
import { startCommerceApi, type Caller, type CommerceApi } from './commerce-api.ts'
import { openMarket, settled, versions, type Market } from './market.ts'
import { seedAccount } from './seed-account.ts'
import type { TestClock } from './test-clock.ts'

export type LaneDone = Extract<RestockStep, { kind: 'lane-done' }>

export interface RestockWorld extends AsyncDisposable {
  readonly market: Market
  readonly api: CommerceApi
  readonly day: string
  readonly operator: Caller
  readonly anna: Caller
  readonly ben: Caller
  readonly newId: () => string
  plan(restockerIds?: readonly string[]): Promise<RestockDay>
  /** The tasks of the day that are not cancelled. */
  tasks(): Promise<RestockTaskSummary[]>
  task(taskId: string): Promise<RestockTask>
  send(who: Caller, taskId: string, steps: readonly RestockStep[]): Promise<StepOutcome[]>
  open(who: Caller, taskId: string): Promise<{ status: number; body: unknown }>
}

const dayMs = 86_400_000
const place = { lonMicrodeg: 106_700_000, latMicrodeg: 29_800_000 }

/** Nine days of two pieces of citrus a day: two of twenty are left in L01, and L02 is full of greens. */
export async function openRestockWorld(database: Database, clock: TestClock): Promise<RestockWorld> {
  const market = await openMarket(database, clock, { walletFen: 5_000_000 })
  const api = await startCommerceApi(database, clock)
  const random = seededRandom(11)
  const [anna, ben, operator] = await seedPeople(database)
  for (let sold = 0; sold < 9; sold += 1) {
    const sessionId = await market.open()
    await market.tell('session.settled', settled(market, sessionId, { count: 2 }))
    clock.advance(dayMs)
  }
  await makeForecasts(database, clock.now())
  const day = dayOf(clock.now())
  const ask = async <T>(method: 'GET' | 'POST' | 'PUT', url: string, who: Caller, body?: unknown) => {
    const reply = await api.call(method, url, who, body)
    if (reply.status >= 300) throw new Error(`${method} ${url}: ${JSON.stringify(reply.body)}`)
    return reply.body as T
  }
  const sites = await ask<{ rows: Array<{ hostSiteId: string }> }>('GET', '/api/host-sites', operator)
  await ask('PUT', `/api/host-sites/${sites.rows[0]?.hostSiteId}/place`, operator, place)
  return {
    market,
    api,
    day,
    operator,
    anna,
    ben,
    newId: () => makeId(clock, random),
    plan: (restockerIds = [anna.accountId]) => ask('POST', `/api/restock-days/${day}/plan`, operator, { restockerIds }),
    async tasks() {
      const { rows } = await ask<{ rows: RestockTaskSummary[] }>('GET', `/api/restock-tasks?day=${day}`, operator)
      return rows.filter(({ state }) => state !== 'cancelled')
    },
    task: (taskId) => ask('GET', `/api/restock-tasks/${taskId}`, operator),
    async send(who, taskId, steps) {
      const body = { sentAtMs: clock.now(), steps }
      return (await ask<{ outcomes: StepOutcome[] }>('POST', `/api/restock-tasks/${taskId}/steps`, who, body)).outcomes
    },
    open: (who, taskId) =>
      api.call('POST', `/api/restock-tasks/${taskId}/openings`, who, { idempotencyKey: makeId(clock, random) }),
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  }
}

async function seedPeople(database: Database): Promise<[Caller, Caller, Caller]> {
  return database.run(function* (ctx) {
    const person = function* (name: string, role: 'restocker' | 'operator') {
      return { accountId: yield* seedAccount(ctx, name, role), roles: [role] } satisfies Caller
    }
    return [yield* person('anna', 'restocker'), yield* person('ben', 'restocker'), yield* person('olga', 'operator')]
  })
}

/** What the cabinet reports when L01 was loaded: pieces of 1,010 g, weighed before and after. */
export function reportLoad(
  { citrus }: Market,
  sessionId: string,
  lane: { readonly before: number; readonly declaredAfter: number; readonly trulyAfter: number },
): EventBody<'restock.completed'> {
  const pieceMg = 1_010_000
  const plateau = (pieces: number) => ({
    laneId: 'L01',
    levelMg: pieces * pieceMg,
    standardErrorMg: 300,
    sampleCount: 20,
  })
  const { before, declaredAfter, trulyAfter } = lane
  return {
    sessionId,
    lanes: [
      {
        laneId: 'L01',
        skuId: citrus.skuId,
        lotId: citrus.lotId,
        countAdded: declaredAfter - before,
        countAfter: declaredAfter,
        grossAfterMg: trulyAfter * pieceMg,
        unitMassMg: pieceMg,
        unitMassSdMg: 21_000,
        samples: declaredAfter,
        isCountDoubtful: false,
      },
    ],
    opening: [plateau(before)],
    closing: [plateau(trulyAfter)],
    versions,
  }
}
