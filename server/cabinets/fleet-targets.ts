// How many cabinets the programme aims at, by kind of host site, each version dated and with its document, and how far the
// roll-out has come against the one in force. Before the first is entered the configuration says the number as a whole.
import { desc, eq, lte } from 'drizzle-orm'
import type { z } from 'zod'
import type { FleetProgress, FleetTarget } from '#shared/contracts/http/fleet.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { countRows } from '../db/expressions.ts'
import { insertRows, one, rows, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'

type TargetRow = UnitContext['tables']['fleetTargets']['$inferSelect']
type TargetView = z.input<typeof FleetTarget>

export interface NewFleetTarget {
  readonly effectiveFromMs: number
  readonly byHostSiteKind: TargetView['byHostSiteKind']
  readonly documentNumber: string
  readonly byAccountId: Id
}

const showTarget = ({ government, hospital, school, ...row }: TargetRow): TargetView => ({
  ...row,
  byHostSiteKind: { government, hospital, school },
  total: government + hospital + school,
})

/** Enters the next target. Refuses with fleet.target_dated_back one that is not later than now and every other. */
export function* enterFleetTarget(ctx: UnitContext, input: NewFleetTarget): Unit<TargetView> {
  const { fleetTargets: t } = ctx.tables
  const { effectiveFromMs, byHostSiteKind, documentNumber, byAccountId } = input
  const newest = yield* one(ctx.db.select().from(t).orderBy(desc(t.effectiveFromMs)).limit(1))
  const isFirst = newest === undefined
  if (!isFirst && effectiveFromMs <= Math.max(newest.effectiveFromMs, ctx.now()))
    throw new RefusalError('fleet.target_dated_back', undefined, { field: 'effectiveFromMs' })
  const row = { effectiveFromMs, ...byHostSiteKind, documentNumber, enteredBy: byAccountId, enteredAtMs: ctx.now() }
  yield* insertRows(t, [row])
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'fleet.target_entered',
    subjectId: String(effectiveFromMs),
    after: { ...byHostSiteKind, documentNumber },
  })
  return showTarget(row)
}

/** The target in force, or undefined. */
function* findFleetTarget({ db, tables: { fleetTargets: t }, ...ctx }: UnitContext): Unit<TargetView | undefined> {
  const found = yield* one(
    db.select().from(t).where(lte(t.effectiveFromMs, ctx.now())).orderBy(desc(t.effectiveFromMs)).limit(1),
  )
  return found === undefined ? undefined : showTarget(found)
}

/** How many cabinets the programme aims at now. */
export function* findTargetTotal(ctx: UnitContext, configured: number): Unit<number> {
  return (yield* findFleetTarget(ctx))?.total ?? configured
}

/** Cabinets by town, kind of site and state against the target in force. */
export function* showFleetProgress(ctx: UnitContext, configured: number): Unit<z.input<typeof FleetProgress>> {
  const { cabinets, hostSites } = ctx.tables
  const target = yield* findFleetTarget(ctx)
  const counted = yield* rows(
    ctx.db
      .select({
        townCode: hostSites.townCode,
        hostSiteKind: hostSites.kind,
        rolloutState: cabinets.rolloutState,
        count: countRows(),
      })
      .from(cabinets)
      .innerJoin(hostSites, eq(hostSites.hostSiteId, cabinets.hostSiteId))
      .groupBy(hostSites.townCode, hostSites.kind, cabinets.rolloutState)
      .orderBy(hostSites.townCode, hostSites.kind, cabinets.rolloutState),
  )
  const live = { government: 0, hospital: 0, school: 0 }
  for (const { hostSiteKind, rolloutState, count } of counted) if (rolloutState === 'live') live[hostSiteKind] += count
  const liveTotal = live.government + live.hospital + live.school
  const total = target?.total ?? configured
  return {
    ...(target === undefined ? {} : { target }),
    targetTotal: total,
    liveByHostSiteKind: live,
    liveTotal,
    missing: Math.max(0, total - liveTotal),
    counts: counted.map(({ townCode, ...row }) => ({ ...row, ...(townCode === null ? {} : { townCode }) })),
  }
}
