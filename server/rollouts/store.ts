// Queries of roll-outs, for this noun.
import { and, asc, eq, isNull, lte, ne, or, sql } from 'drizzle-orm'
import type { z } from 'zod'
import type { listRolloutCabinets, Rollout, RolloutCabinet } from '#shared/contracts/http/rollouts.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { countRows, sumOf } from '../db/expressions.ts'
import {
  behindInTime,
  behindKey,
  inTimeOrder,
  keyOfCursor,
  type Page,
  pageOfRows,
  type TimedPageRequest,
} from '../db/keyset.ts'
import { one, rows, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import type { Counts } from './rules.ts'

export type RolloutRow = UnitContext['tables']['rollouts']['$inferSelect']

export function* requireRollout({ db, tables: { rollouts: t } }: UnitContext, rolloutId: Id): Unit<RolloutRow> {
  const row = yield* one(db.select().from(t).where(eq(t.rolloutId, rolloutId)))
  if (row === undefined) throw new RefusalError('rollout.unknown')
  return row
}

/** Cabinets by state: of all waves, or those of the waves so far; while going back only the ones that go back. */
export function* countCabinets(
  { db, tables: { rolloutCabinets: c } }: UnitContext,
  rollout: RolloutRow,
  throughWave?: number,
): Unit<{ counts: Counts; errors: number }> {
  const isBack = rollout.state === 'reverting' || rollout.state === 'reverted'
  const found = yield* rows(
    db
      .select({ state: c.state, count: countRows(), errors: sumOf(sql`case when ${c.isError} then 1 else 0 end`) })
      .from(c)
      .where(
        and(
          eq(c.rolloutId, rollout.rolloutId),
          isBack ? eq(c.isGoingBack, true) : undefined,
          throughWave === undefined ? undefined : lte(c.wave, throughWave),
        ),
      )
      .groupBy(c.state),
  )
  const counts = { waiting: 0, sent: 0, equal: 0, listed: 0 }
  for (const { state, count } of found) counts[state] = count
  return { counts, errors: found.reduce((sum, row) => sum + row.errors, 0) }
}

export function* showRollout(ctx: UnitContext, row: RolloutRow): Unit<z.input<typeof Rollout>> {
  const { kind: _kind, activeKind: _active, forgivenErrors: _forgiven, stopReason, endedAtMs, waveSizes, ...kept } = row
  const { counts } = yield* countCabinets(ctx, row)
  return {
    ...kept,
    waveSizes: [...waveSizes],
    counts,
    ...(stopReason === null ? {} : { stopReason }),
    ...(endedAtMs === null ? {} : { endedAtMs }),
  }
}

export function* listRolloutPage(ctx: UnitContext, query: TimedPageRequest): Unit<Page<z.input<typeof Rollout>>> {
  const { rollouts: t } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select()
      .from(t)
      .where(behindInTime([t.rolloutId], query))
      .orderBy(...inTimeOrder([t.rolloutId], query))
      .limit(query.limit + 1),
  )
  const page = pageOfRows(
    found,
    query.limit,
    ({ rolloutId }) => [rolloutId],
    (row) => row,
  )
  const shown = []
  for (const row of page.rows) shown.push(yield* showRollout(ctx, row))
  return { ...page, rows: shown }
}

type CabinetQuery = z.output<(typeof listRolloutCabinets)['query']>

export function* listCabinetPage(
  { db, tables: { rolloutCabinets: c, cabinets } }: UnitContext,
  rolloutId: Id,
  query: CabinetQuery,
): Unit<Page<z.input<typeof RolloutCabinet>>> {
  const found = yield* rows(
    db
      .select({
        cabinetId: c.cabinetId,
        code: cabinets.code,
        position: c.position,
        wave: c.wave,
        state: c.state,
        isGoingBack: c.isGoingBack,
        reason: c.reason,
        sentAtMs: c.sentAtMs,
        settledAtMs: c.settledAtMs,
      })
      .from(c)
      .innerJoin(cabinets, eq(cabinets.cabinetId, c.cabinetId))
      .where(
        and(
          eq(c.rolloutId, rolloutId),
          query.state === undefined ? undefined : eq(c.state, query.state),
          behindKey([c.position], keyOfCursor(query.cursor, 1), 'ascending'),
        ),
      )
      .orderBy(asc(c.position))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    ({ position }) => [position],
    ({ position: _position, reason, sentAtMs, settledAtMs, ...row }) => ({
      ...row,
      ...(reason === null ? {} : { reason }),
      ...(sentAtMs === null ? {} : { sentAtMs }),
      ...(settledAtMs === null ? {} : { settledAtMs }),
    }),
  )
}

/**
 * Cabinets of a roll-out that have something new to judge: heard since the change was sent, or over their time; and listed
 * ones that have been heard since. Heard is told by the status's revision: a word is stamped when it comes but written later,
 * and a judgement may fall between the two. Those judged longest ago come first.
 */
export function* findToJudge(ctx: UnitContext, rollout: RolloutRow, limit: number) {
  const { rolloutCabinets: c, cabinetStatuses: s, cabinetTwins: t } = ctx.tables
  const isHeard = or(isNull(c.judgedRevision), ne(c.judgedRevision, s.revision))
  return yield* rows(
    ctx.db
      .select({
        cabinetId: c.cabinetId,
        state: c.state,
        isError: c.isError,
        wasOnline: c.wasOnline,
        sentAtMs: c.sentAtMs,
        desiredVersion: c.desiredVersion,
        isOnline: s.isOnline,
        lastSeenAtMs: s.lastSeenAtMs,
        revision: s.revision,
        reported: s.reported,
        version: t.version,
        planogram: t.planogram,
        prices: t.prices,
        config: t.config,
        agent: t.agent,
      })
      .from(c)
      .innerJoin(s, eq(s.cabinetId, c.cabinetId))
      .innerJoin(t, eq(t.cabinetId, c.cabinetId))
      .where(
        and(
          eq(c.rolloutId, rollout.rolloutId),
          or(
            and(eq(c.state, 'sent'), or(isHeard, lte(c.sentAtMs, ctx.now() - rollout.waveTimeoutMs))),
            and(eq(c.state, 'listed'), isHeard),
          ),
        ),
      )
      .orderBy(asc(c.judgedAtMs), asc(c.position))
      .limit(limit),
  )
}
