// Alerts and rules as people see and change them.
import { and, eq, inArray, isNotNull, isNull } from 'drizzle-orm'
import type { z } from 'zod'
import type { Alert, AlertKind, AlertRule, changeAlertRule } from '#shared/contracts/http/alerts.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { countRows } from '../db/expressions.ts'
import type { Page, TimedPageRequest } from '../db/keyset.ts'
import { behindInTime, inTimeOrder, pageOfRows } from '../db/keyset.ts'
import { exec, insertRows, one, rows, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { highestLevel, recipientsOf, type Rule } from './rules.ts'
import { findRecipients, findRules, tell } from './store.ts'

export type AlertView = z.input<typeof Alert>
export type RuleView = z.input<typeof AlertRule>

interface AlertQuery extends TimedPageRequest {
  readonly isOpen?: boolean | undefined
  readonly kind?: AlertKind | undefined
  readonly cabinetId?: string | undefined
}

/** Raised alerts, newest first. */
export function* listAlerts(ctx: UnitContext, query: AlertQuery): Unit<Page<AlertView>> {
  const { alerts: a, cabinets } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select({ alert: a, cabinetCode: cabinets.code })
      .from(a)
      .leftJoin(cabinets, eq(cabinets.cabinetId, a.cabinetId))
      .where(
        and(
          isNotNull(a.raisedAtMs),
          behindInTime([a.alertId], query),
          query.isOpen === undefined ? undefined : query.isOpen ? isNull(a.clearedAtMs) : isNotNull(a.clearedAtMs),
          query.kind === undefined ? undefined : eq(a.kind, query.kind),
          query.cabinetId === undefined ? undefined : eq(a.cabinetId, query.cabinetId),
        ),
      )
      .orderBy(...inTimeOrder([a.alertId], query))
      .limit(query.limit + 1),
  )
  const told = yield* countTold(
    ctx,
    found.map(({ alert }) => alert.alertId),
  )
  return pageOfRows(
    found,
    query.limit,
    ({ alert }) => [alert.alertId],
    ({ alert, cabinetCode }) => ({
      ...viewOf(alert, cabinetCode),
      ...(told.get(alert.alertId) ?? { told: 0, untold: 0 }),
    }),
  )
}

function viewOf(
  alert: UnitContext['tables']['alerts']['$inferSelect'],
  cabinetCode: string | null,
): Omit<AlertView, 'told' | 'untold'> {
  const { alertId, kind, severity, subjectId, cabinetId, facts, sinceMs, raisedAtMs, level } = alert
  const { acknowledgedBy, acknowledgedAtMs, acknowledgeNote, clearedAtMs } = alert
  return {
    alertId,
    kind,
    severity,
    subjectId,
    cabinetId: cabinetId ?? undefined,
    cabinetCode: cabinetCode ?? undefined,
    facts: { ...facts },
    sinceMs,
    raisedAtMs: raisedAtMs ?? sinceMs,
    level,
    acknowledged:
      acknowledgedBy === null || acknowledgedAtMs === null
        ? undefined
        : { byAccountId: acknowledgedBy, atMs: acknowledgedAtMs, note: acknowledgeNote ?? '' },
    clearedAtMs: clearedAtMs ?? undefined,
  }
}

function* countTold(
  ctx: UnitContext,
  alertIds: readonly string[],
): Unit<Map<string, { told: number; untold: number }>> {
  const { alertDeliveries: d } = ctx.tables
  const counts = new Map<string, { told: number; untold: number }>()
  if (alertIds.length === 0) return counts
  const found = yield* rows(
    ctx.db
      .select({ alertId: d.alertId, state: d.state, count: countRows() })
      .from(d)
      .where(inArray(d.alertId, [...alertIds]))
      .groupBy(d.alertId, d.state),
  )
  for (const { alertId, state, count } of found) {
    const sum = counts.get(alertId ?? '') ?? { told: 0, untold: 0 }
    counts.set(
      alertId ?? '',
      state === 'sent' ? { ...sum, told: sum.told + count } : { ...sum, untold: sum.untold + count },
    )
  }
  return counts
}

