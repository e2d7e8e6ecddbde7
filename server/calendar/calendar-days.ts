// The calendar's exceptions: read whole (some dozens a year), written by the day.
import { asc, eq, gte } from 'drizzle-orm'
import { exec, insertRows, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { recordAudit } from '../audit/record-audit.ts'
import type { Calendar } from './rules.ts'
import type { CalendarDayKind } from './schema.ts'

export interface CalendarDay {
  /** `YYYY-MM-DD`. */
  readonly day: string
  readonly kind: CalendarDayKind
  readonly note: string
}

/** Exceptions from a day on; default: all. */
export function* listCalendarDays(ctx: UnitContext, fromDay = ''): Unit<CalendarDay[]> {
  const { calendarDays: t } = ctx.tables
  return yield* rows(ctx.db.select().from(t).where(gte(t.day, fromDay)).orderBy(asc(t.day)))
}

export function* readCalendar(ctx: UnitContext): Unit<Calendar> {
  const days = yield* listCalendarDays(ctx)
  return new Map(days.map(({ day, kind }) => [day, kind]))
}

/** Puts exceptions in place of what the calendar has for these days. Deadlines already set keep their instants. */
export function* enterCalendarDays(ctx: UnitContext, days: readonly CalendarDay[], accountId?: string): Unit<void> {
  const { calendarDays: t } = ctx.tables
  for (const { day } of days) yield* exec(ctx.db.delete(t).where(eq(t.day, day)))
  yield* insertRows(
    t,
    days.map(({ day, kind, note }) => ({ day, kind, note })),
  )
  yield* recordAudit(ctx, {
    accountId,
    action: 'calendar.days_entered',
    subjectId: days[0]?.day ?? 'none',
    detail: { days },
  })
}
