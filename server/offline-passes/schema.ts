// Offline passes and where each was used. A pass is money held in its buyer's wallet (payments: an intent by the pass's id)
// until it can no longer be reported.
import { sql } from 'drizzle-orm'
import type { Kit, Storage } from '../db/kit.ts'

export function offlinePassTables({ table, column: c, check, index, unique }: Kit) {
  const offlinePasses = table(
    'offline_pass',
    {
      passId: c.text().primaryKey(),
      accountId: c.text().notNull(),
      accountName: c.text().notNull(),
      /** The host site whose cabinets it opens. */
      groupId: c.text().notNull(),
      /** Grows by one with each pass of an account. */
      counter: c.int().notNull(),
      capFen: c.int().notNull(),
      notBeforeMs: c.int().notNull(),
      expiresAtMs: c.int().notNull(),
      /** As the QR code carries it, signatures and all. */
      code: c.text().notNull().unique(),
      idempotencyKey: c.text().notNull(),
      revokedAtMs: c.int(),
      /** The other cabinets of the group were told that it is used up. */
      announcedAtMs: c.int(),
      /** Nothing can be charged on it any more; the rest of the hold is back in the wallet. */
      closedAtMs: c.int(),
    },
    (t) => [
      unique('offline_pass_once_per_intent').on(t.accountId, t.idempotencyKey),
      unique('offline_pass_counter').on(t.accountId, t.counter),
      index('offline_pass_unclosed')
        .on(t.expiresAtMs)
        .where(sql`${t.closedAtMs} is null`),
      index('offline_pass_unannounced')
        .on(t.expiresAtMs, t.passId)
        .where(sql`${t.announcedAtMs} is null`),
      check('offline_pass_lasts', sql`${t.expiresAtMs} > ${t.notBeforeMs}`),
      check('offline_pass_worth_something', sql`${t.capFen} > 0`),
    ],
  )
  const offlinePassUses = table(
    'offline_pass_use',
    {
      sessionId: c.text().primaryKey(),
      passId: c
        .text()
        .notNull()
        .references(() => offlinePasses.passId),
      cabinetId: c.text().notNull(),
      /** By the cabinet's clock. */
      startedAtMs: c.int().notNull(),
      reportedAtMs: c.int().notNull(),
      /** Another use was reported before: the pass was shown at two cabinets that could not ask. */
      isRepeat: c.bool().notNull(),
      /** The buyer had revoked it by then: what the hold does not cover is not the buyer's. */
      isAfterRevocation: c.bool().notNull(),
    },
    (t) => [index('offline_pass_use_by_pass').on(t.passId, t.sessionId)],
  )
  return { offlinePasses, offlinePassUses }
}

export const offlinePassStorage: Storage = { appendOnly: ['offline_pass_use'] }
