// What holds now, by one look at the tables of each noun.
import { and, eq, gt, inArray, isNull, lte, min, sql } from 'drizzle-orm'
import type { AlertKind } from '#shared/contracts/http/alerts.ts'
import { countRows, sumOf } from '../db/expressions.ts'
import { type Params, rows, statement, type Unit, type UnitContext } from '../db/unit.ts'
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

const liveCabinets = statement(({ db, tables: { cabinetStatuses: s, cabinets } }) =>
  db
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

function* findCabinetConditions(thresholds: Thresholds): Unit<Condition[]> {
  const found = yield* rows(liveCabinets.with({}))
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
const unsettled = statement(({ db, tables: { shoppingSessions: s, reviewCases } }) =>
  db
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

function* findUnsettled(): Unit<Condition[]> {
  const found = yield* rows(unsettled.with({}))
  return found.map(({ sessionId, cabinetId, state, reason, openedAtMs }) => ({
    kind: 'session_unsettled',
    subjectId: sessionId,
    cabinetId,
    sinceMs: openedAtMs ?? undefined,
    facts: { state, ...(reason === null ? {} : { reason }) },
  }))
}

const lowLanes = statement(({ db, tables: { laneStock: l, cabinets } }, p: Params<{ leastUnits: number }>) => {
  const lanes = db
    .select({ cabinetId: l.cabinetId, laneId: l.laneId, units: sumOf(l.units).as('units') })
    .from(l)
    .groupBy(l.cabinetId, l.laneId)
    .as('lanes')
  return db
    .select({ cabinetId: lanes.cabinetId, lanes: countRows() })
    .from(lanes)
    .innerJoin(cabinets, eq(cabinets.cabinetId, lanes.cabinetId))
    .where(and(eq(cabinets.rolloutState, 'live'), lte(lanes.units, p.leastUnits)))
    .groupBy(lanes.cabinetId)
})

function* findLowStock(leastUnits: number): Unit<Condition[]> {
  const found = yield* rows(lowLanes.with({ leastUnits }))
  return found.map(({ cabinetId, lanes: count }) => ({
    kind: 'low_stock',
    subjectId: cabinetId,
    cabinetId,
    facts: { lanes: count },
  }))
}

const expiringBy = statement(({ db, tables: { laneStock: l, lots } }, p: Params<{ atMs: number }>) =>
  db
    .select({ cabinetId: l.cabinetId, units: sumOf(l.units), firstAtMs: min(lots.expiresAtMs) })
    .from(l)
    .innerJoin(lots, eq(lots.lotId, l.lotId))
    .where(and(gt(l.units, 0), lte(lots.expiresAtMs, p.atMs)))
    .groupBy(l.cabinetId),
)

function* findExpiring(ctx: UnitContext, withinHours: number): Unit<Condition[]> {
  const found = yield* rows(expiringBy.with({ atMs: ctx.now() + withinHours * hourMs }))
  return found.map(({ cabinetId, units, firstAtMs }) => ({
    kind: 'expiry',
    subjectId: cabinetId,
    cabinetId,
    facts: { units, firstExpiresAt: new Date(Number(firstAtMs)).toISOString() },
  }))
}

const driftedLanes = statement(({ db, tables: { laneLocks: k } }) =>
  db
    .select({ cabinetId: k.cabinetId, lanes: countRows(), sinceMs: min(k.lockedAtMs) })
    .from(k)
    .where(and(eq(k.reason, 'scale_drift'), isNull(k.releasedAtMs)))
    .groupBy(k.cabinetId),
)

const certificatesEndingBy = statement(
  ({ db, tables: { scaleCertificates: s, cabinets } }, p: Params<{ atMs: number }>) => {
    const held = db
      .select({ cabinetId: s.cabinetId, untilMs: sql<number>`max(${s.expiresAtMs})`.mapWith(Number).as('until_ms') })
      .from(s)
      .where(isNull(s.revokedAtMs))
      .groupBy(s.cabinetId)
      .as('held')
    return db
      .select({ cabinetId: held.cabinetId, untilMs: held.untilMs })
      .from(held)
      .innerJoin(cabinets, eq(cabinets.cabinetId, held.cabinetId))
      .where(and(eq(cabinets.rolloutState, 'live'), lte(held.untilMs, p.atMs)))
  },
)

/** Lanes that a check with check weights has locked, and certificates that end soon or have ended. */
function* findScaleConditions(ctx: UnitContext, withinHours: number): Unit<Condition[]> {
  const drifted = yield* rows(driftedLanes.with({}))
  const ending = yield* rows(certificatesEndingBy.with({ atMs: ctx.now() + withinHours * hourMs }))
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
    ...(yield* findCabinetConditions(thresholds)),
    ...(yield* findUnsettled()),
    ...(yield* findLowStock(thresholds.get('low_stock') ?? 0)),
    ...(yield* findExpiring(ctx, thresholds.get('expiry') ?? 0)),
    ...(yield* findScaleConditions(ctx, thresholds.get('certificate_expiry') ?? 0)),
    ...(yield* findMoneyConditions(ctx, thresholds)),
  ]
}
