import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nextGaussian, seededRandom } from '#shared/ids/random.ts'
import { backtest } from '#server/replenishment/backtest.ts'
import { dayClassOf } from '#server/replenishment/day-classes.ts'
import { demandQuantile, forecastDemand, type DemandHistory } from '#server/replenishment/forecast.ts'
import { simulateDemand } from '#tests/simulation/demand/simulate-demand.ts'

const calendar = new Map([
  ['2026-10-01', 'day-off'],
  ['2026-10-10', 'working-day'],
] as const)

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0)

function historyOf(series: ReadonlyArray<{ group?: string; soldByDay: readonly number[] }>): DemandHistory {
  const days = series[0]?.soldByDay.length ?? 0
  const full = series.map(({ group = 'hospital', soldByDay }, index) => ({
    cabinetId: `c${index}`,
    skuId: 'pear',
    group,
    soldByDay,
  }))
  return { firstDay: '2026-06-01', days, series: full }
}

describe('kinds of days', () => {
  it('tells weekdays, weekends, holidays and worked weekends apart', () => {
    const days = ['2026-09-28', '2026-10-01', '2026-10-04', '2026-10-10']

    expect(days.map((day) => dayClassOf(calendar, day))).toEqual([0, 7, 6, 8])
  })
})

describe('the demand forecast', () => {
  it('is finite and never negative, whatever was sold', () => {
    const sold = fc.array(fc.integer({ min: -1, max: 40 }), { minLength: 20, maxLength: 20 })
    fc.assert(
      fc.property(fc.array(sold, { minLength: 1, maxLength: 8 }), (lists) => {
        const forecasts = forecastDemand(historyOf(lists.map((soldByDay) => ({ soldByDay }))), calendar, 9)

        expect(forecasts).toHaveLength(lists.length)
        for (const { meanByDay, dispersion } of forecasts) {
          expect(meanByDay.every((mean) => Number.isFinite(mean) && mean >= 0)).toBe(true)
          expect(dispersion).toBeGreaterThanOrEqual(1)
        }
      }),
    )
  })

  it('lets a cabinet without sales days sell as its like do', () => {
    const steady = Array.from({ length: 6 }, () => ({ soldByDay: Array.from({ length: 28 }, () => 4) }))
    const fresh = { soldByDay: Array.from({ length: 28 }, () => -1) }

    const [known, , , , , , unknown] = forecastDemand(historyOf([...steady, fresh]), calendar, 7)

    expect(total(known?.meanByDay ?? [])).toBeCloseTo(28, 0)
    expect(total(unknown?.meanByDay ?? [])).toBeCloseTo(28, 0)
  })

  it('shrinks one odd cabinet towards its like, less the more it has sold', () => {
    const like = Array.from({ length: 12 }, (_, i) => ({
      soldByDay: Array.from({ length: 28 }, (_day, day) => (day + i) % 2),
    }))
    const odd = (days: number) => ({ soldByDay: Array.from({ length: 28 }, (_, day) => (day < 28 - days ? -1 : 3)) })

    const short = forecastDemand(historyOf([...like, odd(1)]), calendar, 1).at(-1)?.meanByDay[0] ?? 0
    const long = forecastDemand(historyOf([...like, odd(28)]), calendar, 1).at(-1)?.meanByDay[0] ?? 0

    expect(short).toBeGreaterThan(0.45)
    expect(short).toBeLessThan(long)
    expect(long).toBeLessThanOrEqual(3.3)
  })

  it.each([
    ['ends', -1],
    ['begins', 1],
  ])('follows a season that %s, and does not promise for ever that it goes on', (_name, sign) => {
    const random = seededRandom(5)
    const rateOn = (day: number) => Math.max(0, 4 + sign * 2 * ((day - 56) / 28))
    const series = Array.from({ length: 40 }, () => ({
      soldByDay: Array.from({ length: 56 }, (_, day) => Math.max(0, Math.round(rateOn(day) + nextGaussian(random)))),
    }))

    const [forecast] = forecastDemand(historyOf(series), new Map(), 14)

    const days = forecast?.meanByDay ?? []
    // Three days ahead the line itself; in two weeks it would be 4 ± 1, of which growth that fades keeps a part.
    expect(total(days.slice(0, 3)) / 3).toBeCloseTo(4 + sign * 0.14, 0)
    expect(sign * ((days.at(-1) ?? 0) - (days[0] ?? 0))).toBeGreaterThan(0)
    expect(sign * ((days.at(-1) ?? 0) - 4)).toBeLessThan(1)
  })

  it('has next to no bias over many SKUs with seasons, where a level alone had one in seven', () => {
    const world = { cabinets: 40, skus: 20, days: 84, firstDay: '2026-07-20', calendar }

    const biases = [1, 2, 3, 4].map((seed) => backtest(simulateDemand(seededRandom(seed), world), calendar).ours.bias)

    // Days that are better or worse for everybody move one run by some percent either way.
    expect(Math.abs(total(biases) / biases.length)).toBeLessThan(0.04)
  })

  it('beats the mean of seven days by WAPE and pinball on demand with weeks and seasons', () => {
    const world = { cabinets: 60, skus: 8, days: 84, firstDay: '2026-07-20', calendar }

    const { ours, sevenDayMean } = backtest(simulateDemand(seededRandom(7), world), calendar)

    expect(ours.wape).toBeLessThan(0.95 * sevenDayMean.wape)
    expect(ours.pinball).toBeLessThan(sevenDayMean.pinball)
    expect(Math.abs(ours.bias)).toBeLessThan(0.15)
  })
})

describe('the quantile of demand', () => {
  it('grows with the level, the mean and the dispersion, and covers what it says', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 400, noNaN: true }),
        fc.double({ min: 1, max: 5, noNaN: true }),
        (mean, dispersion) => {
          const median = demandQuantile(mean, dispersion, 0.5)
          const high = demandQuantile(mean, dispersion, 0.97)

          expect(high).toBeGreaterThanOrEqual(median)
          expect(high).toBeLessThanOrEqual(mean + 8 * Math.sqrt(mean * dispersion) + 8)
          expect(median).toBeLessThanOrEqual(mean + 1)
        },
      ),
    )
    // Poisson 2: P(≤ 4) = 0.947, P(≤ 5) = 0.983.
    expect([demandQuantile(2, 1, 0.94), demandQuantile(2, 1, 0.95), demandQuantile(0, 1, 0.99)]).toEqual([4, 5, 0])
  })
})
