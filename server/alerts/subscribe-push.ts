// A person's browser as a recipient of alerts: it subscribes itself, and unsubscribes itself. One browser is one recipient, of
// whoever subscribed it last.
import { and, eq, isNull } from 'drizzle-orm'
import type { z } from 'zod'
import type { subscribePush as contract } from '#shared/contracts/http/alerts.ts'
import { insertRows, rows, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import type { Sealer } from '../personal-data/seal.ts'
import { addressPurpose } from './address-seal.ts'
import { recordAddition, removeRecipient } from './recipients.ts'

type Subscription = z.output<(typeof contract)['body']>

interface Subscriber {
  readonly accountId: string
  readonly name: string
}

function* findByEndpoint({ db, tables: { alertRecipients: t } }: UnitContext, sealer: Sealer, endpoint: string) {
  return yield* rows(
    db
      .select({ recipientId: t.recipientId, accountId: t.accountId })
      .from(t)
      .where(and(eq(t.addressFingerprint, sealer.fingerprint(endpoint)), isNull(t.removedAtMs))),
  )
}

/** Returns the recipient's id. */
export function* subscribePush(
  ctx: UnitContext,
  { by, sealer, ...subscription }: Subscription & { readonly by: Subscriber; readonly sealer: Sealer },
): Unit<string> {
  const { endpoint, keys, kinds, level, quietFromMinute, quietToMinute } = subscription
  for (const { recipientId } of yield* findByEndpoint(ctx, sealer, endpoint))
    yield* removeRecipient(ctx, { recipientId, byAccountId: by.accountId })
  const recipientId = ctx.newId()
  const view = {
    recipientId,
    name: by.name,
    channel: 'push' as const,
    addressHint: new URL(endpoint).origin,
    accountId: by.accountId,
    kinds,
    level,
    quietFromMinute,
    quietToMinute,
  }
  yield* insertRows(ctx.tables.alertRecipients, [
    {
      ...view,
      addressSealed: sealer.seal(JSON.stringify({ endpoint, keys }), addressPurpose(recipientId)),
      addressFingerprint: sealer.fingerprint(endpoint),
      createdBy: by.accountId,
      createdAtMs: ctx.now(),
    },
  ])
  yield* recordAddition(ctx, by.accountId, view)
  return recipientId
}

/** Refuses with alert.recipient_unknown when this person has not subscribed this browser. */
export function* unsubscribePush(
  ctx: UnitContext,
  {
    byAccountId,
    sealer,
    endpoint,
  }: { readonly byAccountId: string; readonly sealer: Sealer; readonly endpoint: string },
): Unit<void> {
  const own = (yield* findByEndpoint(ctx, sealer, endpoint)).filter(({ accountId }) => accountId === byAccountId)
  if (own.length === 0) throw new RefusalError('alert.recipient_unknown')
  for (const { recipientId } of own) yield* removeRecipient(ctx, { recipientId, byAccountId })
}

/** Ends every subscription of an account that may subscribe no more. */
export function* unsubscribeAccount(
  ctx: UnitContext,
  { accountId, byAccountId, why }: { readonly accountId: string; readonly byAccountId: string; readonly why: string },
): Unit<void> {
  const { alertRecipients: t } = ctx.tables
  const own = yield* rows(
    ctx.db
      .select({ recipientId: t.recipientId })
      .from(t)
      .where(and(eq(t.accountId, accountId), isNull(t.removedAtMs))),
  )
  for (const { recipientId } of own) yield* removeRecipient(ctx, { recipientId, byAccountId, why })
}
