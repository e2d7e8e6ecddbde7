// Steps that came from phones and were not applied, or replaced what others had said.
import { and, eq, isNotNull } from 'drizzle-orm'
import { RestockConflictCode } from '#shared/contracts/http/restock-tasks.ts'
import type { RestockConflict } from '#shared/contracts/http/restock-tasks.ts'
import type { Page, TimedPageRequest } from '../db/keyset.ts'
import { behindInTime, inTimeOrder, pageOfRows } from '../db/keyset.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'

/** Newest received first. */
export function* listConflicts(
  { db, tables }: UnitContext,
  query: TimedPageRequest & { readonly taskId?: string | undefined },
): Unit<Page<RestockConflict>> {
  const { restockSteps: s, restockTasks: t, cabinets: c } = tables
  const found = yield* rows(
    db
      .select({ step: s, day: t.day, cabinetCode: c.code })
      .from(s)
      .innerJoin(t, eq(t.taskId, s.taskId))
      .innerJoin(c, eq(c.cabinetId, t.cabinetId))
      .where(
        and(
          isNotNull(s.conflict),
          query.taskId === undefined ? undefined : eq(s.taskId, query.taskId),
          behindInTime([s.receivedAtMs, s.stepId], query),
        ),
      )
      .orderBy(...inTimeOrder([s.receivedAtMs, s.stepId], query))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    ({ step }) => [step.receivedAtMs, step.stepId],
    ({ step, day, cabinetCode }) => {
      const { stepId, taskId, kind, laneId, byName, detail, isApplied, atMs, receivedAtMs } = step
      return {
        stepId,
        taskId,
        day,
        cabinetCode,
        kind,
        ...(laneId === null ? {} : { laneId }),
        byName,
        conflict: RestockConflictCode.parse(step.conflict),
        detail: detail ?? '',
        isApplied,
        atMs,
        receivedAtMs,
      }
    },
  )
}
