// SQL of alerts.
import { and, eq, isNull, or } from 'drizzle-orm'
import type { AlertEvent, AlertSeverity } from '#shared/contracts/http/alerts.ts'
import { exec, insertRows, rows, statement, type Unit, type UnitContext } from '../db/unit.ts'
import { recipientsOf, rulesInForce, tellableAtMs, type OpenAlert, type Recipient, type Rule } from './rules.ts'

const allRules = statement(({ db, tables: { alertRules: t } }) => db.select().from(t))

export function* findRules(): Unit<readonly Rule[]> {
  return rulesInForce(yield* rows(allRules.with({})))
}

const activeRecipients = statement(({ db, tables: { alertRecipients: t, accounts: a } }) =>
  db
    .select({ recipient: t })
    .from(t)
    .leftJoin(a, eq(a.accountId, t.accountId))
    .where(and(isNull(t.removedAtMs), or(isNull(t.accountId), eq(a.isActive, true))))
    .orderBy(t.recipientId),
)

/** Who is told; of browsers those whose person may still sign in. */
export function* findRecipients() {
  const found = yield* rows(activeRecipients.with({}))
  return found.map(({ recipient }) => recipient)
}

const openAlerts = statement(({ db, tables: { alerts: t } }) => db.select().from(t).where(isNull(t.clearedAtMs)))

export function* findOpenAlerts(): Unit<OpenAlert[]> {
  return yield* rows(openAlerts.with({}))
}

/** A message that is due at once. */
export function makeDelivery(
  ctx: UnitContext,
  what: { readonly alertId?: string; readonly recipientId: string; readonly event: AlertEvent; readonly level: number },
) {
  return { deliveryId: ctx.newId(), ...what, state: 'due' as const, dueAtMs: ctx.now(), attempts: 0 }
}

/** Puts messages into the outbox for whom it concerns; returns how many. */
export function* tell(
  ctx: UnitContext,
  recipients: readonly Recipient[],
  alert: Pick<OpenAlert, 'alertId' | 'kind' | 'level'> & { readonly severity: AlertSeverity },
  event: AlertEvent,
): Unit<number> {
  const { alertId, kind, level, severity } = alert
  const told = recipientsOf(recipients, kind, level)
  return yield* insertRows(
    ctx.tables.alertDeliveries,
    told.map((recipient) => ({
      ...makeDelivery(ctx, { alertId, recipientId: recipient.recipientId, event, level }),
      dueAtMs: tellableAtMs(recipient, severity, ctx.now()),
    })),
    'ignore',
  )
}

/** Of an alert that ended: those who heard nothing yet need not hear of it at all; the others hear that it is over. */
export function* tellEnd(ctx: UnitContext, alertId: string): Unit<void> {
  const { alertDeliveries: d } = ctx.tables
  yield* exec(ctx.db.delete(d).where(and(eq(d.alertId, alertId), eq(d.state, 'due'), eq(d.attempts, 0))))
  const heard = yield* rows(
    ctx.db
      .selectDistinct({ recipientId: d.recipientId })
      .from(d)
      .where(and(eq(d.alertId, alertId), eq(d.state, 'sent'))),
  )
  yield* insertRows(
    ctx.tables.alertDeliveries,
    heard.map(({ recipientId }) => makeDelivery(ctx, { alertId, recipientId, event: 'cleared', level: 0 })),
    'ignore',
  )
}
