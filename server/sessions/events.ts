// What sessions do with what cabinets say. An event of a session nobody knows, or of one that ended, is kept as a finding
// and moves no money: the cabinet is acknowledged all the same and never sends it again.
import type { Effect } from '../context.ts'
import { insertRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import type { CommandEnd, CommandEndHandlers, EventHandlers, JournalEvent } from '../mqtt/event-handlers.ts'
import { isPass, startOnPass } from '../offline-passes/start-session.ts'
import type { PaymentPort } from '../payments/payment-port.ts'
import { cancelUnsold, endUnsold } from './end-session.ts'
import { addFinding } from './findings.ts'
import { priceBill } from './pricing.ts'
import type { TakenLine } from './pricing.ts'
import { readBooks } from './read-books.ts'
import { requireMove } from './require-move.ts'
import type { Judged } from './require-move.ts'
import { endsSession, moveOfRefusal, nextState } from './rules.ts'
import { newsOf } from './session-news.ts'
import type { SessionSettings } from './settings.ts'
import { settleSession } from './settle-session.ts'
import { advance, findContracted, findLive, findSession } from './store.ts'
import type { Contracted, SessionRow } from './store.ts'

function quietMsOf(session: SessionRow, settings: SessionSettings): number {
  return session.kind === 'restock' ? settings.restockQuietMs : settings.quietMs
}

export function sessionEvents(payments: PaymentPort, settings: SessionSettings): EventHandlers {
  return {
    *'session.started'(ctx, { body, ...event }) {
      const { passCode } = body
      if (passCode !== undefined) return yield* startOnPass(ctx, { ...event, body, passCode })
      const session = yield* findSession(body.sessionId)
      if (session === undefined || session.cabinetId !== event.cabinetId) {
        return yield* refuseStranger(ctx, event, body.sessionId, session)
      }
      if (session.deadlineAtMs === null) return []
      const answeredAtMs = session.answeredAtMs ?? ctx.now()
      yield* advance(session, { answeredAtMs, deadlineAtMs: ctx.now() + quietMsOf(session, settings) })
      return []
    },
    'door.opened': (ctx, event) => moveDoor(ctx, settings, event, event.body.sessionId),
    'door.closed': (ctx, event) => moveDoor(ctx, settings, event, event.body.sessionId),
    *'session.refused'(ctx, { body, ...event }) {
      const found = yield* findSession(body.sessionId)
      if (yield* neverBegan(ctx, found, body.commandId)) return []
      const session = yield* requireMove(ctx, event, body.sessionId, found)
      if (session === undefined) return []
      return yield* endUnsold(ctx, payments, session, { state: 'refused', reason: body.reason, seq: event.seq })
    },
    *'session.not_opened'(ctx, { body, ...event }) {
      const session = yield* requireMove(ctx, event, body.sessionId, yield* findSession(body.sessionId))
      if (session === undefined) return []
      return yield* endUnsold(ctx, payments, session, { state: 'not_opened', reason: body.outcome, seq: event.seq })
    },
    *'session.interrupted'(ctx, { body, ...event }) {
      const found = yield* findSession(body.sessionId)
      if (yield* neverBegan(ctx, found, body.commandId)) return []
      const session = yield* requireMove(ctx, event, body.sessionId, found)
      if (session === undefined) return []
      return yield* endUnsold(ctx, payments, session, { state: 'interrupted', reason: body.stage, seq: event.seq })
    },
    *'session.settled'(ctx, { body, ...event }) {
      const found = yield* findContracted(body.sessionId)
      const session = yield* requireMove(ctx, event, body.sessionId, found, 'sale')
      if (session === undefined) return []
      const { lines, confidence, flags } = body
      return yield* settleSession(ctx, payments, session, { taken: lines, seq: event.seq, confidence, flags })
    },
    *'session.review'(ctx, { body, ...event }) {
      const found = yield* findContracted(body.sessionId)
      const session = yield* requireMove(ctx, event, body.sessionId, found)
      if (session === undefined) return []
      return yield* openReview(ctx, session, { ...body, seq: event.seq })
    },
  }
}

/** A pass that opened nothing, refused or cut short before the lock fired: there is no such session, and nothing came of it. */
function* neverBegan(ctx: UnitContext, found: SessionRow | undefined, commandId: string | undefined): Unit<boolean> {
  return found === undefined && commandId !== undefined && (yield* isPass(ctx, commandId))
}

function* refuseStranger(
  ctx: UnitContext,
  event: Judged,
  sessionId: string,
  session: SessionRow | undefined,
): Unit<readonly Effect[]> {
  const finding = session === undefined ? 'unknown_session' : 'foreign_session'
  yield* addFinding(ctx, { cabinetId: event.cabinetId, seq: event.seq, sessionId, finding, detail: event.type })
  return []
}

function* moveDoor(
  ctx: UnitContext,
  settings: SessionSettings,
  event: JournalEvent<'door.opened' | 'door.closed'>,
  sessionId: string | undefined,
): Unit<readonly Effect[]> {
  if (sessionId === undefined) return []
  const session = yield* findSession(sessionId)
  if (session === undefined || session.cabinetId !== event.cabinetId) {
    return yield* refuseStranger(ctx, event, sessionId, session)
  }
  const state = nextState(session.state, event.type)
  if (state === undefined || session.passId !== null) return []
  const openedAtMs = session.openedAtMs ?? (state === 'open' ? event.atMs : null)
  if (session.state === 'silent' && (yield* findLive(session)).length > 0) {
    // While it was silent its buyer or its cabinet went on to another: it is live no more, and waits for its end.
    yield* advance(session, { openedAtMs })
    return []
  }
  const moved = yield* advance(session, {
    state,
    openedAtMs,
    deadlineAtMs: ctx.now() + quietMsOf(session, settings),
  })
  return newsOf(moved)
}

/** The money stays held until a person decides. A restock has no money in it: it ends, and its stock is looked at. */
function* openReview(
  ctx: UnitContext,
  session: Contracted,
  review: {
    readonly reason: string
    readonly detail: string
    readonly lowestLines: readonly TakenLine[]
    readonly flags: readonly string[]
    readonly seq: number
  },
): Unit<readonly Effect[]> {
  const { totalFen } = priceBill(review.lowestLines, session.lanes, session.heldFen, yield* readBooks(session))
  yield* insertRows(ctx.tables.reviewCases, [
    {
      sessionId: session.sessionId,
      reason: review.reason,
      detail: review.detail,
      lowestFen: totalFen,
      lowestLines: [...review.lowestLines],
      openedAtMs: ctx.now(),
      decidedAtMs: undefined,
      decidedBy: undefined,
      decisionReason: undefined,
    },
  ])
  const moved = yield* advance(session, {
    state: 'review',
    reason: review.reason,
    flags: [...new Set([...(session.flags ?? []), ...review.flags])],
    deadlineAtMs: null,
    outcomeSeq: review.seq,
  })
  return newsOf(moved)
}

/** What an answer to an unlock means for its session. */
export function sessionCommandEnds(payments: PaymentPort): CommandEndHandlers {
  const onEnd = function* (ctx: UnitContext, end: CommandEnd): Unit<readonly Effect[]> {
    const sessionId = end.command.body['sessionId']
    if (typeof sessionId !== 'string' || end.isByServer) return []
    const session = yield* findSession(sessionId)
    if (session === undefined || session.commandId !== end.command.commandId) return []
    if (!endsSession({ ...end.reply, isByServer: end.isByServer })) {
      if (session.answeredAtMs === null) yield* advance(session, { answeredAtMs: ctx.now() })
      return []
    }
    const state = nextState(session.state, moveOfRefusal(end.reply))
    const reason = end.reply.reason ?? end.reply.outcome
    if (state === undefined) return []
    if (state === 'cancelled') return yield* cancelUnsold(ctx, payments, session, reason)
    return yield* endUnsold(ctx, payments, session, { state, reason })
  }
  return { unlock: onEnd, 'restock-open': onEnd }
}
