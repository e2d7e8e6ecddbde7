// Compares what lanes weigh with what the books hold, some cabinets to a unit, and keeps what differs. Nothing is corrected here.
import { and, asc, eq, gt, inArray, isNull, sql } from 'drizzle-orm'
import type { ReportedTwin, Planogram } from '#shared/contracts/mqtt/twin.ts'
import type { Database } from '../db/database.ts'
import { sumOf } from '../db/expressions.ts'
import { exec, insertRows, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { holdingStates } from '../sessions/rules.ts'
import { mayLieThere } from '../stock/lane-stock.ts'
import { judgeLanes } from './rules.ts'
import type { JudgedLane, LaneFacts } from './rules.ts'

const cabinetsPerUnit = 100

export interface CheckedLanes {
  readonly cabinets: number
  readonly lanes: number
  readonly unweighed: number
  readonly accurate: number
}

interface CheckedCabinet {
  readonly cabinetId: string
  readonly planogram: Planogram
  readonly reported: ReportedTwin | null
}

/** Checks every live cabinet once; stops between units when the signal aborts. */
export async function checkAllLanes(database: Database, signal?: AbortSignal): Promise<CheckedLanes> {
  let sum: CheckedLanes = { cabinets: 0, lanes: 0, unweighed: 0, accurate: 0 }
  let behind: string | undefined = ''
  while (behind !== undefined) {
    signal?.throwIfAborted()
    const from: string = behind
    const part = await database.run((ctx) => checkLanes(ctx, from))
    behind = part.lastCabinetId
    sum = {
      cabinets: sum.cabinets + part.cabinets,
      lanes: sum.lanes + part.lanes,
      unweighed: sum.unweighed + part.unweighed,
      accurate: sum.accurate + part.accurate,
    }
  }
  return sum
}

function* checkLanes(
  ctx: UnitContext,
  behindCabinetId: string,
): Unit<CheckedLanes & { readonly lastCabinetId: string | undefined }> {
  const cabinets = yield* findCabinets(ctx, behindCabinetId)
  const factsOf = yield* readFacts(ctx, cabinets)
  const judged = cabinets.flatMap((cabinet) =>
    judgeLanes(factsOf(cabinet)).map((lane) => ({ ...lane, cabinetId: cabinet.cabinetId })),
  )
  yield* keepDifferences(
    ctx,
    cabinets.map(({ cabinetId }) => cabinetId),
    judged.filter(({ causes }) => causes.length > 0),
  )
  return {
    cabinets: cabinets.length,
    lanes: judged.length,
    unweighed: judged.filter(({ weighedUnits }) => weighedUnits === undefined).length,
    accurate: judged.filter(({ isAccurate }) => isAccurate).length,
    lastCabinetId: cabinets.length < cabinetsPerUnit ? undefined : cabinets.at(-1)?.cabinetId,
  }
}

function* findCabinets({ db, tables: t }: UnitContext, behindCabinetId: string): Unit<CheckedCabinet[]> {
  return yield* rows(
    db
      .select({
        cabinetId: t.cabinets.cabinetId,
        planogram: t.cabinetTwins.planogram,
        reported: t.cabinetStatuses.reported,
      })
      .from(t.cabinets)
      .innerJoin(t.cabinetTwins, eq(t.cabinetTwins.cabinetId, t.cabinets.cabinetId))
      .innerJoin(t.cabinetStatuses, eq(t.cabinetStatuses.cabinetId, t.cabinets.cabinetId))
      .where(and(eq(t.cabinets.rolloutState, 'live'), gt(t.cabinets.cabinetId, behindCabinetId)))
      .orderBy(asc(t.cabinets.cabinetId))
      .limit(cabinetsPerUnit),
  )
}

/** What the books, the sessions and the last restocks say of these cabinets' lanes. */
function* readFacts(ctx: UnitContext, cabinets: readonly CheckedCabinet[]) {
  const ids = cabinets.map(({ cabinetId }) => cabinetId)
  const { laneStock: s, lots, shoppingSessions: q, laneWeights: w } = ctx.tables
  const none = ids.length === 0
  const stock = none
    ? []
    : yield* rows(
        ctx.db
          .select({
            cabinetId: s.cabinetId,
            laneId: s.laneId,
            skuId: lots.skuId,
            units: sumOf(s.units),
            missing: sumOf(s.unitsMissing),
            unexplained: sumOf(sql`abs(${s.unitsMissing})`),
          })
          .from(s)
          .innerJoin(lots, eq(lots.lotId, s.lotId))
          .where(and(inArray(s.cabinetId, ids), mayLieThere(s)))
          .groupBy(s.cabinetId, s.laneId, lots.skuId),
      )
  const sessions = none
    ? []
    : yield* rows(
        ctx.db
          .select({
            cabinetId: q.cabinetId,
            unfinished: sumOf(sql`case when ${inArray(q.state, [...holdingStates])} then 1 else 0 end`),
            lastEndMs: sql<number>`coalesce(max(${q.endedAtMs}), 0)`.mapWith(Number),
          })
          .from(q)
          .where(inArray(q.cabinetId, ids))
          .groupBy(q.cabinetId),
      )
  const doubtful = none
    ? []
    : yield* rows(
        ctx.db
          .select({ cabinetId: w.cabinetId, laneId: w.laneId })
          .from(w)
          .where(and(inArray(w.cabinetId, ids), eq(w.isCountDoubtful, true))),
      )
  const doubted = new Set(doubtful.map(({ cabinetId, laneId }) => `${cabinetId} ${laneId}`))
  const sessionsOf = new Map(sessions.map((row) => [row.cabinetId, row]))
  return ({ cabinetId, planogram, reported }: CheckedCabinet): LaneFacts[] => {
    const booked = stock.filter((row) => row.cabinetId === cabinetId)
    const { unfinished = 0, lastEndMs = 0 } = sessionsOf.get(cabinetId) ?? {}
    // Goods of a SKU that the planogram has moved elsewhere are still in the books of the lane they lie in.
    const left = booked.filter(({ laneId }) => !planogram.lanes.some((lane) => lane.laneId === laneId))
    const lanes = [...planogram.lanes, ...left.map(({ laneId, skuId }) => ({ laneId, skuId, mode: 'piece' as const }))]
    return lanes.map(({ laneId, skuId, mode }) => {
      const own = booked.filter((row) => row.laneId === laneId)
      const sum = (of: (row: (typeof own)[number]) => number) => own.reduce((all, row) => all + of(row), 0)
      return {
        laneId,
        skuId,
        mode,
        bookUnits: sum(({ units }) => units),
        unitsMissing: sum(({ missing }) => missing),
        isUnexplained: sum(({ unexplained }) => unexplained) > 0,
        report: reported?.lanes.find((lane) => lane.laneId === laneId),
        isReportOld: reported === null || reported.atMs < lastEndMs,
        isSessionUnfinished: unfinished > 0,
        isCountDoubtful: doubted.has(`${cabinetId} ${laneId}`),
      }
    })
  }
}

/** New differences are entered, open ones brought up to date; one that is not seen any more stays open for a person. */
function* keepDifferences(
  ctx: UnitContext,
  cabinetIds: readonly string[],
  found: ReadonlyArray<JudgedLane & { readonly cabinetId: string }>,
): Unit<void> {
  if (found.length === 0) return
  const { laneDifferences: d } = ctx.tables
  const open = yield* rows(
    ctx.db
      .select({ differenceId: d.differenceId, cabinetId: d.cabinetId, laneId: d.laneId })
      .from(d)
      .where(and(inArray(d.cabinetId, [...cabinetIds]), isNull(d.closedAtMs))),
  )
  const known = new Map(open.map(({ cabinetId, laneId, differenceId }) => [`${cabinetId} ${laneId}`, differenceId]))
  const seenAtMs = ctx.now()
  const fresh: Array<typeof d.$inferInsert> = []
  for (const { cabinetId, laneId, skuId, bookUnits, weighedUnits, unitsMissing, causes } of found) {
    const figures = { skuId, bookUnits, weighedUnits: weighedUnits ?? null, unitsMissing, causes, seenAtMs }
    const differenceId = known.get(`${cabinetId} ${laneId}`)
    if (differenceId !== undefined) yield* exec(ctx.db.update(d).set(figures).where(eq(d.differenceId, differenceId)))
    else {
      fresh.push({
        ...figures,
        differenceId: ctx.newId(),
        cabinetId,
        laneId,
        foundAtMs: seenAtMs,
        closedAtMs: null,
        closedBy: null,
        reason: null,
      })
    }
  }
  yield* insertRows(d, fresh)
}
