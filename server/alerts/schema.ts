// What somebody must be told: rules as versioned data, who is told and how, alerts from first sight to their end, and the
// messages that have to leave. A message is a row of the unit that caused it, so that none is lost between commit and sending.
import { sql } from 'drizzle-orm'
import { AlertChannel, AlertEvent, AlertKind, AlertSeverity } from '#shared/contracts/http/alerts.ts'
import type { Kit, Storage } from '../db/kit.ts'

const words = <T extends string>(options: readonly T[]) => options as readonly [T, ...T[]]

/** What is shown of the matter, as label and value. */
export type AlertFacts = Readonly<Record<string, string | number>>

export const deliveryStates = ['due', 'sent', 'given_up'] as const

function settingTables({ table, column: c, primaryKey, index, check }: Kit) {
  const alertRules = table(
    'alert_rule',
    {
      kind: c.choice(words(AlertKind.options)).notNull(),
      /** The highest holds; a change is a new row. */
      version: c.int().notNull(),
      isEnabled: c.bool().notNull(),
      severity: c.choice(words(AlertSeverity.options)).notNull(),
      holdMs: c.int().notNull(),
      threshold: c.int().notNull(),
      escalateAfterMs: c.int().notNull(),
      changedBy: c.text().notNull(),
      changedAtMs: c.int().notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.kind, t.version] }),
      check('alert_rule_times', sql`${t.holdMs} >= 0 and ${t.escalateAfterMs} > 0 and ${t.threshold} >= 0`),
    ],
  )
  const alertRecipients = table(
    'alert_recipient',
    {
      recipientId: c.text().primaryKey(),
      name: c.text().notNull(),
      channel: c.choice(words(AlertChannel.options)).notNull(),
      addressSealed: c.text().notNull(),
      /** What is shown of the address. */
      addressHint: c.text().notNull(),
      /** Of a browser: whose it is, and the fingerprint of where it is reached. */
      accountId: c.text(),
      addressFingerprint: c.text(),
      /** Kinds this recipient is told of; empty: all. */
      kinds: c.json<readonly AlertKind[]>().notNull(),
      /** 1 is told at once; each higher level when nobody below has acknowledged in time. */
      level: c.int().notNull(),
      /** Minutes of the district's day; equal: no quiet hours. */
      quietFromMinute: c.int().notNull(),
      quietToMinute: c.int().notNull(),
      createdBy: c.text().notNull(),
      createdAtMs: c.int().notNull(),
      removedAtMs: c.int(),
    },
    (t) => [
      check('alert_recipient_level', sql`${t.level} between 1 and 3`),
      check('alert_recipient_of_browser', sql`(${t.channel} = 'push') = (${t.accountId} is not null)`),
      index('alert_recipient_by_address')
        .on(t.addressFingerprint)
        .where(sql`${t.removedAtMs} is null`),
    ],
  )
  return { alertRules, alertRecipients }
}

function alertTable({ table, column: c, index, uniqueIndex, check }: Kit) {
  return table(
    'alert',
    {
      alertId: c.text().primaryKey(),
      kind: c.choice(words(AlertKind.options)).notNull(),
      /** The thing it is about, unique within its kind: a cabinet's id, a session's, a channel with its day. */
      subjectId: c.text().notNull(),
      cabinetId: c.text(),
      severity: c.choice(words(AlertSeverity.options)).notNull(),
      facts: c.json<AlertFacts>().notNull(),
      sinceMs: c.int().notNull(),
      /** Empty while the condition has not held long enough. */
      raisedAtMs: c.int(),
      /** The highest level that was told. */
      level: c.int().notNull(),
      /** When that level was told. */
      toldAtMs: c.int(),
      acknowledgedBy: c.text(),
      acknowledgedAtMs: c.int(),
      acknowledgeNote: c.text(),
      /** First look at which the condition no longer held; it clears when that stays so. */
      goneSinceMs: c.int(),
      clearedAtMs: c.int(),
    },
    (t) => [
      uniqueIndex('alert_open_once')
        .on(t.kind, t.subjectId)
        .where(sql`${t.clearedAtMs} is null`),
      index('alert_open')
        .on(t.alertId)
        .where(sql`${t.clearedAtMs} is null`),
      check('alert_acknowledged_by', sql`(${t.acknowledgedBy} is null) = (${t.acknowledgedAtMs} is null)`),
    ],
  )
}

export function alertTables(kit: Kit) {
  const { table, column: c, index, unique } = kit
  const settings = settingTables(kit)
  const alerts = alertTable(kit)
  const alertDeliveries = table(
    'alert_delivery',
    {
      deliveryId: c.text().primaryKey(),
      /** Empty: a message that only tries the way. */
      alertId: c.text().references(() => alerts.alertId),
      recipientId: c
        .text()
        .notNull()
        .references(() => settings.alertRecipients.recipientId),
      event: c.choice(words(AlertEvent.options)).notNull(),
      level: c.int().notNull(),
      state: c.choice(deliveryStates).notNull(),
      /** Not before; while it is being sent, when another process may try. */
      dueAtMs: c.int().notNull(),
      attempts: c.int().notNull(),
      sentAtMs: c.int(),
      lastError: c.text(),
    },
    (t) => [
      unique('alert_delivery_once').on(t.alertId, t.recipientId, t.event, t.level),
      index('alert_delivery_due')
        .on(t.dueAtMs)
        .where(sql`${t.state} = 'due'`),
    ],
  )
  return { ...settings, alerts, alertDeliveries }
}

export const alertStorage: Storage = { appendOnly: ['alert_rule'], clustered: ['alert_rule'] }
