import type { SessionState, ShoppingSession } from '#shared/contracts/http/open-cabinet.ts'
import { getSession } from '#shared/contracts/http/sessions.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { delay, type Clock } from '#shared/time/clock.ts'
import type { ApiClient } from './api-client.ts'
import type { Hands } from './hands-client.ts'

export interface SessionWait {
  readonly clock: Clock
  readonly signal: AbortSignal
}

const timeoutMs = 60_000
const pollMs = 300
const liveStates: readonly SessionState[] = ['authorised', 'open', 'closing']

/**
 * Looks at the bolt and asks the server until one of them has an answer: undefined once the bolt is drawn, or the session
 * that ended without it (refused, not opened …). Rejects after a minute without either.
 */
export async function waitForUnlock(
  wait: SessionWait,
  api: ApiClient,
  hands: Pick<Hands, 'state'>,
  sessionId: Id,
): Promise<ShoppingSession | undefined> {
  const deadlineMs = wait.clock.monotonicMs() + timeoutMs
  for (;;) {
    if (!hands.state.isLocked) return undefined
    const session = await api.call(getSession, { params: { sessionId } })
    if (!liveStates.includes(session.state)) return session
    if (wait.clock.monotonicMs() > deadlineMs) throw new Error(`${session.cabinetCode} did not draw its bolt`)
    await delay(wait.clock, pollMs, wait.signal)
  }
}

/** Why a session ended before its door opened. */
export function describeUnopened({ cabinetCode, state, reason }: ShoppingSession): string {
  return `${cabinetCode} did not open: ${state} ${reason ?? ''}`.trim()
}

/**
 * Asks until the server knows that the door is open; a person whose hand is on the door would see it on the phone. Rejects
 * when the session ended instead, e.g. because the cabinet could not tell that its lock had opened.
 */
export async function waitForOpenDoor(wait: SessionWait, api: ApiClient, sessionId: Id): Promise<void> {
  const deadlineMs = wait.clock.monotonicMs() + timeoutMs
  for (;;) {
    const session = await api.call(getSession, { params: { sessionId } })
    if (session.state === 'open') return
    if (session.state !== 'authorised' || wait.clock.monotonicMs() > deadlineMs)
      throw new Error(describeUnopened(session))
    await delay(wait.clock, pollMs, wait.signal)
  }
}

/** Asks until the session is no longer live; rejects when it still is after a minute, or when the signal says stop. */
export async function waitForSessionEnd(wait: SessionWait, api: ApiClient, sessionId: Id): Promise<ShoppingSession> {
  const deadlineMs = wait.clock.monotonicMs() + timeoutMs
  for (;;) {
    const session = await api.call(getSession, { params: { sessionId } })
    if (!liveStates.includes(session.state)) return session
    if (wait.clock.monotonicMs() > deadlineMs)
      throw new Error(`the session at ${session.cabinetCode} is still ${session.state}`)
    await delay(wait.clock, pollMs, wait.signal)
  }
}
