// What holds now, by one look at the tables of each noun.
import { and, eq, gt, inArray, isNull, lte, min, sql } from 'drizzle-orm'
import type { AlertKind } from '#shared/contracts/http/alerts.ts'
import { countRows, sumOf } from '../db/expressions.ts'
import { rows, type Unit, type UnitContext } from '../db/unit.ts'
import { findMoneyConditions } from './find-money-conditions.ts'
import { hourMs, type Condition, type Rule, type Thresholds } from './rules.ts'

const megabyte = 1_048_576

/** The cabinet's own alarms and the server's about it, by the kind of alert they are. */
const kindOfAlarm: Readonly<Record<string, AlertKind>> = {
  door_open: 'door_open',
  door_open_too_long: 'door_open',
  door_forced: 'door_open',
  lock_not_opened: 'lock_fault',
  lock_left_open: 'lock_fault',
  over_temperature: 'over_temperature',
  disk_full: 'disk_full',
  journal_broken: 'journal_broken',
  twin_reverted: 'twin_reverted',
}

function kindOfDevice(device: string): AlertKind {
  if (device.startsWith('lock')) return 'lock_fault'
  return device.startsWith('scale') ? 'scale_fault' : 'sensor_fault'
}

function* findCabinetConditions(ctx: UnitContext, thresholds: Thresholds): Unit<Condition[]> {
  const { cabinetStatuses: s, cabinets } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select({
        cabinetId: s.cabinetId,
        isOnline: s.isOnline,
        lastSeenAtMs: s.lastSeenAtMs,
        alarms: s.alarms,
        offlineDevices: s.offlineDevices,
        reported: s.reported,
        telemetry: s.telemetry,
      })
      .from(s)
      .innerJoin(cabinets, eq(cabinets.cabinetId, s.cabinetId))
      .where(eq(cabinets.rolloutState, 'live')),
  )
  const leastFree = (thresholds.get('disk_full') ?? 0) * megabyte
  return found.flatMap(
    ({ cabinetId, isOnline, lastSeenAtMs, alarms, offlineDevices, reported, telemetry }): Condition[] => {
      const facts = new Map<AlertKind, Record<string, string | number>>()
      const note = (kind: AlertKind, label: string, value: string | number) =>
        facts.set(kind, { ...facts.get(kind), [label]: value })
      // A disk that is full takes no entry of that either: then only the twin tells.
      for (const alarm of new Set([...alarms, ...(reported?.alarms ?? [])])) {
        const kind = kindOfAlarm[alarm]
        if (kind !== undefined) note(kind, 'alarm', alarm)
      }
      for (const [device, code] of Object.entries(offlineDevices)) note(kindOfDevice(device), device, code)
      // The board may answer while one of its scales gives no weight, or the lock's own state cannot be read.
      const faulty = reported?.lanes.flatMap(({ laneId, isFaulty }) => (isFaulty ? [laneId] : [])) ?? []
      if (faulty.length > 0) note('scale_fault', 'faultyLanes', faulty.join(' '))
      if (isOnline && reported?.doorState === 'unknown') note('lock_fault', 'doorState', 'unknown')
      const free = telemetry?.diskFreeBytes
      if (free !== undefined && free < leastFree) note('disk_full', 'diskFreeMegabytes', Math.floor(free / megabyte))
      const own = [...facts].map(([kind, values]) => ({ kind, subjectId: cabinetId, cabinetId, facts: values }))
      if (isOnline) return own
      const sinceMs = lastSeenAtMs ?? undefined
      return [...own, { kind: 'cabinet_offline', subjectId: cabinetId, cabinetId, sinceMs, facts: {} }]
    },
  )
}

/** Sessions whose door is closed, or that fell silent or wait for a person, and that are not settled. */
function* findUnsettled(ctx: UnitContext): Unit<Condition[]> {
  const { shoppingSessions: s, reviewCases } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select({
        sessionId: s.sessionId,
        cabinetId: s.cabinetId,
        state: s.state,
        reason: s.reason,
        openedAtMs: reviewCases.openedAtMs,
      })
      .from(s)
      .leftJoin(reviewCases, eq(reviewCases.sessionId, s.sessionId))
      .where(inArray(s.state, ['closing', 'silent', 'review'])),
  )
  return found.map(({ sessionId, cabinetId, state, reason, openedAtMs }) => ({
    kind: 'session_unsettled',
    subjectId: sessionId,
    cabinetId,
    sinceMs: openedAtMs ?? undefined,
    facts: { state, ...(reason === null ? {} : { reason }) },
  }))
}

