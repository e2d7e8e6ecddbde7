// Working days in China Standard Time (UTC+8, no summer time): pure arithmetic over the calendar's exceptions.
import type { CalendarDayKind } from './schema.ts'

/** Exceptions by day, such as 2026-10-01 → day-off; see schema.ts. */
export type Calendar = ReadonlyMap<string, CalendarDayKind>

const dayMs = 86_400_000
const zoneMs = 8 * 3_600_000

/** The day an instant falls on, `YYYY-MM-DD` in China Standard Time. */
export function dayOf(atMs: number): string {
  return new Date(atMs + zoneMs).toISOString().slice(0, 10)
}

/** The first instant of a day. */
export function startOfDay(day: string): number {
  return Date.parse(`${day}T00:00:00.000Z`) - zoneMs
}

export function isWorkingDay(calendar: Calendar, day: string): boolean {
  const exception = calendar.get(day)
  if (exception !== undefined) return exception === 'working-day'
  const weekday = new Date(startOfDay(day) + zoneMs).getUTCDay()
  return weekday !== 0 && weekday !== 6
}

/**
 * The instant at which `count` whole working days have passed after the day of `fromMs`: the day itself does not count, the
 * last one counts to its end. 7 from a Monday without exceptions ends with the Wednesday of the week after.
 */
export function addWorkingDays(calendar: Calendar, fromMs: number, count: number): number {
  let startMs = startOfDay(dayOf(fromMs))
  for (let left = count; left > 0;) {
    startMs += dayMs
    if (isWorkingDay(calendar, dayOf(startMs))) left -= 1
  }
  return startMs + dayMs
}
