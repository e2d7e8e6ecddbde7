// An alert in words, and the ways it leaves: e-mail, a webhook whose body is signed with the recipient's own key, and web push.
import { createHmac } from 'node:crypto'
import { createTransport } from 'nodemailer'
import type { AlertChannel, AlertEvent, AlertKind, AlertSeverity } from '#shared/contracts/http/alerts.ts'
import type { Clock } from '#shared/time/clock.ts'
import { districtMinuteOf } from '#shared/time/district-time.ts'
import { postOutward, type Reach } from './outward-reach.ts'
import { sendPush, type PushIdentity } from './push.ts'
import type { AlertFacts } from './schema.ts'

/** How long a receiver may take. */
const timeoutMs = 10_000

export interface AlertMessage {
  readonly deliveryId: string
  readonly event: AlertEvent
  readonly level: number
  readonly recipient: { readonly recipientId: string; readonly channel: AlertChannel; readonly addressSealed: string }
  /** Undefined in a message that only tries the way. */
  readonly alert:
    | {
        readonly alertId: string
        readonly kind: AlertKind
        readonly severity: AlertSeverity
        readonly subjectId: string
        readonly cabinetCode?: string | undefined
        readonly facts: AlertFacts
        readonly sinceMs: number
        readonly raisedAtMs: number | null
        readonly clearedAtMs: number | null
      }
    | undefined
}

export interface Address {
  readonly address: string
  /** Of a webhook: 32 bytes. */
  readonly signingKey: Buffer
}

/** Resolves when the receiver has taken the message; else rejects with a reason that names no address. */
export type Send = (message: AlertMessage, address: Address, signal: AbortSignal) => Promise<void>

const kindNames: Readonly<Record<AlertKind, string>> = {
  cabinet_offline: '柜机离线',
  door_open: '柜门未关',
  over_temperature: '温度过高',
  lock_fault: '门锁故障',
  scale_fault: '秤故障',
  scale_drift: '秤示值超差',
  certificate_expiry: '检定证书到期',
  sensor_fault: '传感器故障',
  session_unsettled: '订单未结算',
  low_stock: '库存不足',
  expiry: '临期或过期',
  reconciliation_difference: '对账差异',
  payout_overdue: '代发对账逾期',
  books_unsound: '账目自查不符',
  books_unproven: '账目未按时自查',
  disk_full: '磁盘空间不足',
  journal_broken: '柜机日志断链',
  twin_reverted: '柜机撤回了下发的设置',
}

const eventNames: Readonly<Record<AlertEvent, string>> = {
  raised: '告警',
  escalated: '告警升级',
  cleared: '告警解除',
  test: '测试消息',
}

/** Subject and body of the e-mail. */
export function wordsOf({ event, alert }: AlertMessage): { readonly subject: string; readonly text: string } {
  if (alert === undefined) return { subject: `惠农柜 ${eventNames[event]}`, text: '这是一条测试消息，告警可以送达。\n' }
  const { kind, cabinetCode, facts, sinceMs, clearedAtMs, alertId, subjectId } = alert
  const lines = [
    `事项：${kindNames[kind]}（${kind}）`,
    cabinetCode === undefined ? `对象：${subjectId}` : `柜机：${cabinetCode}`,
    `开始：${districtMinuteOf(sinceMs)}`,
    ...(clearedAtMs === null ? [] : [`解除：${districtMinuteOf(clearedAtMs)}`]),
    ...Object.entries(facts).map(([label, value]) => `${label}：${value}`),
    `编号：${alertId}`,
  ]
  return {
    subject: `惠农柜 ${eventNames[event]}：${kindNames[kind]} ${cabinetCode ?? ''}`.trimEnd(),
    text: `${lines.join('\n')}\n`,
  }
}

/** The webhook's body: the same fields for every kind. */
export function webhookBodyOf({ deliveryId, event, level, alert }: AlertMessage): string {
  if (alert === undefined) return JSON.stringify({ deliveryId, event })
  const { alertId, kind, severity, subjectId, cabinetCode, facts, sinceMs, raisedAtMs, clearedAtMs } = alert
  const told = { alertId, kind, severity, subjectId, cabinetCode, facts, sinceMs, raisedAtMs, clearedAtMs }
  return JSON.stringify({ deliveryId, event, level, ...told })
}

/** `t=<epoch ms>,v1=<HMAC-SHA-256 over "<t>.<body>", hex>`: a receiver refuses what is old or not signed. */
export function signatureOf(key: Buffer, atMs: number, body: string): string {
  return `t=${atMs},v1=${createHmac('sha256', key).update(`${atMs}.${body}`).digest('hex')}`
}

async function sendWebhook(
  message: AlertMessage,
  to: Address,
  { clock, reach }: Pick<Ways, 'clock' | 'reach'>,
  signal: AbortSignal,
): Promise<void> {
  const body = webhookBodyOf(message)
  const posting = {
    headers: {
      'content-type': 'application/json',
      'huinong-delivery': message.deliveryId,
      'huinong-signature': signatureOf(to.signingKey, clock.now(), body),
    },
    body,
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  }
  const status = await postOutward(to.address, posting, reach)
  if (status < 200 || status > 299) throw new Error(`the webhook answered ${status}`)
}

/** Most of an alert's own words in a push: the sealed message must stay under 4 kB (RFC 8030, 7.2). */
const pushedText = 1_500

/** What the page's service worker shows, and where a tap on it leads. */
export function pushPayloadOf(message: AlertMessage): string {
  const { subject, text } = wordsOf(message)
  const { deliveryId, event, alert } = message
  const tag = alert?.alertId ?? deliveryId
  return JSON.stringify({
    title: subject,
    body: text.trimEnd().slice(0, pushedText),
    tag,
    event,
    path: '/admin/alerts',
  })
}

/** What messages leave by. */
export interface Ways {
  /** Undefined: e-mail fails with that reason. */
  readonly mail: { readonly smtpUrl: string; readonly from: string } | undefined
  readonly push: PushIdentity
  readonly clock: Clock
  /** Where webhooks and push services may be. */
  readonly reach: Reach
}

export function makeSend({ mail, push, clock, reach }: Ways): Send {
  return async (message, to, signal) => {
    if (message.recipient.channel === 'webhook') return sendWebhook(message, to, { clock, reach }, signal)
    if (message.recipient.channel === 'push') {
      const topic = message.deliveryId.replaceAll('-', '')
      const sealed = { topic, isUrgent: message.alert?.severity === 'critical', payload: pushPayloadOf(message) }
      return sendPush(sealed, to.address, push, reach, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]))
    }
    if (mail === undefined) throw new Error('no SMTP server is configured')
    const transport = createTransport({ url: mail.smtpUrl, connectionTimeout: timeoutMs, socketTimeout: timeoutMs })
    // The id is the message's own, so that a mailbox can drop what came twice.
    const messageId = `<${message.deliveryId}@huinong>`
    await transport.sendMail({ from: mail.from, to: to.address, messageId, ...wordsOf(message) })
  }
}
