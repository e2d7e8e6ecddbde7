import { describe, expect, it } from 'vitest'
import type { CabinetHardware, LockState } from '#firmware-bridge/ports/devices.ts'
import { startDoorWatch } from '#cabinet-agent/sampling/door-watch.ts'
import { TestClock } from '#tests/support/test-clock.ts'

/** A door with a switch of its own beside the lock's feedback, or without. */
async function follow(options: { hasSwitch: boolean }) {
  const clock = new TestClock()
  const seen = { isOpen: false, bolt: 'closed' as LockState, isLockSilent: false }
  const doorInput = { readIsOpen: () => Promise.resolve(seen.isOpen) }
  const readStates = () =>
    seen.isLockSilent ? Promise.reject(new Error('silent')) : Promise.resolve(new Map([[1, seen.bolt]]))
  const hardware = { lock: { readStates }, doorLock: 1, ...(options.hasSwitch ? { doorInput } : {}) }
  const told: string[] = []
  const watch = startDoorWatch({
    hardware: hardware as unknown as CabinetHardware,
    clock,
    onDoor: (door) => told.push(door),
    onSteady: (device, isSteady) => told.push(`${device} ${isSteady ? 'steady' : 'unsteady'}`),
  })
  await clock.advanceAsync(1_000)
  return { clock, seen, told, watch }
}

/** A loose cable: the switch says something else at each look, for so long. */
async function shake(clock: TestClock, flip: () => void, forMs: number): Promise<void> {
  for (let passedMs = 0; passedMs < forMs; passedMs += 300) {
    flip()
    await clock.advanceAsync(300)
  }
}

describe('the door', () => {
  it('goes by the lock when its own switch changes its mind all the time', async () => {
    const { clock, seen, told, watch } = await follow({ hasSwitch: true })

    await shake(clock, () => (seen.isOpen = !seen.isOpen), 120_000)

    expect(watch.door()).toBe('closed')
    expect(told.length).toBeLessThan(60)
    expect(told).toContain('door switch unsteady')
    seen.isOpen = false
    await clock.advanceAsync(600_000)
    expect(told.at(-1)).toBe('door switch steady')
    seen.isOpen = true
    await clock.advanceAsync(1_000)
    expect(watch.door()).toBe('open')
    watch.stop()
  })

  it('is unknown when nothing else tells of it, and known again once the cable is quiet', async () => {
    const { clock, seen, told, watch } = await follow({ hasSwitch: false })

    await shake(clock, () => (seen.bolt = seen.bolt === 'open' ? 'closed' : 'open'), 60_000)

    expect(watch.door()).toBe('unknown')
    expect(watch.isLockOpen()).toBe(false)
    expect(told).toContain('lock feedback unsteady')
    seen.bolt = 'open'
    await clock.advanceAsync(600_000)
    expect([watch.door(), told.at(-1)]).toEqual(['open', 'open'])
    watch.stop()
  })

  it('is believed through a busy noon: a visit in twenty seconds, for half an hour', async () => {
    const { clock, seen, told, watch } = await follow({ hasSwitch: true })

    for (let visit = 0; visit < 90; visit += 1) {
      seen.isOpen = true
      await clock.advanceAsync(12_000)
      seen.isOpen = false
      await clock.advanceAsync(8_000)
    }

    expect(told.filter((news) => news === 'open')).toHaveLength(90)
    expect(told.every((news) => news === 'open' || news === 'closed')).toBe(true)
    watch.stop()
  })
})
