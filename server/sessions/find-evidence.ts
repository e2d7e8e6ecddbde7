// What a bill rests on: the evidence stays in the cabinet's journal entry that settled the session or sent it to review.
import { and, eq } from 'drizzle-orm'
import type { z } from 'zod'
import type { getSessionEvidence } from '#shared/contracts/http/sessions.ts'
import { WeighingEvidence } from '#shared/contracts/mqtt/event.ts'
import { one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { findSession } from './store.ts'

export function* findEvidence(
  ctx: UnitContext,
  sessionId: string,
): Unit<z.input<(typeof getSessionEvidence)['reply']>> {
  const session = yield* findSession(sessionId)
  if (session === undefined) throw new RefusalError('session.unknown')
  const reason = session.reason === null ? {} : { reason: session.reason }
  if (session.outcomeSeq === null) return { sessionId, ...reason }
  const { journalEntries: j } = ctx.tables
  const entry = yield* one(
    ctx.db
      .select({ body: j.body })
      .from(j)
      .where(and(eq(j.cabinetId, session.cabinetId), eq(j.seq, session.outcomeSeq))),
  )
  const evidence = WeighingEvidence.safeParse(entry?.body['evidence'])
  const versions = entry?.body['versions']
  return {
    sessionId,
    ...(evidence.success ? { evidence: evidence.data } : {}),
    ...(typeof versions === 'object' && versions !== null ? { versions: { ...versions } } : {}),
    ...reason,
  }
}
