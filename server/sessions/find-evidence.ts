// What a bill rests on: the evidence stays in the cabinet's journal entry that settled the session or sent it to review.
import { and, eq } from 'drizzle-orm'
import type { z } from 'zod'
import type { getSessionEvidence } from '#shared/contracts/http/sessions.ts'
import { WeighingEvidence } from '#shared/contracts/mqtt/event.ts'
import { one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { findLowest } from './decide-review.ts'
import { nextState } from './rules.ts'
import { findContracted, findSession, type SessionRow } from './store.ts'

export function* findEvidence(
  ctx: UnitContext,
  sessionId: string,
): Unit<z.input<(typeof getSessionEvidence)['reply']>> {
  const session = yield* findSession(sessionId)
  if (session === undefined) throw new RefusalError('session.unknown')
  const facts = {
    ...(session.reason === null ? {} : { reason: session.reason }),
    ...(yield* findMost(ctx, session)),
  }
  if (session.outcomeSeq === null) return { sessionId, ...facts }
  const { journalEntries: j } = ctx.tables
  const entry = yield* one(
    ctx.db
      .select({ body: j.body })
      .from(j)
      .where(and(eq(j.cabinetId, session.cabinetId), eq(j.seq, session.outcomeSeq))),
  )
  const evidence = WeighingEvidence.safeParse(entry?.body['evidence'])
  const versions = entry?.body['versions']
  const trace = entry?.body['trace']
  return {
    sessionId,
    ...(evidence.success ? { evidence: evidence.data } : {}),
    ...(typeof versions === 'object' && versions !== null ? { versions: { ...versions } } : {}),
    ...(typeof trace === 'string' ? { trace } : {}),
    ...facts,
  }
}

/** Present while a person may decide; of a session given up, only when its cabinet has reported goods after all. */
function* findMost(ctx: UnitContext, session: SessionRow): Unit<{ mostFen?: number }> {
  if (nextState(session.state, 'review.decided') === undefined) return {}
  const contracted = yield* findContracted(session.sessionId)
  if (contracted === undefined) return {}
  const { labelFen: mostFen } = yield* findLowest(ctx, contracted)
  return session.state === 'cancelled' && mostFen === 0 ? {} : { mostFen }
}
