// Holds a forecast against what then was sold, with a rolling origin: at each origin only the days before it are known.
import type { Calendar } from '../calendar/rules.ts'
import { demandQuantile, forecastDemand, sevenDayMean, type DemandForecast, type DemandHistory } from './forecast.ts'

export interface ForecastError {
  /** Σ|forecast − sold| ÷ Σ sold, over the days ahead of each origin taken together per series. */
  readonly wape: number
  /** Mean loss of the quantile of the service level, units: what a par level set by it costs. */
  readonly pinball: number
  /** (Σ forecast − Σ sold) ÷ Σ sold. */
  readonly bias: number
}

export interface Backtest {
  readonly origins: number
  readonly ours: ForecastError
  /** The mean of the newest seven days. */
  readonly sevenDayMean: ForecastError
}

export interface BacktestOptions {
  /** Days a forecast is held against; the time from one restock to the next. Default 3. */
  readonly horizonDays?: number
  /** Origins, a day apart, the newest so that its horizon ends with the history. Default 14. */
  readonly origins?: number
  /** Default 0.95. */
  readonly serviceLevel?: number
}

export function backtest(history: DemandHistory, calendar: Calendar, options: BacktestOptions = {}): Backtest {
  const { horizonDays = 3, serviceLevel = 0.95 } = options
  const origins = Math.max(0, Math.min(options.origins ?? 14, history.days - horizonDays - 7))
  const ours = makeTally(serviceLevel)
  const naive = makeTally(serviceLevel)
  for (let back = origins - 1; back >= 0; back -= 1) {
    const days = history.days - horizonDays - back
    const known: DemandHistory = { ...history, days }
    count(ours, history, days, forecastDemand(known, calendar, horizonDays))
    count(naive, history, days, sevenDayMean(known, horizonDays))
  }
  return { origins, ours: errorOf(ours), sevenDayMean: errorOf(naive) }
}

interface Tally {
  readonly serviceLevel: number
  looks: number
  sold: number
  forecast: number
  off: number
  pinball: number
}

const makeTally = (serviceLevel: number): Tally => ({
  serviceLevel,
  looks: 0,
  sold: 0,
  forecast: 0,
  off: 0,
  pinball: 0,
})

function count(tally: Tally, { series }: DemandHistory, origin: number, forecasts: readonly DemandForecast[]): void {
  for (const [index, { meanByDay, dispersion }] of forecasts.entries()) {
    let sold = 0
    let mean = 0
    for (const [ahead, expected] of meanByDay.entries()) {
      const units = series[index]?.soldByDay[origin + ahead] ?? -1
      if (units < 0) continue
      sold += units
      mean += expected
    }
    const over = demandQuantile(mean, dispersion, tally.serviceLevel) - sold
    tally.looks += 1
    tally.sold += sold
    tally.forecast += mean
    tally.off += Math.abs(mean - sold)
    tally.pinball += over >= 0 ? (1 - tally.serviceLevel) * over : -tally.serviceLevel * over
  }
}

function errorOf({ looks, sold, forecast, off, pinball }: Tally): ForecastError {
  const units = Math.max(1, sold)
  return { wape: off / units, pinball: pinball / Math.max(1, looks), bias: (forecast - sold) / units }
}
