// Working days by weekday and by the calendar's exceptions, in China Standard Time.
import { describe, expect, it } from 'vitest'
import { addWorkingDays, dayOf, isWorkingDay, startOfDay } from '#server/calendar/rules.ts'
import type { Calendar } from '#server/calendar/rules.ts'

const none: Calendar = new Map()
const nationalDay: Calendar = new Map([
  ...[1, 2, 3, 4, 5, 6, 7].map((day) => [`2026-10-0${day}`, 'day-off'] as const),
  ['2026-09-20', 'working-day'],
  ['2026-10-10', 'working-day'],
])
const noon = (day: string) => startOfDay(day) + 12 * 3_600_000
const through = (calendar: Calendar, day: string, count: number) =>
  dayOf(addWorkingDays(calendar, noon(day), count) - 1)

describe('working days', () => {
  it('are Monday to Friday where the calendar says nothing', () => {
    expect(['2026-03-06', '2026-03-07', '2026-03-08', '2026-03-09'].map((day) => isWorkingDay(none, day))).toEqual([
      true,
      false,
      false,
      true,
    ])
  })

  it('begin at midnight in China, not in UTC', () => {
    expect(dayOf(Date.parse('2026-03-01T16:00:00Z'))).toBe('2026-03-02')
    expect(dayOf(Date.parse('2026-03-01T15:59:59Z'))).toBe('2026-03-01')
  })

  it('are counted whole, from the day after', () => {
    expect(through(none, '2026-03-02', 7)).toBe('2026-03-11')
    expect(addWorkingDays(none, noon('2026-03-02'), 7)).toBe(startOfDay('2026-03-12'))
  })

  it('skip public holidays and count working weekends', () => {
    expect(through(nationalDay, '2026-09-30', 2)).toBe('2026-10-09')
    expect(through(nationalDay, '2026-09-30', 3)).toBe('2026-10-10')
    expect(isWorkingDay(nationalDay, '2026-09-20')).toBe(true)
  })
})
