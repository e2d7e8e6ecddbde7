// Who is told. Addresses belong to people and are sealed; a list shows a hint of them.
import { and, eq, isNull } from 'drizzle-orm'
import type { z } from 'zod'
import type { addAlertRecipient, AlertRecipient } from '#shared/contracts/http/alerts.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { exec, insertRows, one, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import type { Sealer } from '../personal-data/seal.ts'
import { addressPurpose } from './address-seal.ts'
import type { Address } from './message.ts'
import { findRecipients, makeDelivery } from './store.ts'

export type RecipientView = z.input<typeof AlertRecipient>
type Addition = z.output<(typeof addAlertRecipient)['body']>

const hintOf = ({ channel, address }: Pick<Addition, 'channel' | 'address'>) =>
  channel === 'email' ? `${address.slice(0, 1)}***${address.slice(address.lastIndexOf('@'))}` : new URL(address).origin

export function openAddress(sealer: Sealer, recipient: { recipientId: string; addressSealed: string }): Address {
  const { recipientId, addressSealed } = recipient
  return {
    address: sealer.open(addressSealed, addressPurpose(recipientId)),
    signingKey: signingKeyOf(sealer, recipientId),
  }
}

const signingKeyOf = (sealer: Sealer, recipientId: string) => sealer.deriveSecret(`alert-webhook:${recipientId}`)

export function* listRecipients(): Unit<RecipientView[]> {
  return (yield* findRecipients()).map(
    ({ recipientId, name, channel, addressHint, kinds, level, quietFromMinute, quietToMinute }) => ({
      recipientId,
      name,
      channel,
      addressHint,
      kinds: [...kinds],
      level,
      quietFromMinute,
      quietToMinute,
    }),
  )
}

/** Refuses with alert.mail_not_configured. */
export function* addRecipient(
  ctx: UnitContext,
  input: Addition & { readonly byAccountId: string; readonly sealer: Sealer; readonly canMail: boolean },
): Unit<RecipientView & { signingKey?: string }> {
  const { byAccountId, sealer, canMail, address, ...known } = input
  if (known.channel === 'email' && !canMail) throw new RefusalError('alert.mail_not_configured')
  const recipientId = ctx.newId()
  const addressHint = hintOf(input)
  const addressSealed = sealer.seal(address, addressPurpose(recipientId))
  const view = { recipientId, addressHint, ...known }
  yield* insertRows(ctx.tables.alertRecipients, [
    { ...view, addressSealed, createdBy: byAccountId, createdAtMs: ctx.now() },
  ])
  yield* recordAddition(ctx, byAccountId, view)
  return known.channel === 'webhook'
    ? { ...view, signingKey: signingKeyOf(sealer, recipientId).toString('base64') }
    : view
}

/** Without name and address: the trail is for good, they go a month after the recipient (retention/classes.ts). */
export function* recordAddition(ctx: UnitContext, accountId: string, added: RecipientView): Unit<void> {
  const { recipientId, channel, kinds, level, quietFromMinute, quietToMinute } = added
  yield* recordAudit(ctx, {
    accountId,
    action: 'alert_recipient.added',
    subjectId: recipientId,
    after: { channel, kinds, level, quietFromMinute, quietToMinute },
  })
}

function* requireRecipient({ db, tables: { alertRecipients: t } }: UnitContext, recipientId: string) {
  const found = yield* one(
    db
      .select()
      .from(t)
      .where(and(eq(t.recipientId, recipientId), isNull(t.removedAtMs))),
  )
  if (found === undefined) throw new RefusalError('alert.recipient_unknown')
  return found
}

/** What is still to be told to the recipient is told no more. Refuses with alert.recipient_unknown. */
export function* removeRecipient(
  ctx: UnitContext,
  input: { readonly byAccountId: string | undefined; readonly recipientId: string; readonly why?: string },
): Unit<void> {
  const { recipientId, byAccountId, why } = input
  const { alertRecipients: t, alertDeliveries: d } = ctx.tables
  const { channel } = yield* requireRecipient(ctx, recipientId)
  yield* exec(ctx.db.update(t).set({ removedAtMs: ctx.now() }).where(eq(t.recipientId, recipientId)))
  yield* exec(
    ctx.db
      .update(d)
      .set({ state: 'given_up', lastError: 'the recipient was removed' })
      .where(and(eq(d.recipientId, recipientId), eq(d.state, 'due'))),
  )
  const action = 'alert_recipient.removed'
  yield* recordAudit(ctx, { accountId: byAccountId, action, subjectId: recipientId, why, before: { channel } })
}

/** Refuses with alert.recipient_unknown. */
export function* testRecipient(
  ctx: UnitContext,
  input: { readonly byAccountId: string; readonly recipientId: string },
): Unit<void> {
  const { recipientId, byAccountId } = input
  yield* requireRecipient(ctx, recipientId)
  yield* insertRows(ctx.tables.alertDeliveries, [makeDelivery(ctx, { recipientId, event: 'test', level: 0 })])
  yield* recordAudit(ctx, { accountId: byAccountId, action: 'alert_recipient.tested', subjectId: recipientId })
}
