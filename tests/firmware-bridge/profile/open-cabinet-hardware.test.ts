import { describe, expect, it } from 'vitest'
import { startVirtualHardware } from '#tests/support/virtual-hardware.ts'

describe('a cabinet’s hardware over virtual boards', () => {
  it.each(['lock-8a', 'lock-cu48', 'lock-cu16', 'lock-wkly'] as const)(
    '%s: unlocks the one lock, sees the door, and sees it locked again',
    async (lockDriver) => {
      await using world = await startVirtualHardware({ lockDriver })
      const { hardware, cabinet, clock, settle } = world
      expect((await settle(hardware.lock.readStates())).get(1)).toBe('closed')
      expect(cabinet.openDoor()).toBe(false)

      const outcome = await settle(
        hardware.lock.unlock(hardware.doorLock, { deadlineMonotonicMs: clock.monotonicMs() + 1000 }),
      )

      expect(outcome).toBe('OPENED')
      expect(cabinet.openLocks).toEqual([1])
      expect(cabinet.openDoor()).toBe(true)
      expect(await settle(hardware.doorInput?.readIsOpen() ?? Promise.reject(new Error('no input')))).toBe(true)
      expect((await settle(hardware.lock.readStates())).get(1)).toBe('open')
      cabinet.closeDoor()
      expect((await settle(hardware.lock.readStates())).get(1)).toBe('closed')
      expect(await settle(hardware.doorInput?.readIsOpen() ?? Promise.reject(new Error('no input')))).toBe(false)
    },
  )

  it.each(['scale-sbt', 'scale-dini-dgt', 'scale-mt-sics'] as const)(
    '%s: weighs what lies there and what was taken',
    async (scaleDriver) => {
      const items = { L01: [1, 2, 3].map((number) => ({ itemId: `piece-${number}`, massMg: 200_000 })) }
      await using world = await startVirtualHardware({ scaleDriver, items, lockDriver: 'lock-cu48' })
      const { hardware, cabinet, clock, settle } = world
      const scale = hardware.scales.get('L01')
      await clock.advanceAsync(5000)
      const before = await settle(scale?.weigh() ?? Promise.reject(new Error('no scale')))
      await settle(hardware.lock.unlock(1, { deadlineMonotonicMs: clock.monotonicMs() + 1000 }))

      cabinet.openDoor()
      expect(cabinet.take('L01')).toMatchObject({ kind: 'done', item: { itemId: 'piece-3' } })
      await clock.advanceAsync(5000)
      const after = await settle(scale?.weigh() ?? Promise.reject(new Error('no scale')))

      expect(before.isStable).toBe(true)
      expect(Math.abs(before.grossMg - 600_000)).toBeLessThan(2000)
      expect(Math.abs(after.grossMg - 400_000)).toBeLessThan(2500)
      expect(after.rangeFault).toBeUndefined()
    },
  )

  it('reads the thermometer, below zero too', async () => {
    await using world = await startVirtualHardware()
    world.cabinet.climate.temperatureDeciC = -52

    const reading = await world.settle(world.hardware.thermometer?.read() ?? Promise.reject(new Error('no sensor')))

    expect(reading).toEqual({ temperatureDeciC: -52, humidityDeciPercent: 620 })
  })
})
