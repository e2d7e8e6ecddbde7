// SQL of sessions. What every settlement runs is prepared once per connection.
import { and, asc, eq, gte, inArray, lt, or, sql } from 'drizzle-orm'
import { eventBodies } from '#shared/contracts/mqtt/event.ts'
import type { EventBody } from '#shared/contracts/mqtt/event.ts'
import { isOneOf } from '../db/kit.ts'
import type { TimedPageRequest } from '../db/keyset.ts'
import { behindInTime, inTimeOrder } from '../db/keyset.ts'
import type { Params, Unit, UnitContext } from '../db/unit.ts'
import { command, exec, one, rows, statement } from '../db/unit.ts'
import { holdingStates, liveStates } from './rules.ts'
import type { SessionState } from './rules.ts'
import { isHoldingState } from './schema.ts'

type Tables = UnitContext['tables']
export type SessionRow = Tables['shoppingSessions']['$inferSelect']
export type ContractRow = Tables['sessionContracts']['$inferSelect']
export type SaleLineRow = Tables['saleLines']['$inferSelect']
export type ReviewRow = Tables['reviewCases']['$inferSelect']

/** A session with the contract it was opened on. */
export interface Contracted extends SessionRow {
  readonly lanes: ContractRow['lanes']
  readonly loads: ContractRow['loads']
}

const contractedById = statement((ctx, p: Params<{ sessionId: string }>) => {
  const { shoppingSessions: s, sessionContracts: c } = ctx.tables
  return ctx.db
    .select({ session: s, lanes: c.lanes, loads: c.loads })
    .from(s)
    .innerJoin(c, eq(c.sessionId, s.sessionId))
    .where(eq(s.sessionId, p.sessionId))
})

const sessionById = statement((ctx, p: Params<{ sessionId: string }>) => {
  const { shoppingSessions: s } = ctx.tables
  return ctx.db.select().from(s).where(eq(s.sessionId, p.sessionId))
})

export function* findContracted(sessionId: string): Unit<Contracted | undefined> {
  const found = yield* one(contractedById.with({ sessionId }))
  return found === undefined ? undefined : { ...found.session, lanes: found.lanes, loads: found.loads }
}

export function* findSession(sessionId: string): Unit<SessionRow | undefined> {
  return yield* one(sessionById.with({ sessionId }))
}

/** What a move writes; every field, so that one prepared statement serves all moves. */
type Progress = Pick<
  SessionRow,
  | 'state'
  | 'totalFen'
  | 'shortfallFen'
  | 'reason'
  | 'flags'
  | 'receiptNumber'
  | 'pricingVersion'
  | 'confidencePpm'
  | 'answeredAtMs'
  | 'openedAtMs'
  | 'endedAtMs'
  | 'deadlineAtMs'
  | 'outcomeSeq'
>

const writeProgress = command((ctx, p: Params<Progress & { sessionId: string }>) => {
  const { shoppingSessions: s } = ctx.tables
  return ctx.db
    .update(s)
    .set({
      state: p.state as never,
      totalFen: p.totalFen as never,
      shortfallFen: p.shortfallFen as never,
      reason: p.reason as never,
      flags: p.flags as never,
      receiptNumber: p.receiptNumber as never,
      pricingVersion: p.pricingVersion as never,
      confidencePpm: p.confidencePpm as never,
      answeredAtMs: p.answeredAtMs as never,
      openedAtMs: p.openedAtMs as never,
      endedAtMs: p.endedAtMs as never,
      deadlineAtMs: p.deadlineAtMs as never,
      outcomeSeq: p.outcomeSeq as never,
    })
    .where(eq(s.sessionId, p.sessionId))
})

/** Writes a session's progress and returns it as it stands now. */
export function* advance(session: SessionRow, change: Partial<Progress>): Unit<SessionRow> {
  const next: SessionRow = { ...session, ...change }
  const {
    sessionId,
    state,
    totalFen,
    shortfallFen,
    reason,
    flags,
    receiptNumber,
    pricingVersion,
    confidencePpm,
    answeredAtMs,
    openedAtMs,
    endedAtMs,
    deadlineAtMs,
    outcomeSeq,
  } = next
  yield* exec(
    writeProgress.with({
      sessionId,
      state,
      totalFen,
      shortfallFen,
      reason,
      flags,
      receiptNumber,
      pricingVersion,
      confidencePpm,
      answeredAtMs,
      openedAtMs,
      endedAtMs,
      deadlineAtMs,
      outcomeSeq,
    }),
  )
  return next
}

const sessionByIntent = statement((ctx, p: Params<{ accountId: string; idempotencyKey: string }>) => {
  const { shoppingSessions: s } = ctx.tables
  return ctx.db
    .select()
    .from(s)
    .where(and(eq(s.accountId, p.accountId), eq(s.idempotencyKey, p.idempotencyKey)))
})

export function* findByIntent(accountId: string, idempotencyKey: string): Unit<SessionRow | undefined> {
  return yield* one(sessionByIntent.with({ accountId, idempotencyKey }))
}

/** Words and not parameters: only so does SQLite see that the indexes of live sessions hold what is asked for. */
const isLive = ({ state }: Tables['shoppingSessions']) => isOneOf(state, liveStates)

/** As the index of unfinished sessions is made with, so that it serves: settled ones are millions. */
export const isHolding = ({ state }: Tables['shoppingSessions']) => isHoldingState(state)
const isOfStates = (s: Tables['shoppingSessions'], states: readonly SessionState[]) => {
  const asked = inArray(s.state, [...states])
  const areHolding = states.every((state) => (holdingStates as readonly SessionState[]).includes(state))
  return areHolding ? and(isHolding(s), asked) : asked
}

