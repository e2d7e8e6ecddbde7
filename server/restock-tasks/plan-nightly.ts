// The server's own night work: forecasts from yesterday's sales, and the day's restocking planned on them. Who plans by hand, or runs
// the batch jobs, is left alone: a day that has a plan is not planned again. A server that was down at night leaves the day to a
// person. The thinking is done in a thread where there can be one, so that whoever buys at night is answered meanwhile.
import { eq } from 'drizzle-orm'
import { dayOf, startOfDay } from '../calendar/rules.ts'
import type { ServerContext } from '../context.ts'
import { one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { keepForecasts, makeForecasts } from '../replenishment/make-forecasts.ts'
import { NightThread } from './night-thread.ts'
import { bookDay, planDay } from './plan-day.ts'

/** What a day is planned for when nobody says otherwise. */
export const usualPlan = { coverDays: 3, servicePercent: 95 } as const

const hourMs = 3_600_000
/** Of the district's day. */
const nightHours = { from: 4, until: 6 } as const

function* isPlanned({ db, tables: { restockDays: t } }: UnitContext, day: string): Unit<boolean> {
  return (yield* one(db.select({ day: t.day }).from(t).where(eq(t.day, day)))) !== undefined
}

function* isForecast({ db, tables: { demandForecasts: t } }: UnitContext, day: string): Unit<boolean> {
  return (yield* one(db.select({ firstDay: t.firstDay }).from(t).where(eq(t.firstDay, day)).limit(1))) !== undefined
}

type NightTools = Pick<ServerContext, 'database' | 'clock' | 'logger'> &
  Partial<Pick<ServerContext, 'config' | 'program'>>

function openThread({ config, program }: NightTools): NightThread | undefined {
  if (config === undefined || program === undefined || config.databaseUrl === 'sqlite::memory:') return undefined
  return new NightThread({ program, databaseUrl: config.databaseUrl })
}

/** The job: forecasts and plan of the day that begins, once. */
export async function planNightly(tools: NightTools, signal?: AbortSignal): Promise<void> {
  const { database, clock, logger } = tools
  const nowMs = clock.now()
  const day = dayOf(nowMs)
  const hour = (nowMs - startOfDay(day)) / hourMs
  if (hour < nightHours.from || hour >= nightHours.until) return
  if (await database.read((ctx) => isPlanned(ctx, day))) return
  await using thread = openThread(tools)
  if (!(await database.read((ctx) => isForecast(ctx, day)))) {
    const forecasts = await thread?.forecasts(nowMs, day)
    if (signal?.aborted === true) return
    if (forecasts === undefined) await makeForecasts(database, nowMs)
    else await database.run((ctx) => keepForecasts(ctx, day, forecasts))
  }
  const input = { day, ...usualPlan, by: { accountId: 'nightly', name: 'nightly' } }
  const draft = await thread?.draft(nowMs, input)
  if (signal?.aborted === true) return
  try {
    const planned = await database.run(function* (ctx) {
      if (yield* isPlanned(ctx, day)) return undefined
      const booked = draft === undefined ? undefined : yield* bookDay(ctx, input, draft)
      return booked ?? (yield* planDay(ctx, input))
    })
    if (planned !== undefined) logger.info({ day, tasks: planned.tasks, routes: planned.routes }, 'the day is planned')
  } catch (error) {
    if (!(error instanceof RefusalError)) throw error
    logger.warn({ day, code: error.code }, 'the day could not be planned')
  }
}