function* findLowStock(ctx: UnitContext, leastUnits: number): Unit<Condition[]> {
  const { laneStock: l, cabinets } = ctx.tables
  const lanes = ctx.db
    .select({ cabinetId: l.cabinetId, laneId: l.laneId, units: sumOf(l.units).as('units') })
    .from(l)
    .groupBy(l.cabinetId, l.laneId)
    .as('lanes')
  const found = yield* rows(
    ctx.db
      .select({ cabinetId: lanes.cabinetId, lanes: countRows() })
      .from(lanes)
      .innerJoin(cabinets, eq(cabinets.cabinetId, lanes.cabinetId))
      .where(and(eq(cabinets.rolloutState, 'live'), lte(lanes.units, leastUnits)))
      .groupBy(lanes.cabinetId),
  )
  return found.map(({ cabinetId, lanes: count }) => ({
    kind: 'low_stock',
    subjectId: cabinetId,
    cabinetId,
    facts: { lanes: count },
  }))
}

function* findExpiring(ctx: UnitContext, withinHours: number): Unit<Condition[]> {
  const { laneStock: l, lots } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select({ cabinetId: l.cabinetId, units: sumOf(l.units), firstAtMs: min(lots.expiresAtMs) })
      .from(l)
      .innerJoin(lots, eq(lots.lotId, l.lotId))
      .where(and(gt(l.units, 0), lte(lots.expiresAtMs, ctx.now() + withinHours * hourMs)))
      .groupBy(l.cabinetId),
  )
  return found.map(({ cabinetId, units, firstAtMs }) => ({
    kind: 'expiry',
    subjectId: cabinetId,
    cabinetId,
    facts: { units, firstExpiresAt: new Date(Number(firstAtMs)).toISOString() },
  }))
}

/** Lanes that a check with check weights has locked, and certificates that end soon or have ended. */
function* findScaleConditions(ctx: UnitContext, withinHours: number): Unit<Condition[]> {
  const { laneLocks: k, scaleCertificates: s, cabinets } = ctx.tables
  const drifted = yield* rows(
    ctx.db
      .select({ cabinetId: k.cabinetId, lanes: countRows(), sinceMs: min(k.lockedAtMs) })
      .from(k)
      .where(and(eq(k.reason, 'scale_drift'), isNull(k.releasedAtMs)))
      .groupBy(k.cabinetId),
  )
  const held = ctx.db
    .select({ cabinetId: s.cabinetId, untilMs: sql<number>`max(${s.expiresAtMs})`.mapWith(Number).as('until_ms') })
    .from(s)
    .where(isNull(s.revokedAtMs))
    .groupBy(s.cabinetId)
    .as('held')
  const ending = yield* rows(
    ctx.db
      .select({ cabinetId: held.cabinetId, untilMs: held.untilMs })
      .from(held)
      .innerJoin(cabinets, eq(cabinets.cabinetId, held.cabinetId))
      .where(and(eq(cabinets.rolloutState, 'live'), lte(held.untilMs, ctx.now() + withinHours * hourMs))),
  )
  return [
    ...drifted.map(({ cabinetId, lanes, sinceMs }): Condition => {
      const since = sinceMs === null ? {} : { sinceMs: Number(sinceMs) }
      return { kind: 'scale_drift', subjectId: cabinetId, cabinetId, ...since, facts: { lanes } }
    }),
    ...ending.map(({ cabinetId, untilMs }): Condition => {
      const facts = { expiresAt: new Date(untilMs).toISOString() }
      return { kind: 'certificate_expiry', subjectId: cabinetId, cabinetId, facts }
    }),
  ]
}

/** Everything that holds at this instant, for the rules in force. */
export function* findConditions(ctx: UnitContext, rules: readonly Rule[]): Unit<Condition[]> {
  const thresholds = new Map(rules.map(({ kind, threshold }) => [kind, threshold]))
  return [
    ...(yield* findCabinetConditions(ctx, thresholds)),
    ...(yield* findUnsettled(ctx)),
    ...(yield* findLowStock(ctx, thresholds.get('low_stock') ?? 0)),
    ...(yield* findExpiring(ctx, thresholds.get('expiry') ?? 0)),
    ...(yield* findScaleConditions(ctx, thresholds.get('certificate_expiry') ?? 0)),
    ...(yield* findMoneyConditions(ctx, thresholds)),
  ]
}
