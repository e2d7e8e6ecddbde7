import { describe, expect, it, vi } from 'vitest'
import type { CabinetHardware } from '#firmware-bridge/ports/devices.ts'
import { Journal } from '#cabinet-agent/journal/journal.ts'
import type { DoorWatch } from '#cabinet-agent/sampling/door-watch.ts'
import type { SessionWatch } from '#cabinet-agent/sampling/session-watch.ts'
import { SessionRunner } from '#cabinet-agent/session/session-runner.ts'
import { initialState, type Unlocking } from '#cabinet-agent/session/session-state.ts'
import { makeFacts, makeTestId, opening } from '#tests/support/session-inputs.ts'
import { TestClock } from '#tests/support/test-clock.ts'

describe('what carries the machine', () => {
  it('writes nothing for a look at a bolt that stays drawn', () => {
    const clock = new TestClock()
    const journal = Journal.open({ file: ':memory:', bootId: makeTestId() })
    const { timeouts, versions } = makeFacts()
    const ids = { sessionId: makeTestId(), commandId: makeTestId() }
    const core = { ...ids, kind: 'sale' as const, expiresAtMs: clock.now(), timeouts, versions, loads: [] }
    const since = { startedAtMs: clock.now(), isAnswered: true, isResumed: false }
    const unlocking: Unlocking = { name: 'unlocking', core, opening, lockOutcome: 'OPENED', ...since }
    journal.commit({ atMs: clock.now(), state: { ...initialState, session: unlocking } })
    const runner = new SessionRunner({
      journal,
      guard: {
        freeBytes: () => undefined,
        hasRoom: () => true,
        releaseBallast: () => false,
        restoreBallast: () => true,
      },
      hardware: {} as CabinetHardware,
      clock,
      watch: {} as SessionWatch,
      door: () => ({ door: () => 'closed', isLockOpen: () => true }) as DoorWatch,
      onCommitted: () => {},
      onReply: () => {},
      onVolatileReply: () => {},
      onSessionEnded: () => {},
      onRestart: () => {},
      onLog: () => {},
    })
    runner.feed({ input: 'restarted', door: 'closed', atMs: clock.now() })

    const commit = vi.spyOn(journal, 'commit')
    clock.advance(150_000)
    runner.stop()

    // Once for the alarm.
    expect(commit).toHaveBeenCalledTimes(1)
    expect(journal.alarms()).toEqual(['lock_left_open'])
    expect(runner.state.session.name).toBe('unlocking')
  })
})
