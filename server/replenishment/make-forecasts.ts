// Makes the forecasts of all cabinets anew from the sale lines, and says how such forecasts would have done until now.
import type { Database } from '../db/database.ts'
import { exec, insertRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { readCalendar } from '../calendar/calendar-days.ts'
import { dayOf } from '../calendar/rules.ts'
import { backtest, type Backtest } from './backtest.ts'
import { forecastDemand, type DemandForecast } from './forecast.ts'
import { readHistory } from './read-history.ts'

/** A quarter and some: two half-lives of a cabinet's share. */
const historyDays = 120
/** Days a forecast reaches ahead. */
export const forecastDays = 14

export interface MadeForecasts {
  readonly firstDay: string
  readonly forecasts: number
  readonly soldUnits: number
  readonly backtest: Backtest
}

/** Reads only. */
export function* readDemand(ctx: UnitContext, firstDay: string) {
  return { history: yield* readHistory(ctx, firstDay, historyDays), calendar: yield* readCalendar(ctx) }
}

export async function makeForecasts(database: Database, nowMs: number): Promise<MadeForecasts> {
  const firstDay = dayOf(nowMs)
  const { history, calendar } = await database.read((ctx) => readDemand(ctx, firstDay))
  const forecasts = forecastDemand(history, calendar, forecastDays)
  await database.run((ctx) => keepForecasts(ctx, firstDay, forecasts))
  let soldUnits = 0
  for (const { soldByDay } of history.series)
    for (let day = 0; day < historyDays; day += 1) soldUnits += Math.max(0, soldByDay[day] ?? 0)
  return { firstDay, forecasts: forecasts.length, soldUnits, backtest: backtest(history, calendar) }
}

/** Replaces all forecasts. */
export function* keepForecasts(ctx: UnitContext, firstDay: string, forecasts: readonly DemandForecast[]): Unit<void> {
  const { demandForecasts: t } = ctx.tables
  const madeAtMs = ctx.now()
  yield* exec(ctx.db.delete(t))
  yield* insertRows(
    t,
    forecasts.map(({ cabinetId, skuId, meanByDay, dispersion }) => ({
      cabinetId,
      skuId,
      firstDay,
      milliUnitsByDay: meanByDay.map((mean) => Math.round(mean * 1000)),
      dispersionMilli: Math.round(dispersion * 1000),
      madeAtMs,
    })),
  )
  yield* recordAudit(ctx, {
    accountId: undefined,
    action: 'forecast.made',
    subjectId: firstDay,
    detail: { forecasts: forecasts.length },
  })
}
