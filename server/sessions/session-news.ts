// What the pages of a session's person are told once a change has committed.
import type { Effect } from '../context.ts'
import { showSession } from './show-session.ts'
import type { SessionRow } from './store.ts'

/** The session as it stands now; with its receipt when it has one. */
export function newsOf(session: SessionRow): Effect[] {
  const live: Effect = {
    kind: 'live',
    accountId: session.accountId,
    update: { kind: 'session', session: showSession(session) },
  }
  if (session.receiptNumber === null) return [live]
  return [live, { kind: 'receipt', accountId: session.accountId, sessionId: session.sessionId }]
}
