import { describe, expect, it } from 'vitest'
import { DeviceError } from '#firmware-bridge/ports/device-error.ts'
import type { Scale } from '#firmware-bridge/ports/devices.ts'
import { InstallationProfile } from '#firmware-bridge/profile/installation-profile.ts'
import { startVirtualHardware, type VirtualHardware } from '#tests/support/virtual-hardware.ts'

const items = { L01: [{ itemId: 'a', massMg: 500_000 }], L02: [{ itemId: 'b', massMg: 800_000 }] }

function scaleOf({ hardware }: VirtualHardware, laneId: string): Scale {
  const scale = hardware.scales.get(laneId)
  if (scale === undefined) throw new Error(`no scale ${laneId}`)
  return scale
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    if (error instanceof DeviceError) return error.code
    throw error
  }
  return 'no error'
}

describe.each(['scale-sbt', 'scale-dini-dgt', 'scale-mt-sics'] as const)('%s', (scaleDriver) => {
  const start = async () => {
    const world = await startVirtualHardware({ scaleDriver, items })
    await world.clock.advanceAsync(3000)
    return world
  }
  const lineOf = (laneId: string) => (scaleDriver === 'scale-mt-sics' ? `scale-${laneId}` : 'scales')

  it('zeroes what lies there', async () => {
    await using world = await start()
    await world.settle(scaleOf(world, 'L01').zero())
    await world.clock.advanceAsync(2000)

    const { grossMg } = await world.settle(scaleOf(world, 'L01').weigh())

    expect(Math.abs(grossMg)).toBeLessThan(1500)
  })

  it('says when the load shakes', async () => {
    await using world = await start()
    expect((await world.settle(scaleOf(world, 'L01').weigh())).isStable).toBe(true)
    world.cabinet.setFault({ kind: 'unstable', laneId: 'L01', sdG: 30 })
    await world.clock.advanceAsync(2000)

    expect((await world.settle(scaleOf(world, 'L01').weigh())).isStable).toBe(false)
    expect((await world.settle(scaleOf(world, 'L02').weigh())).isStable).toBe(true)
  })

  it.each(['overload', 'underload'] as const)('tells %s from a weight', async (fault) => {
    await using world = await start()
    world.cabinet.setFault({ kind: 'out-of-range', laneId: 'L01', fault })

    expect((await world.settle(scaleOf(world, 'L01').weigh())).rangeFault).toBe(fault)
    world.cabinet.clearFaults()
    expect((await world.settle(scaleOf(world, 'L01').weigh())).rangeFault).toBeUndefined()
  })

  it('a silent one goes offline and comes back, and its neighbour never notices', async () => {
    await using world = await start()
    const { cabinet, hardware, settle, clock } = world
    const changes: string[] = []
    hardware.onHealthChange(({ device, isOnline }) => changes.push(`${device} ${isOnline ? 'back' : 'gone'}`))
    cabinet.setFault({ kind: 'board-silent', board: 'L01' })
    for (let read = 0; read < 4; read += 1) {
      expect(await codeOf(settle(scaleOf(world, 'L01').weigh()))).toBe('TIMEOUT_NO_REPLY')
      expect(await codeOf(settle(scaleOf(world, 'L02').weigh()))).toBe('no error')
    }
    expect(changes).toEqual(['scale L01 gone'])

    cabinet.clearFaults()
    await clock.advanceAsync(6000)

    expect(changes).toEqual(['scale L01 gone', 'scale L01 back'])
    expect(await codeOf(settle(scaleOf(world, 'L01').weigh()))).toBe('no error')
  })

  it('pulled out in the middle of a frame: that reading fails, and after plugging in all is well', async () => {
    await using world = await start()
    const { cabinet, hardware, settle, clock } = world
    cabinet.setFault({ kind: 'cut-mid-frame', line: lineOf('L01') })
    expect(await codeOf(settle(scaleOf(world, 'L01').weigh()))).toBe('TRANSPORT_CLOSED')
    expect(hardware.health().find(({ device }) => device === 'scale L01')?.isOnline).toBe(false)

    cabinet.clearFaults()
    await clock.advanceAsync(15_000)

    const { grossMg } = await settle(scaleOf(world, 'L01').weigh())
    expect(Math.abs(grossMg - 500_000)).toBeLessThan(2500)
    expect(hardware.counters()[lineOf('L01')]?.reconnects).toBe(1)
  })

  it('drifts when told to, and the reading shows it', async () => {
    await using world = await start()
    world.cabinet.setFault({ kind: 'drift', laneId: 'L01', gPerMin: 60 })
    await world.clock.advanceAsync(60_000)

    const { grossMg } = await world.settle(scaleOf(world, 'L01').weigh())

    expect(Math.abs(grossMg - 560_000)).toBeLessThan(4000)
  })
})

describe('scale-sbt that reads its status now and then only', () => {
  it('halves the requests, and still notices an overload', async () => {
    await using world = await startVirtualHardware({
      items,
      installation: (made) =>
        InstallationProfile.parse({
          ...made,
          scales: made.scales.map((scale) => ({ ...scale, board: { ...scale.board, statusEvery: 5 } })),
        }),
    })
    const { cabinet, clock, hardware, settle } = world
    await clock.advanceAsync(3000)
    for (let read = 0; read < 10; read += 1) await settle(scaleOf(world, 'L01').weigh())
    expect(hardware.counters()['scales']?.requests).toBe(12)
    cabinet.setFault({ kind: 'out-of-range', laneId: 'L01', fault: 'overload' })

    const faults: Array<string | undefined> = []
    for (let read = 0; read < 5; read += 1) faults.push((await settle(scaleOf(world, 'L01').weigh())).rangeFault)

    expect(faults.at(-1)).toBe('overload')
  })
})

describe('a noisy line of Modbus scales', () => {
  it('gives right weights or errors, never wrong weights', async () => {
    await using world = await startVirtualHardware({ items, seed: 5 })
    const { cabinet, hardware, settle, clock } = world
    await clock.advanceAsync(3000)
    cabinet.setFault({ kind: 'bit-flips', line: 'scales', probability: 0.01 })
    cabinet.setFault({ kind: 'junk', line: 'scales', probability: 0.3 })
    const outcomes = { right: 0, failed: 0 }

    for (let read = 0; read < 300; read += 1) {
      try {
        const { grossMg } = await settle(scaleOf(world, 'L02').weigh())
        expect(Math.abs(grossMg - 800_000)).toBeLessThan(2500)
        outcomes.right += 1
      } catch (error) {
        if (!(error instanceof DeviceError)) throw error
        outcomes.failed += 1
      }
    }

    expect(outcomes.right).toBeGreaterThan(280)
    expect(hardware.counters()['scales']?.checksumErrors).toBeGreaterThan(10)
    expect(hardware.counters()['scales']?.discardedBytes).toBeGreaterThan(50)
  })

  it('an unlock goes before a hundred waiting weights', async () => {
    await using world = await startVirtualHardware({ items, isOneLine: true, scaleBaudRate: 9600 })
    const { hardware, settle, clock } = world
    const weights = Array.from({ length: 100 }, () => scaleOf(world, 'L01').weigh())
    let weighed = 0
    for (const weight of weights) {
      weight.then(
        () => (weighed += 1),
        () => {},
      )
    }

    const outcome = await settle(hardware.lock.unlock(1, { deadlineMonotonicMs: clock.monotonicMs() + 50 }))

    expect(outcome).toBe('OPENED')
    await settle(Promise.allSettled(weights))
    expect(weighed).toBe(100)
  })
})
