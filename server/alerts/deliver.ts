// Sends the messages that are due. A message is claimed by moving its due time ahead before it is sent: two processes never
// send it at once, and one that dies while sending leaves it to be sent again, so that a message may come twice but is
// never lost. Receivers of webhooks tell the two by the delivery's id.
import { and, asc, eq, lte, sql } from 'drizzle-orm'
import type { ServerContext } from '../context.ts'
import { exec, type Params, rows, statement, type Unit, type UnitContext } from '../db/unit.ts'
import type { AlertMessage, Send } from './message.ts'
import { RecipientGoneError } from './push.ts'
import { openAddress, removeRecipient } from './recipients.ts'
import { mostAttempts, retryPauseMs } from './rules.ts'

const claimMs = 60_000
const deliveriesPerTurn = 50
const errorLength = 300

interface Due {
  readonly message: AlertMessage
  readonly attempts: number
  readonly dueAtMs: number
}

const dueAt = statement(({ db, tables }, params: Params<{ nowMs: number }>) => {
  const { alertDeliveries: d, alertRecipients: r, alerts: a, cabinets } = tables
  return (
    db
      .select({ delivery: d, recipient: r, alert: a, cabinetCode: cabinets.code })
      .from(d)
      .innerJoin(r, eq(r.recipientId, d.recipientId))
      .leftJoin(a, eq(a.alertId, d.alertId))
      .leftJoin(cabinets, eq(cabinets.cabinetId, a.cabinetId))
      // Written out, so that SQLite knows the index by its condition.
      .where(and(sql`${d.state} = 'due'`, lte(d.dueAtMs, params.nowMs)))
      .orderBy(asc(d.dueAtMs), asc(d.deliveryId))
      .limit(deliveriesPerTurn)
  )
})

function* findDue(ctx: UnitContext): Unit<Due[]> {
  const found = yield* rows(dueAt.with({ nowMs: ctx.now() }))
  return found.map(({ delivery, recipient, alert, cabinetCode }) => ({
    attempts: delivery.attempts,
    dueAtMs: delivery.dueAtMs,
    message: {
      deliveryId: delivery.deliveryId,
      event: delivery.event,
      level: delivery.level,
      recipient,
      alert: alert === null ? undefined : { ...alert, cabinetCode: cabinetCode ?? undefined },
    },
  }))
}

/** True when this process may send it. */
function* claim(ctx: UnitContext, { message, attempts, dueAtMs }: Due): Unit<boolean> {
  const { alertDeliveries: d } = ctx.tables
  const changed = yield* exec(
    ctx.db
      .update(d)
      .set({ dueAtMs: ctx.now() + claimMs, attempts: attempts + 1 })
      .where(and(eq(d.deliveryId, message.deliveryId), eq(d.state, 'due'), eq(d.dueAtMs, dueAtMs))),
  )
  return changed === 1
}

function* noteOutcome(ctx: UnitContext, { message, attempts }: Due, error: string | undefined): Unit<void> {
  const { alertDeliveries: d } = ctx.tables
  const tries = attempts + 1
  const values =
    error === undefined
      ? { state: 'sent' as const, sentAtMs: ctx.now(), lastError: null }
      : {
          state: tries >= mostAttempts ? ('given_up' as const) : ('due' as const),
          dueAtMs: ctx.now() + retryPauseMs(tries),
          lastError: error.slice(0, errorLength),
        }
  yield* exec(ctx.db.update(d).set(values).where(eq(d.deliveryId, message.deliveryId)))
}

/** One turn: sends what is due; returns how many left and how many did not. */
export async function deliverDue(
  { database, sealer, logger, metrics }: Pick<ServerContext, 'database' | 'sealer' | 'logger' | 'metrics'>,
  send: Send,
  signal: AbortSignal,
): Promise<{ readonly sent: number; readonly failed: number }> {
  let [sent, failed] = [0, 0]
  for (const due of await database.read(findDue)) {
    if (signal.aborted) break
    if (!(await database.run((ctx) => claim(ctx, due)))) continue
    const { recipient } = due.message
    const failure = await send(due.message, openAddress(sealer, recipient), signal).then(
      () => undefined,
      (reason: unknown) => (reason instanceof Error ? reason : new Error(String(reason))),
    )
    const error = failure?.message
    const { recipientId } = recipient
    await database.run((ctx) =>
      failure instanceof RecipientGoneError
        ? removeRecipient(ctx, { recipientId, byAccountId: undefined, why: failure.message })
        : noteOutcome(ctx, due, error),
    )
    metrics.alertDeliveries.inc({ channel: recipient.channel, outcome: error === undefined ? 'sent' : 'failed' })
    if (error === undefined) sent += 1
    else {
      failed += 1
      logger.warn({ deliveryId: due.message.deliveryId, attempts: due.attempts + 1, error }, 'an alert did not leave')
    }
  }
  return { sent, failed }
}
