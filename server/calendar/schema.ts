// The working-day calendar as data: days off on which people would otherwise work, and weekend days on which they do (调休).
// A day without a row is a working day from Monday to Friday.
import { sql } from 'drizzle-orm'
import type { Kit } from '../db/kit.ts'

export const calendarDayKinds = ['day-off', 'working-day'] as const
export type CalendarDayKind = (typeof calendarDayKinds)[number]

export function calendarTables({ table, column: c, check }: Kit) {
  const calendarDays = table(
    'calendar_day',
    {
      /** `2026-10-01`, in China Standard Time. */
      day: c.text().primaryKey(),
      kind: c.choice(calendarDayKinds).notNull(),
      note: c.text().notNull(),
    },
    (t) => [check('calendar_day_is_a_day', sql`length(${t.day}) = 10`)],
  )
  return { calendarDays }
}
