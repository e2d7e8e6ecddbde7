// When somebody is told what: pure. A condition is what one look at the database found; an alert is what became of the same
// condition over many looks. It is raised when it has held long enough, told once, told to the next level while nobody
// acknowledges, and cleared only when it has stayed away, so that a flickering line is one alert and not a hundred.
import { AlertKind, type AlertSeverity } from '#shared/contracts/http/alerts.ts'
import type { EpochMs } from '#shared/time/clock.ts'
import { districtDateOf, districtDateStartMs } from '#shared/time/district-time.ts'
import type { AlertFacts } from './schema.ts'

const minuteMs = 60_000
export const hourMs = 60 * minuteMs

/** A condition that is gone for so long is over. */
export const clearAfterMs = minuteMs
export const highestLevel = 3

export interface Rule {
  readonly kind: AlertKind
  readonly version: number
  readonly isEnabled: boolean
  readonly severity: AlertSeverity
  readonly holdMs: number
  readonly threshold: number
  readonly escalateAfterMs: number
}

/** The threshold of each rule, by kind. */
export type Thresholds = ReadonlyMap<AlertKind, number>

const shipped = (
  kind: AlertKind,
  severity: AlertSeverity,
  { holdMs = 0, threshold = 0, escalateAfterMs = 30 * minuteMs },
): Rule => ({ kind, version: 0, isEnabled: true, severity, holdMs, threshold, escalateAfterMs })

/** The rules until somebody changes them. What the cabinet itself times (door, temperature) is told at once. */
export const shippedRules: readonly Rule[] = [
  shipped('cabinet_offline', 'warning', { holdMs: 5 * minuteMs }),
  shipped('door_open', 'warning', { escalateAfterMs: 10 * minuteMs }),
  shipped('over_temperature', 'critical', { escalateAfterMs: 15 * minuteMs }),
  shipped('lock_fault', 'warning', { holdMs: minuteMs }),
  shipped('scale_fault', 'warning', { holdMs: minuteMs }),
  shipped('scale_drift', 'warning', { escalateAfterMs: 4 * hourMs }),
  shipped('certificate_expiry', 'warning', { threshold: 30 * 24, escalateAfterMs: 72 * hourMs }),
  shipped('sensor_fault', 'notice', { holdMs: 5 * minuteMs, escalateAfterMs: 4 * hourMs }),
  shipped('session_unsettled', 'warning', { holdMs: 2 * minuteMs }),
  shipped('low_stock', 'notice', { threshold: 2, escalateAfterMs: 24 * hourMs }),
  shipped('expiry', 'notice', { threshold: 24, escalateAfterMs: 12 * hourMs }),
  shipped('reconciliation_difference', 'critical', { escalateAfterMs: 4 * hourMs }),
  shipped('payout_overdue', 'critical', { threshold: 3 * 24, escalateAfterMs: 24 * hourMs }),
  shipped('books_unsound', 'critical', { escalateAfterMs: hourMs }),
  // Longer than a restarted server takes until its first proof.
  shipped('books_unproven', 'critical', { holdMs: hourMs, threshold: 36, escalateAfterMs: 4 * hourMs }),
  shipped('disk_full', 'critical', { threshold: 200 }),
  shipped('journal_broken', 'critical', {}),
  shipped('twin_reverted', 'warning', {}),
]

/** The newest version of each kind, in the order of the kinds. */
export function rulesInForce(changed: readonly Rule[]): readonly Rule[] {
  return AlertKind.options.map((kind) => {
    const versions = [...shippedRules, ...changed].filter((rule) => rule.kind === kind)
    return versions.reduce((newest, rule) => (rule.version > newest.version ? rule : newest))
  })
}

/** Something that holds now. */
export interface Condition {
  readonly kind: AlertKind
  readonly subjectId: string
  readonly cabinetId?: string | undefined
  /** Since when, where that is known; else it counts from the first look. */
  readonly sinceMs?: EpochMs | undefined
  readonly facts: AlertFacts
}

/** An alert that is not cleared. */
export interface OpenAlert {
  readonly alertId: string
  readonly kind: AlertKind
  readonly subjectId: string
  readonly sinceMs: EpochMs
  readonly raisedAtMs: EpochMs | null
  readonly level: number
  readonly toldAtMs: EpochMs | null
  readonly acknowledgedAtMs: EpochMs | null
  readonly goneSinceMs: EpochMs | null
}

