import { getSession, type SessionState, type ShoppingSession } from '#shared/contracts/http/sessions.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { delay, type Clock } from '#shared/time/clock.ts'
import type { ApiClient } from './api-client.ts'

export interface SessionWait {
  readonly clock: Clock
  readonly signal: AbortSignal
}

const timeoutMs = 60_000
const pollMs = 300
const liveStates: readonly SessionState[] = ['authorised', 'open', 'closing']

/**
 * Asks until the server knows that the door is open; a person whose hand is on the door would see it on the phone. Rejects
 * when the session ended instead, e.g. because the cabinet could not tell that its lock had opened.
 */
export async function waitForOpenDoor(wait: SessionWait, api: ApiClient, sessionId: Id): Promise<void> {
  const deadlineMs = wait.clock.monotonicMs() + timeoutMs
  for (;;) {
    const { state, cabinetCode, reason } = await api.call(getSession, { params: { sessionId } })
    if (state === 'open') return
    if (state !== 'authorised' || wait.clock.monotonicMs() > deadlineMs)
      throw new Error(`${cabinetCode} did not open: ${state} ${reason ?? ''}`.trim())
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
