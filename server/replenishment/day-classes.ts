// What kind of day a day is for demand: weekdays differ, holidays are no weekdays, and a worked weekend (调休) is no weekend.
import { dayOf, isWorkingDay, startOfDay, type Calendar } from '../calendar/rules.ts'

const dayMs = 86_400_000

/** 0–4 Monday to Friday at work, 5 and 6 the weekend off, 7 a weekday off, 8 a weekend day at work. */
export const dayClassCount = 9
/** Where a class was never seen, these stand for it. */
export const standIns: Readonly<Record<number, readonly number[]>> = { 7: [5, 6], 8: [0, 1, 2, 3, 4] }

export function addDays(day: string, count: number): string {
  return dayOf(startOfDay(day) + count * dayMs)
}

export function dayClassOf(calendar: Calendar, day: string): number {
  // The day of the week does not depend on the zone once the day is named.
  const weekday = (new Date(`${day}T00:00:00.000Z`).getUTCDay() + 6) % 7
  const isWorked = isWorkingDay(calendar, day)
  if (weekday < 5) return isWorked ? weekday : 7
  return isWorked ? 8 : weekday
}

/** Classes of `count` days from one on. */
export function dayClassesFrom(calendar: Calendar, firstDay: string, count: number): number[] {
  return Array.from({ length: count }, (_, index) => dayClassOf(calendar, addDays(firstDay, index)))
}
