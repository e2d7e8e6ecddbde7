// Distributions as the contract shows them: the plan, its lines with their arithmetic and what became of them, and the lots
// behind a trade volume.
import { and, asc, eq, inArray } from 'drizzle-orm'
import type { z } from 'zod'
import type * as contract from '#shared/contracts/http/distributions.ts'
import { sumOf } from '../db/expressions.ts'
import { behindKey, keyOfCursor, pageOfRows } from '../db/keyset.ts'
import type { Page, PageRequest } from '../db/keyset.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import type { DistributionRequest, WorkedOut } from './draft-distribution.ts'
import { explainLine, explainWaterfall } from './explain-line.ts'
import { findOnReversedRegister } from './find-reversed-registers.ts'
import type { Line } from './rules.ts'
import { findTerms, postingsOf, toLine } from './run-distribution.ts'
import { findPlans, findRuns, requirePlan } from './store.ts'
import type { PlanRow } from './store.ts'

type PlanView = z.input<typeof contract.DistributionPlan>
type LineView = z.input<typeof contract.DistributionLine>

/** A row's fields without those that are NULL. */
function present<TRow extends object>(row: TRow): { [K in keyof TRow]?: Exclude<TRow[K], null> } {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as {
    [K in keyof TRow]?: Exclude<TRow[K], null>
  }
}

/** A plan that was just moved or drafted rests on registers that stand: else it would have been refused. */
export function showPlan(plan: PlanRow, isOnReversedRegister = false): PlanView {
  const { resolutionNumber, presentCount, votesFor, votesAgainst, resolvedBy, resolvedAtMs, ...rest } = plan
  const {
    volumeBasis,
    publishedBy,
    publishedAtMs,
    meetingAtMs,
    withdrawnReason,
    runBy,
    runAtMs,
    incomeKind,
    ...fixed
  } = rest
  return {
    ...fixed,
    isOnReversedRegister,
    ...present({ volumeBasis, publishedBy, publishedAtMs, meetingAtMs, withdrawnReason, runBy, runAtMs, incomeKind }),
    ...(resolutionNumber === null
      ? {}
      : {
          resolution: {
            resolutionNumber,
            presentCount: presentCount ?? 0,
            votesFor: votesFor ?? 0,
            votesAgainst: votesAgainst ?? 0,
            resolvedBy: resolvedBy ?? '',
            resolvedAtMs: resolvedAtMs ?? 0,
          },
        }),
  }
}

function showLine(line: Line): LineView {
  const { householdCode, ...rest } = line
  return { ...rest, ...(householdCode === undefined ? {} : { householdCode }), explanation: explainLine(line) }
}

/** What was worked out, with the postings that a run of it would book. */
export function showPreview(
  worked: WorkedOut,
  { organisationId, title }: Pick<DistributionRequest, 'organisationId' | 'title'>,
): z.input<typeof contract.DistributionPreview> {
  const { terms, distributableFen, totalFen, availableFen, basisHash, lines } = worked
  const postings = postingsOf({ planId: 'preview', organisationId, title }, lines)
  return {
    distributableFen,
    totalFen,
    availableFen,
    isFunded: availableFen >= totalFen,
    basisHash,
    explanation: explainWaterfall(terms, distributableFen),
    lines: lines.map(showLine),
    postings: postings.map(({ debit, credit, amountFen, memo = '' }) => ({
      debitAccountId: debit,
      creditAccountId: credit,
      amountFen,
      memo,
    })),
  }
}

/** A page of plans. */
export function* listPlans(ctx: UnitContext, query: Parameters<typeof findPlans>[1]): Unit<Page<PlanView>> {
  const page = yield* findPlans(ctx, query)
  const reversed = yield* findOnReversedRegister(
    ctx,
    page.rows.map(({ planId }) => planId),
  )
  return { ...page, rows: page.rows.map((plan) => showPlan(plan, reversed.has(plan.planId))) }
}

export function* showDistribution(
  ctx: UnitContext,
  planId: string,
): Unit<z.input<(typeof contract.getDistribution)['reply']>> {
  const plan = yield* requirePlan(ctx, planId)
  const runs = yield* findRuns(ctx, planId)
  const reversed = yield* findOnReversedRegister(ctx, [planId])
  return {
    ...showPlan(plan, reversed.has(planId)),
    explanation: explainWaterfall(yield* findTerms(ctx, plan), plan.distributableFen),
    runs: runs.map(({ runId, kind, byAccountId, reason, atMs }) => ({
      runId,
      kind,
      byAccountId,
      ...(reason === null ? {} : { reason }),
      atMs,
    })),
  }
}

/** A page of a plan's lines in order. */
export function* listLines(
  ctx: UnitContext,
  planId: string,
  query: PageRequest,
): Unit<Page<LineView & { bookedFen: number; borneFen: number }>> {
  yield* requirePlan(ctx, planId)
  const { distributionLines: l, distributionBookings: b, distributionRuns: r } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select()
      .from(l)
      .where(and(eq(l.planId, planId), behindKey([l.ordinal], keyOfCursor(query.cursor, 1), 'ascending')))
      .orderBy(asc(l.ordinal))
      .limit(query.limit + 1),
  )
  const ordinals = found.map((line) => line.ordinal)
  const booked = yield* rows(
    ctx.db
      .select({ ordinal: b.ordinal, bookedFen: sumOf(b.amountFen), borneFen: sumOf(b.borneFen) })
      .from(b)
      .innerJoin(r, eq(r.runId, b.runId))
      .where(and(eq(r.planId, planId), inArray(b.ordinal, ordinals)))
      .groupBy(b.ordinal),
  )
  const byOrdinal = new Map(booked.map((row) => [row.ordinal, row]))
  return pageOfRows(
    found,
    query.limit,
    (row) => [row.ordinal],
    (row) => {
      const { bookedFen, borneFen } = byOrdinal.get(row.ordinal) ?? { bookedFen: 0, borneFen: 0 }
      return { ...showLine(toLine(row)), bookedFen, borneFen }
    },
  )
}

/** A page of the lots behind a plan's trade volume, by lot and household. */
export function* listTradedLots(
  ctx: UnitContext,
  planId: string,
  query: PageRequest,
): Unit<Page<z.input<typeof contract.TradedLot>>> {
  yield* requirePlan(ctx, planId)
  const { distributionVolumes: v, lots, skus } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select({
        lotId: v.lotId,
        traceCode: lots.traceCode,
        skuName: skus.name,
        householdCode: v.householdCode,
        massMg: v.massMg,
        isMember: v.isMember,
      })
      .from(v)
      .innerJoin(lots, eq(lots.lotId, v.lotId))
      .innerJoin(skus, eq(skus.skuId, lots.skuId))
      .where(
        and(eq(v.planId, planId), behindKey([v.lotId, v.householdCode], keyOfCursor(query.cursor, 2), 'ascending')),
      )
      .orderBy(asc(v.lotId), asc(v.householdCode))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    (row) => [row.lotId, row.householdCode],
    (row) => row,
  )
}
