import { describe, expect, it } from 'vitest'
import type { ShoppingSession } from '#shared/contracts/http/open-cabinet.ts'
import { describeUnopened, waitForUnlock } from '#server/demo/session-end.ts'
import type { ApiClient } from '#server/demo/api-client.ts'
import { TestClock } from '#tests/support/test-clock.ts'

const session = (state: ShoppingSession['state'], reason?: string) =>
  ({ sessionId: 's', cabinetCode: 'YB-0001', state, ...(reason === undefined ? {} : { reason }) }) as ShoppingSession

/** The server's answers in turn, the last one for ever. */
function answering(...states: readonly ShoppingSession[]): ApiClient {
  let asked = 0
  const call = () => Promise.resolve(states[Math.min(asked++, states.length - 1)])
  return { call } as unknown as ApiClient
}
const hands = (isLocked: () => boolean) => ({
  get state() {
    return { isLocked: isLocked() } as never
  },
})

describe('waiting for the bolt', () => {
  it('ends when it is drawn', async () => {
    const clock = new TestClock()
    const wait = { clock, signal: new AbortController().signal }
    const drawn = hands(() => clock.monotonicMs() < 1_000)

    const waiting = waitForUnlock(wait, answering(session('authorised')), drawn, 's')
    await clock.advanceAsync(2_000)

    expect(await waiting).toBeUndefined()
  })

  it('ends at once when the session did, and says why', async () => {
    const clock = new TestClock()
    const wait = { clock, signal: new AbortController().signal }
    const api = answering(session('authorised'), session('not_opened', 'NOT_OPENED'))

    const waiting = waitForUnlock(
      wait,
      api,
      hands(() => true),
      's',
    )
    await clock.advanceAsync(1_000)
    const ended = await waiting

    expect(ended?.state).toBe('not_opened')
    expect(describeUnopened(ended ?? session('open'))).toBe('YB-0001 did not open: not_opened NOT_OPENED')
  })
})
