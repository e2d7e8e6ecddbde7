import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { CabinetCode } from './shelf.ts'
import { defineRoute } from './route.ts'
import { pageOf, TimedPageQuery } from './paging.ts'
import { Reason } from './reason.ts'

const readers = ['operator', 'finance', 'auditor', 'admin'] as const
/** Who looks after what an alert is about; of money that is finance. */
const staff = ['operator', 'finance', 'admin'] as const

export const AlertKind = z
  .enum([
    'cabinet_offline',
    'door_open',
    'over_temperature',
    'lock_fault',
    'scale_fault',
    'scale_drift',
    'certificate_expiry',
    'sensor_fault',
    'session_unsettled',
    'low_stock',
    'expiry',
    'reconciliation_difference',
    'payout_overdue',
    'books_unsound',
    'books_unproven',
    'disk_full',
    'journal_broken',
    'twin_reverted',
  ])
  .meta({ id: 'AlertKind' })
export type AlertKind = z.infer<typeof AlertKind>
/** A critical alert knows no quiet hours. */
export const AlertSeverity = z.enum(['notice', 'warning', 'critical']).meta({ id: 'AlertSeverity' })
export type AlertSeverity = z.infer<typeof AlertSeverity>
/** `push` is a person's browser, which subscribes itself. */
export const AlertChannel = z.enum(['email', 'webhook', 'push']).meta({ id: 'AlertChannel' })
export type AlertChannel = z.infer<typeof AlertChannel>
export const AlertEvent = z.enum(['raised', 'escalated', 'cleared', 'test']).meta({ id: 'AlertEvent' })
export type AlertEvent = z.infer<typeof AlertEvent>

export const Alert = z
  .object({
    alertId: Id,
    kind: AlertKind,
    severity: AlertSeverity,
    subjectId: z.string(),
    cabinetId: Id.optional(),
    cabinetCode: CabinetCode.optional(),
    facts: z.record(z.string(), z.union([z.string(), z.number()])),
    /** When the condition was first seen to hold. */
    sinceMs: EpochMs,
    raisedAtMs: EpochMs,
    level: z.int(),
    acknowledged: z.object({ byAccountId: Id, atMs: EpochMs, note: z.string() }).optional(),
    clearedAtMs: EpochMs.optional(),
    /** How many people or systems were told, and how many could not be told yet. */
    told: z.int(),
    untold: z.int(),
  })
  .meta({ id: 'Alert' })
export const listAlerts = defineRoute({
  method: 'GET',
  path: '/api/alerts',
  tag: 'alerts',
  summary: 'Alerts, newest first: open ones, or all',
  access: readers,
  query: TimedPageQuery.extend({
    isOpen: z.stringbool().optional(),
    kind: AlertKind.optional(),
    cabinetId: Id.optional(),
  }),
  reply: pageOf(Alert),
  status: 200,
})
export const acknowledgeAlert = defineRoute({
  method: 'POST',
  path: '/api/alerts/:alertId/acknowledgement',
  tag: 'alerts',
  summary: 'Say that somebody looks after it: it escalates no further, and clears when its cause is gone',
  access: staff,
  params: z.object({ alertId: Id }),
  body: z.object({ note: z.string().trim().max(500).default('') }),
  reply: z.void(),
  status: 204,
})
export const escalateAlert = defineRoute({
  method: 'POST',
  path: '/api/alerts/:alertId/escalation',
  tag: 'alerts',
  summary: 'Tell the next level now instead of when the rule’s time is over; says how many are told',
  access: staff,
  params: z.object({ alertId: Id }),
  body: z.object({ note: Reason }),
  reply: z.object({ level: z.int(), told: z.int().min(0) }),
  status: 200,
})

/**
 * What the threshold counts depends on the kind: pieces of low_stock, hours of the expiries, of payout_overdue (from the day the bank
 * should have answered to the batch's closing) and of books_unproven (since the newest proof), MB of disk_full; else it is 0.
 */
const RuleSettings = z.object({
  isEnabled: z.boolean(),
  severity: AlertSeverity,
  /** How long the condition has to hold. */
  holdMs: z.int().min(0).max(86_400_000),
  threshold: z.int().min(0).max(1_000_000),
  /** Unacknowledged for so long, the next level is told. */
  escalateAfterMs: z.int().min(60_000).max(604_800_000),
})
export const AlertRule = RuleSettings.extend({
  kind: AlertKind,
  /** 0: as shipped. */
  version: z.int(),
  /** Recipients of the first level that would be told; with none, only the page shows these alerts. */
  recipients: z.int(),
}).meta({ id: 'AlertRule' })
export const listAlertRules = defineRoute({
  method: 'GET',
  path: '/api/alert-rules',
  tag: 'alerts',
  summary: 'One rule a kind, with how many would be told',
  access: readers,
  reply: z.object({ rows: z.array(AlertRule) }),
  status: 200,
})
export const changeAlertRule = defineRoute({
  method: 'PUT',
  path: '/api/alert-rules/:kind',
  tag: 'alerts',
  summary: 'Change a rule; the version that was seen guards against changing what somebody else just changed',
  access: ['admin'],
  params: z.object({ kind: AlertKind }),
  body: RuleSettings.extend({ seenVersion: z.int().min(0) }),
  reply: AlertRule,
  status: 200,
})