const liveOf = statement((ctx, p: Params<{ accountId: string; cabinetId: string }>) => {
  const { shoppingSessions: s } = ctx.tables
  return ctx.db
    .select({ sessionId: s.sessionId, accountId: s.accountId, cabinetId: s.cabinetId, kind: s.kind })
    .from(s)
    .where(and(isLive(s), or(and(eq(s.accountId, p.accountId), sql`${s.kind} = 'sale'`), eq(s.cabinetId, p.cabinetId))))
})

/** Live sessions that stand in the way of a new one. */
export function* findLive(who: {
  readonly accountId: string
  readonly cabinetId: string
}): Unit<Array<{ sessionId: string; accountId: string; cabinetId: string; kind: string }>> {
  return yield* rows(liveOf.with({ accountId: who.accountId, cabinetId: who.cabinetId }))
}

/** Sessions found overdue at once, so that a unit stays short. */
export const overdueAtOnce = 100

const overdueAt = statement((ctx, p: Params<{ nowMs: number }>) => {
  const { shoppingSessions: s } = ctx.tables
  return ctx.db
    .select()
    .from(s)
    .where(and(isLive(s), lt(s.deadlineAtMs, p.nowMs)))
    .orderBy(asc(s.deadlineAtMs), asc(s.sessionId))
    .limit(overdueAtOnce)
})

/** Sessions whose deadline passed, the longest overdue first. */
export function* findOverdue(nowMs: number): Unit<SessionRow[]> {
  return yield* rows(overdueAt.with({ nowMs }))
}

export interface SessionFilter {
  readonly accountId?: string | undefined
  readonly cabinetId?: string | undefined
  readonly states?: readonly SessionState[] | undefined
}

/** One row more than the page holds. */
export function* listSessionRows(
  { db, tables: { shoppingSessions: s } }: UnitContext,
  query: TimedPageRequest & SessionFilter,
): Unit<SessionRow[]> {
  return yield* rows(
    db
      .select()
      .from(s)
      .where(
        and(
          behindInTime([s.sessionId], query),
          query.accountId === undefined ? undefined : eq(s.accountId, query.accountId),
          query.cabinetId === undefined ? undefined : eq(s.cabinetId, query.cabinetId),
          query.states === undefined ? undefined : isOfStates(s, query.states),
        ),
      )
      .orderBy(...inTimeOrder([s.sessionId], query))
      .limit(query.limit + 1),
  )
}

export function* findReview(
  { db, tables: { reviewCases: r } }: UnitContext,
  sessionId: string,
): Unit<ReviewRow | undefined> {
  return yield* one(db.select().from(r).where(eq(r.sessionId, sessionId)))
}

/** Journal entries looked through for a session's own report; a cabinet settles few sessions while one is silent. */
const maxReports = 500

/** The lines a cabinet reported for a session that could not be settled when the report came. */
export function* findReportedBill(
  { db, tables: { journalEntries: j } }: UnitContext,
  session: Pick<SessionRow, 'sessionId' | 'cabinetId' | 'authorisedAtMs'>,
): Unit<EventBody<'session.settled'>['lines'] | undefined> {
  const found = yield* rows(
    db
      .select({ body: j.body })
      .from(j)
      .where(
        and(
          eq(j.cabinetId, session.cabinetId),
          eq(j.type, 'session.settled'),
          gte(j.receivedAtMs, session.authorisedAtMs),
        ),
      )
      .orderBy(asc(j.seq))
      .limit(maxReports),
  )
  for (const { body } of found) {
    const report = eventBodies['session.settled'].safeParse(body)
    if (report.success && report.data.sessionId === session.sessionId) return report.data.lines
  }
  return undefined
}

export function* findSaleLines({ db, tables: { saleLines: l } }: UnitContext, sessionId: string): Unit<SaleLineRow[]> {
  return yield* rows(db.select().from(l).where(eq(l.sessionId, sessionId)).orderBy(asc(l.laneId), asc(l.saleLineId)))
}

const cabinetByCode = statement((ctx, p: Params<{ code: string }>) => {
  const t = ctx.tables
  return ctx.db
    .select({
      cabinetId: t.cabinets.cabinetId,
      code: t.cabinets.code,
      hostSiteName: t.hostSites.name,
      rolloutState: t.cabinets.rolloutState,
      isEnrolled: sql<boolean>`${t.cabinets.publicKey} is not null`.mapWith(Boolean),
      isOnline: t.cabinetStatuses.isOnline,
      isInService: t.cabinetStatuses.isInService,
      alarms: t.cabinetStatuses.alarms,
      reported: t.cabinetStatuses.reported,
      planogram: t.cabinetTwins.planogram,
      prices: t.cabinetTwins.prices,
    })
    .from(t.cabinets)
    .innerJoin(t.hostSites, eq(t.hostSites.hostSiteId, t.cabinets.hostSiteId))
    .leftJoin(t.cabinetStatuses, eq(t.cabinetStatuses.cabinetId, t.cabinets.cabinetId))
    .leftJoin(t.cabinetTwins, eq(t.cabinetTwins.cabinetId, t.cabinets.cabinetId))
    .where(eq(t.cabinets.code, p.code))
})

/** A cabinet as far as opening it needs: its place, whether it can be opened, and the twin it was told to be. */
export function* findCabinetByCode(code: string) {
  return yield* one(cabinetByCode.with({ code }))
}
