import type { CalendarDay } from '../../calendar/calendar-days.ts'

/** Days `from`…`to` of one month, both included. */
const daysOff = (month: string, from: number, to: number, note: string): CalendarDay[] =>
  Array.from({ length: to - from + 1 }, (_, index) => ({
    day: `2026-${month}-${String(from + index).padStart(2, '0')}`,
    kind: 'day-off' as const,
    note,
  }))

const workingDays = (note: string, ...days: string[]): CalendarDay[] =>
  days.map((day) => ({ day: `2026-${day}`, kind: 'working-day' as const, note }))

/** Public holidays and working weekends of 2026; an operator checks them against the official notice and enters later years. */
export const demoCalendar: readonly CalendarDay[] = [
  ...daysOff('01', 1, 3, '元旦'),
  ...workingDays('元旦调休', '01-04'),
  ...daysOff('02', 15, 23, '春节'),
  ...workingDays('春节调休', '02-14', '02-28'),
  ...daysOff('04', 4, 6, '清明节'),
  ...daysOff('05', 1, 5, '劳动节'),
  ...workingDays('劳动节调休', '05-09'),
  ...daysOff('06', 19, 21, '端午节'),
  ...daysOff('09', 25, 27, '中秋节'),
  ...workingDays('国庆节调休', '09-20', '10-10'),
  ...daysOff('10', 1, 7, '国庆节'),
]
