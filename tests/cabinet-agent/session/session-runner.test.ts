import { describe, expect, it, vi } from 'vitest'
import type { CabinetHardware } from '#firmware-bridge/ports/devices.ts'
import { Journal } from '#cabinet-agent/journal/journal.ts'
import type { DiskGuard } from '#cabinet-agent/journal/disk-guard.ts'
import type { DoorWatch } from '#cabinet-agent/sampling/door-watch.ts'
import type { SessionWatch } from '#cabinet-agent/sampling/session-watch.ts'
import { SessionRunner } from '#cabinet-agent/session/session-runner.ts'
import { initialState, type Unlocking } from '#cabinet-agent/session/session-state.ts'
import { makeFacts, makeTestId, opening } from '#tests/support/session-inputs.ts'
import { TestClock } from '#tests/support/test-clock.ts'

const roomy: DiskGuard = {
  freeBytes: () => undefined,
  hasRoom: () => true,
  releaseBallast: () => false,
  restoreBallast: () => true,
}

function startRunner(journal: Journal, clock: TestClock, guard = roomy): SessionRunner {
  return new SessionRunner({
    journal,
    guard,
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
}

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
    const runner = startRunner(journal, clock)
    runner.feed({ input: 'restarted', door: 'closed', atMs: clock.now() })

    const commit = vi.spyOn(journal, 'commit')
    clock.advance(150_000)
    runner.stop()

    // Once for the alarm.
    expect(commit).toHaveBeenCalledTimes(1)
    expect(journal.alarms()).toEqual(['lock_left_open'])
    expect(runner.state.session.name).toBe('unlocking')
  })

  it('tells once of a disk whose room goes up and down at the floor, and of its end when there is enough', () => {
    const clock = new TestClock()
    const journal = Journal.open({ file: ':memory:', bootId: makeTestId() })
    const floorBytes = 16_777_216
    let freeBytes = floorBytes + 4_096
    const hasRoom = (besideBytes = 0) => freeBytes >= floorBytes + besideBytes
    const runner = startRunner(journal, clock, { ...roomy, hasRoom })
    const typesOf = () => journal.entriesAfter(0, 100).map(({ type }) => type)
    runner.start()

    for (let turn = 0; turn < 50; turn += 1) {
      clock.advance(10_000)
      freeBytes = floorBytes + (turn % 2 === 0 ? -4_096 : 4_096)
    }
    const upAndDown = typesOf()
    freeBytes = 2 * floorBytes
    clock.advance(10_000)
    runner.stop()

    expect(upAndDown).toEqual(['alarm.raised'])
    expect(typesOf()).toEqual(['alarm.raised', 'alarm.cleared'])
  })
})
