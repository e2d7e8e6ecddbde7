// A thread that thinks about the day to come while the server answers: it reads the sales and the books, forecasts, plans loads
// and lays routes, seconds of a processor for 1,000 cabinets. Only the booking is left to the server. The thread is the program
// itself once more (a bundle is one file), with a connection of its own to the same database. It is a help and no more: what it
// cannot do for whatever reason, the server does itself, and says there what is wrong.
import { once } from 'node:events'
import { Worker, parentPort, workerData } from 'node:worker_threads'
import { systemRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { openDatabase } from '../db/open-database.ts'
import type { DemandForecast } from '../replenishment/forecast.ts'
import { forecastDemand } from '../replenishment/forecast.ts'
import { forecastDays, readDemand } from '../replenishment/make-forecasts.ts'
import { draftDay } from './plan-day.ts'
import type { DayDraft, PlanDayInput } from './plan-day.ts'

export interface NightSource {
  /** The program's own file, which calls `answerNightRequests` when it runs as a thread. */
  readonly program: URL
  /** Not in memory: that one nobody else sees. */
  readonly databaseUrl: string
}

/** `nowMs`: the server's time, which is the thread's while it answers. */
type NightRequest =
  | { readonly ask: 'forecasts'; readonly nowMs: number; readonly firstDay: string }
  | { readonly ask: 'draft'; readonly nowMs: number; readonly input: PlanDayInput }

export class NightThread implements AsyncDisposable {
  readonly #worker: Worker
  /** False once it has ended. */
  readonly #ready: Promise<boolean>

  constructor({ program, databaseUrl }: NightSource) {
    this.#worker = new Worker(program, { workerData: { databaseUrl } })
    // Its end is all that is asked of an error.
    this.#worker.on('error', () => {})
    this.#ready = this.#next().then((message) => message === 'ready')
  }

  /** Undefined: it could not be done here. */
  async forecasts(nowMs: number, firstDay: string): Promise<DemandForecast[] | undefined> {
    return (await this.#answer({ ask: 'forecasts', nowMs, firstDay })) as DemandForecast[] | undefined
  }

  /** Undefined: it could not be done here. */
  async draft(nowMs: number, input: PlanDayInput): Promise<DayDraft | undefined> {
    return (await this.#answer({ ask: 'draft', nowMs, input })) as DayDraft | undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate()
  }

  async #answer(request: NightRequest): Promise<unknown> {
    if (!(await this.#ready)) return undefined
    const answer = this.#next()
    this.#worker.postMessage(request)
    return await answer
  }

  /** The next message; undefined when the thread ends first. */
  async #next(): Promise<unknown> {
    const ended = new AbortController()
    const { signal } = ended
    const [message] = (await Promise.race([
      once(this.#worker, 'message', { signal }),
      once(this.#worker, 'exit', { signal }).then(() => []),
    ]).catch(() => [])) as unknown[]
    ended.abort()
    return message
  }
}

/** What a program does when it runs as such a thread, until it is ended. */
export async function answerNightRequests(): Promise<void> {
  const port = parentPort
  if (port === null) throw new Error('this is no thread')
  const { databaseUrl: url } = workerData as Pick<NightSource, 'databaseUrl'>
  let nowMs = 0
  const clock = { ...systemClock, now: () => nowMs }
  const database = await openDatabase({ url, clock, random: systemRandom })
  const answer = async (request: NightRequest): Promise<DemandForecast[] | DayDraft> => {
    nowMs = request.nowMs
    if (request.ask === 'draft') return await database.read((ctx) => draftDay(ctx, request.input))
    const { history, calendar } = await database.read((ctx) => readDemand(ctx, request.firstDay))
    return forecastDemand(history, calendar, forecastDays)
  }
  port.on('message', (request: NightRequest) => {
    void answer(request).then(
      (answered) => port.postMessage(answered),
      () => port.postMessage(undefined),
    )
  })
  port.postMessage('ready')
}
