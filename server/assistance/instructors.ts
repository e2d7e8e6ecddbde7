// The directory of technical instructors (domain.md, A11) and the guidance that they gave to households.
import { and, asc, desc, eq, inArray, like, or } from 'drizzle-orm'
import type { z } from 'zod'
import type { enterInstructor as enterRoute, Guidance, Instructor } from '#shared/contracts/http/assistance.ts'
import { countRows } from '../db/expressions.ts'
import type { Page, PageRequest } from '../db/keyset.ts'
import { behindKey, keyOfCursor, pageOfRows } from '../db/keyset.ts'
import { exec, insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { findHousehold } from '../households/find-household.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { refuseNumbers } from '../personal-data/refuse-numbers.ts'
import { householdScope } from '../personal-data/row-scope.ts'
import type { Viewer } from '../personal-data/row-scope.ts'
import { requirePast } from './require-past.ts'

export type InstructorView = z.input<typeof Instructor>
export type GuidanceView = z.input<typeof Guidance>

type InstructorRow = UnitContext['tables']['instructors']['$inferSelect']

function showInstructor(row: InstructorRow, guidanceCount: number): InstructorView {
  const { instructorId, name, specialty, unitName, townCode, isActive } = row
  return {
    instructorId,
    name,
    specialty,
    unitName,
    townCode: townCode ?? undefined,
    isActive,
    guidances: guidanceCount,
  }
}

export function* enterInstructor(
  ctx: UnitContext,
  input: z.output<(typeof enterRoute)['body']> & { readonly byAccountId: string },
): Unit<InstructorView> {
  const { byAccountId, name, specialty, unitName, townCode } = input
  refuseNumbers({ name, specialty, unitName })
  const row: InstructorRow = {
    instructorId: ctx.newId(),
    name,
    specialty,
    unitName,
    townCode: townCode ?? null,
    isActive: true,
    enteredBy: byAccountId,
    enteredAtMs: ctx.now(),
  }
  yield* insertRows(ctx.tables.instructors, [row])
  yield* recordAudit(ctx, { accountId: byAccountId, action: 'instructor.entered', subjectId: row.instructorId })
  return showInstructor(row, 0)
}

function* findInstructor(ctx: UnitContext, instructorId: string): Unit<InstructorRow> {
  const { instructors: t } = ctx.tables
  const found = yield* one(ctx.db.select().from(t).where(eq(t.instructorId, instructorId)))
  if (found === undefined) throw new RefusalError('assistance.instructor_unknown', undefined, { field: 'instructorId' })
  return found
}

export function* setInstructorActive(
  ctx: UnitContext,
  input: {
    readonly byAccountId: string
    readonly instructorId: string
    readonly isActive: boolean
    readonly reason: string
  },
): Unit<void> {
  const { byAccountId, instructorId, isActive, reason } = input
  const { instructors: t } = ctx.tables
  const before = yield* findInstructor(ctx, instructorId)
  yield* exec(ctx.db.update(t).set({ isActive }).where(eq(t.instructorId, instructorId)))
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'instructor.changed',
    subjectId: instructorId,
    why: reason,
    before: { isActive: before.isActive },
    after: { isActive },
  })
}

/** Instructors by name. */
export function* listInstructors(
  ctx: UnitContext,
  query: PageRequest & {
    readonly townCode?: string | undefined
    readonly search?: string | undefined
    readonly isActive?: boolean | undefined
  },
): Unit<Page<InstructorView>> {
  const { instructors: t, guidances: g } = ctx.tables
  const pattern = `%${query.search?.replaceAll(/[%_]/g, '') ?? ''}%`
  const found = yield* rows(
    ctx.db
      .select()
      .from(t)
      .where(
        and(
          behindKey([t.name, t.instructorId], keyOfCursor(query.cursor, 2), 'ascending'),
          query.townCode === undefined ? undefined : eq(t.townCode, query.townCode),
          query.isActive === undefined ? undefined : eq(t.isActive, query.isActive),
          query.search === undefined ? undefined : or(like(t.name, pattern), like(t.specialty, pattern)),
        ),
      )
      .orderBy(asc(t.name), asc(t.instructorId))
      .limit(query.limit + 1),
  )
  const ids = found.map(({ instructorId }) => instructorId)
  const counted =
    ids.length === 0
      ? []
      : yield* rows(
          ctx.db
            .select({ instructorId: g.instructorId, count: countRows() })
            .from(g)
            .where(inArray(g.instructorId, ids))
            .groupBy(g.instructorId),
        )
  const counts = new Map(counted.map(({ instructorId, count }) => [instructorId, count]))
  return pageOfRows(
    found,
    query.limit,
    ({ name, instructorId }) => [name, instructorId],
    (row) => showInstructor(row, counts.get(row.instructorId) ?? 0),
  )
}

/** Refuses with assistance.instructor_unknown, also when the instructor no longer teaches. */
export function* recordGuidance(
  ctx: UnitContext,
  input: {
    readonly viewer: Viewer
    readonly householdCode: string
    readonly instructorId: string
    readonly topic: string
    readonly atMs: number
  },
): Unit<GuidanceView> {
  const { viewer, householdCode, instructorId, topic, atMs } = input
  refuseNumbers({ topic })
  const { headName } = yield* findHousehold(ctx, viewer, householdCode)
  requirePast(ctx, atMs, 'atMs')
  const instructor = yield* findInstructor(ctx, instructorId)
  if (!instructor.isActive)
    throw new RefusalError('assistance.instructor_unknown', undefined, { field: 'instructorId' })
  const guidanceId = ctx.newId()
  const recorded = { recordedBy: viewer.accountId, recordedAtMs: ctx.now() }
  yield* insertRows(ctx.tables.guidances, [{ guidanceId, householdCode, instructorId, topic, atMs, ...recorded }])
  yield* recordAudit(ctx, {
    accountId: viewer.accountId,
    action: 'guidance.recorded',
    subjectId: guidanceId,
    detail: { householdCode, instructorId, atMs },
  })
  return { guidanceId, householdCode, headName, instructorId, instructorName: instructor.name, topic, atMs }
}

/** Guidance in the viewer's scope, newest first. */
export function* listGuidances(
  ctx: UnitContext,
  viewer: Viewer,
  query: PageRequest & { readonly householdCode?: string | undefined; readonly instructorId?: string | undefined },
): Unit<Page<GuidanceView>> {
  const { guidances: t, instructors: i, households: h } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select({
        guidanceId: t.guidanceId,
        householdCode: t.householdCode,
        headName: h.headName,
        instructorId: t.instructorId,
        instructorName: i.name,
        topic: t.topic,
        atMs: t.atMs,
      })
      .from(t)
      .innerJoin(h, eq(h.householdCode, t.householdCode))
      .innerJoin(i, eq(i.instructorId, t.instructorId))
      .where(
        and(
          householdScope(ctx, viewer),
          query.householdCode === undefined ? undefined : eq(t.householdCode, query.householdCode),
          query.instructorId === undefined ? undefined : eq(t.instructorId, query.instructorId),
          behindKey([t.atMs, t.guidanceId], keyOfCursor(query.cursor, 2), 'descending'),
        ),
      )
      .orderBy(desc(t.atMs), desc(t.guidanceId))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    ({ atMs, guidanceId }) => [atMs, guidanceId],
    (row) => row,
  )
}
