// Findings: what a cabinet reported and no rule could use. Accepted, acknowledged, shown to a person; no money moves.
import { and, desc, eq } from 'drizzle-orm'
import type { z } from 'zod'
import type { SessionFinding } from '#shared/contracts/http/sessions.ts'
import { behindKey, keyOfCursor, pageOfRows, type Page, type PageRequest } from '../db/keyset.ts'
import { insertRows, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'

export interface Finding {
  readonly cabinetId: string
  readonly seq: number
  readonly sessionId: string | undefined
  readonly finding:
    | 'unknown_session'
    | 'foreign_session'
    | 'session_ended'
    | 'settled_again'
    | 'capped_at_hold'
    | 'unpriced'
    | 'expired_item'
    | 'locked_item'
    | 'load_differs'
    | 'unknown_pass'
    | 'unknown_shelf'
    | 'pass_repeated'
  readonly detail: string
}

export function* addFinding(ctx: UnitContext, { cabinetId, seq, sessionId, finding, detail }: Finding): Unit<void> {
  yield* insertRows(
    ctx.tables.sessionFindings,
    [{ cabinetId, seq, sessionId, finding, detail: detail.slice(0, 1_000), atMs: ctx.now() }],
    'ignore',
  )
}

/** Findings, newest first, of all cabinets or of one, of all sessions or of one. */
export function* listFindings(
  { db, tables: { sessionFindings: f, cabinets: c } }: UnitContext,
  query: PageRequest & { readonly sessionId?: string | undefined; readonly cabinetId?: string | undefined },
): Unit<Page<z.input<typeof SessionFinding>>> {
  const found = yield* rows(
    db
      .select({
        cabinetId: f.cabinetId,
        cabinetCode: c.code,
        seq: f.seq,
        sessionId: f.sessionId,
        finding: f.finding,
        detail: f.detail,
        atMs: f.atMs,
      })
      .from(f)
      .leftJoin(c, eq(c.cabinetId, f.cabinetId))
      .where(
        and(
          behindKey([f.atMs, f.cabinetId, f.seq, f.finding], keyOfCursor(query.cursor, 4), 'descending'),
          query.sessionId === undefined ? undefined : eq(f.sessionId, query.sessionId),
          query.cabinetId === undefined ? undefined : eq(f.cabinetId, query.cabinetId),
        ),
      )
      .orderBy(desc(f.atMs), desc(f.cabinetId), desc(f.seq), desc(f.finding))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    ({ atMs, cabinetId, seq, finding }) => [atMs, cabinetId, seq, finding],
    ({ cabinetCode, sessionId, ...row }) => ({
      ...row,
      ...(cabinetCode === null ? {} : { cabinetCode }),
      ...(sessionId === null ? {} : { sessionId }),
    }),
  )
}
