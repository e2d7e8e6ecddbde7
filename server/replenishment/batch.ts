// `npm run batch -- forecast`: tonight's forecasts, with the errors such forecasts made on the sales until now.
import type { BatchJob } from '../batch/job.ts'
import type { ForecastError } from './backtest.ts'
import { makeForecasts } from './make-forecasts.ts'

const percent = (part: number) => `${(100 * part).toFixed(1)} %`

const describe = (name: string, { wape, pinball, bias }: ForecastError) =>
  `${name}: WAPE ${percent(wape)}, pinball loss at 0.95 ${pinball.toFixed(3)} units, bias ${percent(bias)}`

const forecastJob: BatchJob = {
  name: 'forecast',
  describe:
    'Forecasts what each cabinet will sell of each SKU, from the sales of 120 days, and says how well that went.',
  options: {},
  async run({ database, clock }) {
    const { firstDay, forecasts, soldUnits, backtest } = await makeForecasts(database, clock.now())
    const lines = [`${forecasts} forecasts of 14 days from ${firstDay} on, out of ${soldUnits} units sold.`]
    if (soldUnits === 0) return [...lines, 'Nothing was sold, so there is no error to tell.']
    return [
      ...lines,
      `Held against what was sold, 3 days ahead from ${backtest.origins} origins:`,
      describe('forecast', backtest.ours),
      describe('mean of 7 days', backtest.sevenDayMean),
    ]
  },
}

export const replenishmentJobs: readonly BatchJob[] = [forecastJob]
