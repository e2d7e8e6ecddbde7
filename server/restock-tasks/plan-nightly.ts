// The server's own night work: forecasts from yesterday's sales, and the day's restocking planned on them. Who plans by hand, or runs
// the batch jobs, is left alone: a day that has a plan is not planned again. For 1,000 cabinets it holds the process for some
// seconds, so it is done while the doors are shut only; a server that was down then leaves the day to a person.
import { eq } from 'drizzle-orm'
import { dayOf, startOfDay } from '../calendar/rules.ts'
import type { ServerContext } from '../context.ts'
import { one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { makeForecasts } from '../replenishment/make-forecasts.ts'
import { planDay } from './plan-day.ts'

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

/** The job: forecasts and plan of the day that begins, once. */
export async function planNightly(
  { database, clock, logger }: Pick<ServerContext, 'database' | 'clock' | 'logger'>,
  signal?: AbortSignal,
): Promise<void> {
  const nowMs = clock.now()
  const day = dayOf(nowMs)
  const hour = (nowMs - startOfDay(day)) / hourMs
  if (hour < nightHours.from || hour >= nightHours.until) return
  if (await database.read((ctx) => isPlanned(ctx, day))) return
  if (!(await database.read((ctx) => isForecast(ctx, day)))) await makeForecasts(database, nowMs)
  if (signal?.aborted === true) return
  const by = { accountId: 'nightly', name: 'nightly' }
  try {
    const planned = await database.run(function* (ctx) {
      return (yield* isPlanned(ctx, day)) ? undefined : yield* planDay(ctx, { day, ...usualPlan, by })
    })
    if (planned !== undefined) logger.info({ day, tasks: planned.tasks, routes: planned.routes }, 'the day is planned')
  } catch (error) {
    if (!(error instanceof RefusalError)) throw error
    logger.warn({ day, code: error.code }, 'the day could not be planned')
  }
}
