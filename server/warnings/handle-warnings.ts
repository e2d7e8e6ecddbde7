// Warnings as people see and end them: the helper of the household, the desk of its area, staff. An outcome is a person's and
// is given once; whether a household's status changes is decided in the register.
import { and, eq, isNotNull, isNull, ne } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { z } from 'zod'
import type { closeWarning as closeRoute, Warning } from '#shared/contracts/http/warnings.ts'
import type { Page, TimedPageRequest, TimeSorted } from '../db/keyset.ts'
import { behindInTime, inTimeOrder, pageOfRows } from '../db/keyset.ts'
import { exec, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { refuseNumbers } from '../personal-data/refuse-numbers.ts'
import { householdScope } from '../personal-data/row-scope.ts'
import type { Viewer } from '../personal-data/row-scope.ts'
import type { WarningRule } from './schema.ts'

export type WarningView = z.input<typeof Warning>

/** More than one household can have open: each matter warns once. */
const mostOpen = 1_000

function* findWarnings(
  ctx: UnitContext,
  viewer: Viewer,
  where: SQL | undefined,
  limit: number,
  sorted: TimeSorted = {},
): Unit<WarningView[]> {
  const { warnings: w, households: h, villages: v } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select({
        warning: w,
        headName: h.headName,
        kind: h.kind,
        helperName: h.helperName,
        villageName: v.name,
        townName: v.townName,
      })
      .from(w)
      .innerJoin(h, eq(h.householdCode, w.householdCode))
      .innerJoin(v, eq(v.villageCode, h.villageCode))
      .where(and(householdScope(ctx, viewer), where))
      .orderBy(...inTimeOrder([w.warningId], sorted))
      .limit(limit),
  )
  return found.map(({ warning, helperName, ...household }) => {
    const { warningId, rule, ruleText, householdCode, raisedAtMs, evidence } = warning
    const { outcome, outcomeNote, outcomeBy, outcomeAtMs } = warning
    return {
      ...household,
      warningId,
      rule,
      ruleText,
      householdCode,
      raisedAtMs,
      helperName: helperName ?? undefined,
      evidence: [...evidence],
      outcome:
        outcome === null || outcomeBy === null || outcomeAtMs === null
          ? undefined
          : { outcome, note: outcomeNote ?? '', byAccountId: outcomeBy, atMs: outcomeAtMs },
    }
  })
}

/** Warnings in the viewer's scope, newest first. */
export function* listWarnings(
  ctx: UnitContext,
  viewer: Viewer,
  query: TimedPageRequest & {
    readonly rule?: WarningRule | undefined
    readonly isOpen?: boolean | undefined
    readonly householdCode?: string | undefined
  },
): Unit<Page<WarningView>> {
  const { warnings: w } = ctx.tables
  const where = and(
    behindInTime([w.warningId], query),
    query.rule === undefined ? undefined : eq(w.rule, query.rule),
    query.isOpen === undefined ? undefined : query.isOpen ? isNull(w.outcome) : isNotNull(w.outcome),
    query.householdCode === undefined ? undefined : eq(w.householdCode, query.householdCode),
  )
  const found = yield* findWarnings(ctx, viewer, where, query.limit + 1, query)
  return pageOfRows(
    found,
    query.limit,
    ({ warningId }) => [warningId],
    (row) => row,
  )
}

/** Refuses with warning.unknown, also out of scope, and with warning.closed. */
export function* closeWarning(
  ctx: UnitContext,
  input: z.output<(typeof closeRoute)['body']> & { readonly viewer: Viewer; readonly warningId: string },
): Unit<WarningView> {
  const { viewer, warningId, outcome, note } = input
  refuseNumbers({ note })
  const { warnings: w } = ctx.tables
  const [warning] = yield* findWarnings(ctx, viewer, eq(w.warningId, warningId), 1)
  if (warning === undefined) throw new RefusalError('warning.unknown')
  if (warning.outcome !== undefined) throw new RefusalError('warning.closed')
  return yield* endWarning(ctx, warning, { outcome, note, byAccountId: viewer.accountId })
}

function* endWarning(
  ctx: UnitContext,
  warning: WarningView,
  given: Omit<NonNullable<WarningView['outcome']>, 'atMs'>,
): Unit<WarningView> {
  const { warnings: w } = ctx.tables
  const { warningId, householdCode, rule } = warning
  const { outcome, note, byAccountId } = given
  const atMs = ctx.now()
  yield* exec(
    ctx.db
      .update(w)
      .set({ outcome, outcomeNote: note, outcomeBy: byAccountId, outcomeAtMs: atMs })
      .where(eq(w.warningId, warningId)),
  )
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'warning.closed',
    subjectId: warningId,
    detail: { householdCode, rule, outcome, note },
  })
  return { ...warning, outcome: { ...given, atMs } }
}

/** Whether a person has acted on a warning of the household, other than by saying that its data were wrong. */
export function* isWarningActedOn(ctx: UnitContext, householdCode: string): Unit<boolean> {
  const { warnings: w } = ctx.tables
  const actedOn = ctx.db
    .select({ id: w.warningId })
    .from(w)
    .where(and(eq(w.householdCode, householdCode), ne(w.outcome, 'DATA_WRONG')))
    .limit(1)
  return (yield* one(actedOn)) !== undefined
}

/** Ends the warnings that wait for an outcome, of a household that was entered by mistake: they were raised on wrong data. */
export function* endAsMistaken(
  ctx: UnitContext,
  { viewer, householdCode, note }: { readonly viewer: Viewer; readonly householdCode: string; readonly note: string },
): Unit<void> {
  const { warnings: w } = ctx.tables
  const isOpen = and(eq(w.householdCode, householdCode), isNull(w.outcome))
  for (const warning of yield* findWarnings(ctx, viewer, isOpen, mostOpen))
    yield* endWarning(ctx, warning, { outcome: 'DATA_WRONG', note, byAccountId: viewer.accountId })
}
