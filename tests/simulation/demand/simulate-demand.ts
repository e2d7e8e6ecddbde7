import { nextBelow, nextGaussian, nextUnit, type Random } from '#shared/ids/random.ts'
import type { Calendar } from '#server/calendar/rules.ts'
import { addDays, dayClassOf } from '#server/replenishment/day-classes.ts'
import type { DemandHistory, DemandSeries } from '#server/replenishment/forecast.ts'

/**
 * Seeded demand of many cabinets: sites that differ, SKUs that differ, weeks as offices, hospitals and schools have them,
 * holidays, seasons of fruit, and days that are better or worse for everybody. The rates are known here only.
 */

export interface DemandWorld {
  cabinets: number
  skus: number
  days: number
  firstDay: string
  calendar: Calendar
}

const groups = ['government', 'hospital', 'school'] as const
/** Demand on a working day, at the weekend and on a weekday off, as parts of the mean, and how Friday differs [assumed]. */
const weekOf = {
  government: { work: 1.3, friday: 1.6, weekend: 0.15, holiday: 0.1 },
  hospital: { work: 1.05, friday: 1.1, weekend: 0.85, holiday: 0.8 },
  school: { work: 1.35, friday: 1.2, weekend: 0.2, holiday: 0.05 },
}

export function simulateDemand(random: Random, world: DemandWorld): DemandHistory {
  const { cabinets, skus, days, firstDay, calendar } = world
  const classes = Array.from({ length: days }, (_, day) => dayClassOf(calendar, addDays(firstDay, day)))
  const goods = Array.from({ length: skus }, () => ({
    perDay: 0.25 + 1.2 * nextUnit(random) ** 2,
    // Half of the goods have a season: a bell over some weeks, above what is sold all the year.
    peakDay: nextUnit(random) < 0.5 ? days * (0.3 + 0.9 * nextUnit(random)) : undefined,
    widthDays: 18 + nextBelow(random, 20),
  }))
  const weather = Array.from({ length: days }, () => Math.exp(0.12 * nextGaussian(random)))
  const series: DemandSeries[] = []
  for (let cabinet = 0; cabinet < cabinets; cabinet += 1) {
    const group = groups[cabinet % groups.length] ?? 'government'
    const size = Math.exp(0.45 * nextGaussian(random))
    const isNewSince = nextUnit(random) < 0.15 ? nextBelow(random, days - 10) : 0
    for (let sku = 0; sku < skus; sku += 1) {
      const good = goods[sku] ?? { perDay: 0.5, peakDay: undefined, widthDays: 20 }
      const own = good.perDay * size * Math.exp(0.35 * nextGaussian(random))
      const soldByDay = new Int16Array(days)
      for (let day = 0; day < days; day += 1) {
        const distance = good.peakDay === undefined ? 0 : (day - good.peakDay) / good.widthDays
        const season = good.peakDay === undefined ? 1 : 0.25 + 1.6 * Math.exp(-0.5 * distance * distance)
        const rate = own * season * weekFactor(group, classes[day] ?? 0) * (weather[day] ?? 1)
        soldByDay[day] = day < isNewSince ? -1 : nextPoisson(random, rate)
      }
      series.push({ cabinetId: `cabinet-${cabinet}`, skuId: `sku-${sku}`, group, soldByDay })
    }
  }
  return { firstDay, days, series }
}

function weekFactor(group: keyof typeof weekOf, dayClass: number): number {
  const week = weekOf[group]
  if (dayClass === 4) return week.friday
  if (dayClass === 5 || dayClass === 6) return week.weekend
  return dayClass === 7 ? week.holiday : week.work
}

/** Knuth's way, for small rates. */
function nextPoisson(random: Random, rate: number): number {
  const floor = Math.exp(-Math.min(50, rate))
  let count = 0
  for (let product = nextUnit(random); product > floor; product *= nextUnit(random)) count += 1
  return count
}