interface Handling {
  readonly byAccountId: string
  readonly alertId: string
  readonly note: string
}

/** An alert that somebody may still do something about. Refuses with alert.unknown and alert.cleared. */
function* requireLasting({ db, tables: { alerts: t } }: UnitContext, alertId: string) {
  const alert = yield* one(
    db
      .select()
      .from(t)
      .where(and(eq(t.alertId, alertId), isNotNull(t.raisedAtMs))),
  )
  if (alert === undefined) throw new RefusalError('alert.unknown')
  if (alert.clearedAtMs !== null) throw new RefusalError('alert.cleared')
  return alert
}

/**
 * Tells the next level at once, also of what somebody looks after already: who does may need help. The clock of the rule starts
 * anew. Refuses with alert.unknown, alert.cleared and alert.highest_level.
 */
export function* escalateAlert(ctx: UnitContext, input: Handling): Unit<{ level: number; told: number }> {
  const { byAccountId, alertId, note } = input
  const { alerts: t } = ctx.tables
  const { kind, severity, subjectId, level: before } = yield* requireLasting(ctx, alertId)
  if (before >= highestLevel) throw new RefusalError('alert.highest_level')
  const level = before + 1
  yield* exec(ctx.db.update(t).set({ level, toldAtMs: ctx.now() }).where(eq(t.alertId, alertId)))
  const told = yield* tell(ctx, yield* findRecipients(), { alertId, kind, level, severity }, 'escalated')
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'alert.escalated',
    subjectId: alertId,
    why: note,
    detail: { kind, subjectId, level, told },
  })
  return { level, told }
}

/** Refuses with alert.unknown, alert.acknowledged and alert.cleared. */
export function* acknowledgeAlert(ctx: UnitContext, input: Handling): Unit<void> {
  const { byAccountId, alertId, note } = input
  const { alerts: t } = ctx.tables
  const alert = yield* requireLasting(ctx, alertId)
  if (alert.acknowledgedBy !== null) throw new RefusalError('alert.acknowledged')
  const atMs = ctx.now()
  yield* exec(
    ctx.db
      .update(t)
      .set({ acknowledgedBy: byAccountId, acknowledgedAtMs: atMs, acknowledgeNote: note })
      .where(eq(t.alertId, alertId)),
  )
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'alert.acknowledged',
    subjectId: alertId,
    detail: { kind: alert.kind, subjectId: alert.subjectId, note },
  })
}

const settingsOf = ({ isEnabled, severity, holdMs, threshold, escalateAfterMs }: Rule) => ({
  isEnabled,
  severity,
  holdMs,
  threshold,
  escalateAfterMs,
})

export function* listRules(): Unit<RuleView[]> {
  const recipients = yield* findRecipients()
  return (yield* findRules()).map((rule) => ({
    kind: rule.kind,
    version: rule.version,
    ...settingsOf(rule),
    recipients: recipientsOf(recipients, rule.kind, 1).length,
  }))
}

/** Refuses with alert.rule_stale when somebody else changed it first. */
export function* changeRule(
  ctx: UnitContext,
  input: z.output<(typeof changeAlertRule)['body']> & { readonly byAccountId: string; readonly kind: AlertKind },
): Unit<RuleView> {
  const { byAccountId, kind, seenVersion, ...settings } = input
  const before = (yield* findRules()).find((rule) => rule.kind === kind)
  if (before === undefined || before.version !== seenVersion) throw new RefusalError('alert.rule_stale')
  const version = seenVersion + 1
  const inserted = yield* insertRows(
    ctx.tables.alertRules,
    [{ kind, version, ...settings, changedBy: byAccountId, changedAtMs: ctx.now() }],
    'ignore',
  )
  if (inserted === 0) throw new RefusalError('alert.rule_stale')
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'alert_rule.changed',
    subjectId: kind,
    before: settingsOf(before),
    after: settings,
    detail: { version },
  })
  const changed = (yield* listRules()).find((rule) => rule.kind === kind)
  return changed ?? { kind, version, ...settings, recipients: 0 }
}