const Minute = z.int().min(0).max(1_439)
export const AlertRecipient = z
  .object({
    recipientId: Id,
    name: z.string(),
    channel: AlertChannel,
    /** Of an e-mail address its first letter and domain; of a webhook or a push service its origin. */
    addressHint: z.string(),
    kinds: z.array(AlertKind),
    level: z.int().min(1).max(3),
    quietFromMinute: Minute,
    quietToMinute: Minute,
  })
  .meta({ id: 'AlertRecipient' })
export const listAlertRecipients = defineRoute({
  method: 'GET',
  path: '/api/alert-recipients',
  tag: 'alerts',
  summary: 'Who is told of alerts, and how',
  access: readers,
  reply: z.object({ rows: z.array(AlertRecipient) }),
  status: 200,
})
export const addAlertRecipient = defineRoute({
  method: 'POST',
  path: '/api/alert-recipients',
  tag: 'alerts',
  summary: 'Tell one more person or system; the key that signs a webhook is shown in this reply only',
  access: ['admin'],
  body: z
    .object({
      name: z.string().trim().min(1).max(80),
      channel: AlertChannel.exclude(['push']),
      address: z.string().trim().min(3).max(500),
      /** Empty: all kinds. */
      kinds: z.array(AlertKind).max(AlertKind.options.length).default([]),
      level: z.int().min(1).max(3).default(1),
      quietFromMinute: Minute.default(0),
      quietToMinute: Minute.default(0),
    })
    .refine(
      ({ channel, address }) =>
        (channel === 'email' ? z.email() : z.url({ protocol: /^https?$/ })).safeParse(address).success,
      { path: ['address'], message: 'is an e-mail address, or the http(s) address of a webhook' },
    ),
  reply: AlertRecipient.extend({ signingKey: z.string().optional() }),
  status: 201,
})
export const removeAlertRecipient = defineRoute({
  method: 'DELETE',
  path: '/api/alert-recipients/:recipientId',
  tag: 'alerts',
  summary: 'Tell this recipient no more',
  access: ['admin'],
  params: z.object({ recipientId: Id }),
  reply: z.void(),
  status: 204,
})
export const testAlertRecipient = defineRoute({
  method: 'POST',
  path: '/api/alert-recipients/:recipientId/test',
  tag: 'alerts',
  summary: 'Send a message that only tries the way',
  access: ['admin'],
  params: z.object({ recipientId: Id }),
  reply: z.void(),
  status: 202,
})

const subscribers = ['restocker', ...readers] as const
const Endpoint = z.url({ protocol: /^https$/ }).max(1_000)

export const getPushKey = defineRoute({
  method: 'GET',
  path: '/api/push/public-key',
  tag: 'alerts',
  summary: 'The key a browser subscribes with (VAPID applicationServerKey, base64url)',
  access: subscribers,
  reply: z.object({ publicKey: z.string() }),
  status: 200,
})
export const subscribePush = defineRoute({
  method: 'POST',
  path: '/api/push/subscriptions',
  tag: 'alerts',
  summary: 'Tell this browser of alerts: what PushSubscription.toJSON() gives; again, it replaces what was there',
  access: subscribers,
  body: z.object({
    endpoint: Endpoint,
    keys: z.object({
      /** The browser's P-256 point: 65 bytes. */
      p256dh: z.string().regex(/^[A-Za-z0-9_-]{87}=?$/),
      /** 16 bytes. */
      auth: z.string().regex(/^[A-Za-z0-9_-]{22}(==)?$/),
    }),
    /** Empty: all kinds. */
    kinds: z.array(AlertKind).max(AlertKind.options.length).default([]),
    level: z.int().min(1).max(3).default(1),
    quietFromMinute: Minute.default(0),
    quietToMinute: Minute.default(0),
  }),
  reply: z.object({ recipientId: Id }),
  status: 201,
})
export const unsubscribePush = defineRoute({
  method: 'POST',
  path: '/api/push/unsubscriptions',
  tag: 'alerts',
  summary: 'Tell this browser of one’s own no more',
  access: subscribers,
  body: z.object({ endpoint: Endpoint }),
  reply: z.void(),
  status: 204,
})