export type AlertMove =
  | { readonly move: 'see'; readonly condition: Condition; readonly sinceMs: EpochMs; readonly isRaised: boolean }
  | { readonly move: 'raise'; readonly alert: OpenAlert; readonly facts: AlertFacts }
  | { readonly move: 'escalate'; readonly alert: OpenAlert; readonly level: number }
  | { readonly move: 'miss'; readonly alert: OpenAlert }
  | { readonly move: 'return'; readonly alert: OpenAlert }
  /** Never raised: nobody heard of it, nobody has to hear of its end. */
  | { readonly move: 'forget'; readonly alert: OpenAlert }
  | { readonly move: 'clear'; readonly alert: OpenAlert }

const keyOf = ({ kind, subjectId }: Pick<Condition, 'kind' | 'subjectId'>) => `${kind} ${subjectId}`

/** What one look changes. Conditions and alerts of kinds without an enabled rule count as gone. */
export function planMoves(
  rules: readonly Rule[],
  conditions: readonly Condition[],
  open: readonly OpenAlert[],
  nowMs: EpochMs,
): AlertMove[] {
  const ruleOf = new Map(rules.filter(({ isEnabled }) => isEnabled).map((rule) => [rule.kind, rule]))
  const holding = new Map(conditions.filter(({ kind }) => ruleOf.has(kind)).map((one) => [keyOf(one), one]))
  const known = new Map(open.map((alert) => [keyOf(alert), alert]))
  const fresh = [...holding].flatMap(([key, condition]): AlertMove[] => {
    const rule = ruleOf.get(condition.kind)
    if (rule === undefined || known.has(key)) return []
    // A cabinet's clock may run ahead of ours.
    const sinceMs = Math.min(condition.sinceMs ?? nowMs, nowMs)
    return [{ move: 'see', condition, sinceMs, isRaised: nowMs - sinceMs >= rule.holdMs }]
  })
  const further = open.flatMap((alert): AlertMove[] => {
    const rule = ruleOf.get(alert.kind)
    const condition = holding.get(keyOf(alert))
    if (rule === undefined || condition === undefined) return endMoves(alert, nowMs)
    return [
      ...(alert.goneSinceMs === null ? [] : [{ move: 'return', alert } as const]),
      ...holdMoves(rule, condition, alert, nowMs),
    ]
  })
  return [...fresh, ...further]
}

function endMoves(alert: OpenAlert, nowMs: EpochMs): AlertMove[] {
  if (alert.raisedAtMs === null) return [{ move: 'forget', alert }]
  if (alert.goneSinceMs === null) return [{ move: 'miss', alert }]
  return nowMs - alert.goneSinceMs >= clearAfterMs ? [{ move: 'clear', alert }] : []
}

function holdMoves(rule: Rule, condition: Condition, alert: OpenAlert, nowMs: EpochMs): AlertMove[] {
  if (alert.raisedAtMs === null)
    return nowMs - alert.sinceMs >= rule.holdMs ? [{ move: 'raise', alert, facts: condition.facts }] : []
  if (alert.acknowledgedAtMs !== null || alert.toldAtMs === null || alert.level >= highestLevel) return []
  return nowMs - alert.toldAtMs >= rule.escalateAfterMs ? [{ move: 'escalate', alert, level: alert.level + 1 }] : []
}

export interface Recipient {
  readonly recipientId: string
  readonly kinds: readonly AlertKind[]
  readonly level: number
  readonly quietFromMinute: number
  readonly quietToMinute: number
}

/** Who is told of a kind at a level. */
export function recipientsOf<R extends Recipient>(recipients: readonly R[], kind: AlertKind, level: number): R[] {
  return recipients.filter((one) => one.level === level && (one.kinds.length === 0 || one.kinds.includes(kind)))
}

/** When a recipient may be told: at once, or when the quiet hours end. Quiet hours may run over midnight. */
export function tellableAtMs(recipient: Recipient, severity: AlertSeverity, nowMs: EpochMs): EpochMs {
  const { quietFromMinute: from, quietToMinute: to } = recipient
  if (severity === 'critical' || from === to) return nowMs
  const dayStartMs = districtDateStartMs(districtDateOf(nowMs))
  const minute = Math.floor((nowMs - dayStartMs) / minuteMs)
  const isQuiet = from < to ? minute >= from && minute < to : minute >= from || minute < to
  if (!isQuiet) return nowMs
  const endMs = dayStartMs + to * minuteMs
  return endMs > nowMs ? endMs : endMs + 24 * hourMs
}

/** Tries of one message: over some ten hours. */
export const mostAttempts = 16

/** The pause after so many tries: doubling from ten seconds to an hour. */
export function retryPauseMs(attempts: number): number {
  return Math.min(hourMs, 10_000 * 2 ** Math.max(0, attempts - 1))
}
