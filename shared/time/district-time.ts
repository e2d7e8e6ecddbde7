// The district's calendar: UTC+8, no summer time. Years and days of registers and plans are the district's, whatever the machine's.
import type { EpochMs } from './clock.ts'

const offsetMs = 8 * 3_600_000
export const dayMs = 86_400_000

/** The year it is in the district. */
export function districtYearOf(atMs: EpochMs): number {
  return new Date(atMs + offsetMs).getUTCFullYear()
}

/** The year's first instant. */
export function districtYearStartMs(year: number): EpochMs {
  return Date.UTC(year, 0, 1) - offsetMs
}

/** Day of the year as MM-DD: 11-27. */
export function districtMonthDayOf(atMs: EpochMs): string {
  return new Date(atMs + offsetMs).toISOString().slice(5, 10)
}

/** Date as YYYY-MM-DD. */
export function districtDateOf(atMs: EpochMs): string {
  return new Date(atMs + offsetMs).toISOString().slice(0, 10)
}

/** Date and time to the minute: 2026-11-27 14:05. */
export function districtMinuteOf(atMs: EpochMs): string {
  return new Date(atMs + offsetMs).toISOString().slice(0, 16).replace('T', ' ')
}

/** The first instant of a day MM-DD in a year; 02-29 of a year without one is 03-01. */
export function districtDayStartMs(year: number, monthDay: string): EpochMs {
  const [month = 1, day = 1] = monthDay.split('-').map(Number)
  return Date.UTC(year, month - 1, day) - offsetMs
}

/** The first instant of a date YYYY-MM-DD. */
export function districtDateStartMs(date: string): EpochMs {
  return Date.parse(`${date}T00:00:00Z`) - offsetMs
}
