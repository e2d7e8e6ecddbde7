import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SerialPort } from 'serialport'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { DeviceError } from '#firmware-bridge/ports/device-error.ts'
import { openCabinetHardware } from '#firmware-bridge/profile/open-cabinet-hardware.ts'
import { createSerialTransport } from '#firmware-bridge/transports/serial-transport.ts'
import { serveLineOnSerial } from '#firmware-bridge/virtual/serve-line.ts'
import { VirtualCabinet } from '#firmware-bridge/virtual/virtual-cabinet.ts'
import { makeVirtualInstallation } from '#firmware-bridge/virtual/virtual-installation.ts'
import { eventually, openTtyPair } from '#tests/support/tty-pair.ts'

/** A virtual cabinet at the far end of a tty pair, and the product's hardware at the near end. */
async function startOverTty(lockDriver: 'lock-8a' | 'lock-cu48') {
  const folder = await mkdtemp(join(tmpdir(), 'tty-'))
  let pair = await openTtyPair(folder)
  const installation = makeVirtualInstallation({
    laneCount: 2,
    lockDriver,
    isOneLine: true,
    urlOf: () => `serial:${folder}/near`,
  })
  const cabinet = new VirtualCabinet({
    installation,
    cells: 'good',
    clock: systemClock,
    random: seededRandom(3),
    items: { L01: [{ itemId: 'a', massMg: 500_000 }] },
  })
  const served = await serveLineOnSerial(cabinet.line('all'), { path: `${folder}/far`, baudRate: 115_200 }, systemClock)
  const hardware = await openCabinetHardware(installation, { clock: systemClock })
  return {
    cabinet,
    hardware,
    deadline: () => ({ deadlineMonotonicMs: systemClock.monotonicMs() + 2000 }),
    unplug: () => pair[Symbol.asyncDispose](),
    async plugIn() {
      pair = await openTtyPair(folder)
    },
    async [Symbol.asyncDispose]() {
      await hardware[Symbol.asyncDispose]()
      await served[Symbol.asyncDispose]()
      cabinet.stop()
      await pair[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
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

describe('over a real tty', () => {
  it.each(['lock-8a', 'lock-cu48'] as const)('%s: unlock, weigh, temperature and door', async (lockDriver) => {
    await using world = await startOverTty(lockDriver)
    const { cabinet, hardware, deadline } = world

    expect((await hardware.lock.readStates()).get(1)).toBe('closed')
    expect(await hardware.lock.unlock(1, deadline())).toBe('OPENED')
    expect(cabinet.openLocks).toEqual([1])
    expect(cabinet.openDoor()).toBe(true)
    expect(await hardware.doorInput?.readIsOpen()).toBe(true)
    expect(await hardware.thermometer?.read()).toEqual({ temperatureDeciC: 45, humidityDeciPercent: 620 })
    const reading = await hardware.scales.get('L02')?.weigh()
    expect(Math.abs(reading?.grossMg ?? NaN)).toBeLessThan(60_000)
  })

  it('survives the far end falling silent in the middle of a frame, and goes on when it is back', async () => {
    await using world = await startOverTty('lock-8a')
    const { cabinet, hardware } = world
    cabinet.setFault({ kind: 'cut-mid-frame', line: 'all' })

    expect(await codeOf(hardware.lock.readStates())).not.toBe('no error')
    cabinet.clearFaults()

    expect((await hardware.lock.readStates()).get(1)).toBe('closed')
    const reading = await hardware.scales.get('L01')?.weigh()
    expect(Math.abs((reading?.grossMg ?? 0) - 500_000)).toBeLessThan(60_000)
  })

  it('the tty goes away in the middle of a frame and comes back: no unlock given meanwhile is ever sent', async () => {
    await using world = await startOverTty('lock-8a')
    const { cabinet, hardware, deadline } = world
    const isAllOnline = (wanted: boolean) => () => hardware.health().every(({ isOnline }) => isOnline === wanted)
    cabinet.setFault({ kind: 'cut-mid-frame', line: 'all' })
    const reading = codeOf(hardware.lock.readStates())
    await eventually('the frame breaks off', () => !cabinet.line('all').isPlugged)
    await world.unplug()
    // A question asked again may be the first to meet the loss.
    expect(['TRANSPORT_CLOSED', 'WRITE_FAILED']).toContain(await reading)
    await eventually('the loss is noticed', isAllOnline(false))
    expect(['TRANSPORT_CLOSED', 'TRANSPORT_OPEN_FAILED']).toContain(await codeOf(hardware.lock.unlock(1, deadline())))

    cabinet.clearFaults()
    await world.plugIn()
    await eventually('all boards are back', isAllOnline(true), 20_000)

    expect((await hardware.lock.readStates()).get(1)).toBe('closed')
    expect(cabinet.unlockPulses).toBe(0)
    expect(await hardware.lock.unlock(1, deadline())).toBe('OPENED')
    expect(cabinet.unlockPulses).toBe(1)
  })
})

describe('serial transport', () => {
  it('serialport itself parks a write on a closed port and sends it later: the trap this transport is made for', async () => {
    await using pair = await openTtyPair()
    const heard: number[] = []
    const far = new SerialPort({ path: pair.far, baudRate: 9600 })
    far.on('data', (bytes: Buffer) => heard.push(...bytes))
    const near = new SerialPort({ path: pair.near, baudRate: 9600, autoOpen: false })
    near.write(Buffer.from([0x8a, 1, 1, 0x11, 0x9b]))
    near.open()

    await eventually('the parked bytes arrive', () => heard.length >= 5)

    expect(heard).toEqual([0x8a, 1, 1, 0x11, 0x9b])

    await Promise.all([near, far].map((port) => new Promise((resolve) => port.close(resolve))))
  })

  it('ours refuses a write on a closed connection, and the next connection sends only what is written to it', async () => {
    await using pair = await openTtyPair()
    const heard: number[] = []
    const far = new SerialPort({ path: pair.far, baudRate: 9600 })
    far.on('data', (bytes: Buffer) => heard.push(...bytes))
    const transport = createSerialTransport({ path: pair.near, baudRate: 9600 })
    const handlers = { onData: () => {}, onClose: () => {} }
    const first = await transport.open(handlers)
    await first.close()

    expect(await codeOf(first.write(Uint8Array.of(0x8a, 1, 1, 0x11, 0x9b)))).toBe('TRANSPORT_CLOSED')
    const second = await transport.open(handlers)
    await second.write(Uint8Array.of(0x42))
    await eventually('the new byte arrives', () => heard.length > 0)

    expect(heard).toEqual([0x42])
    await second.close()
    await new Promise((resolve) => {
      far.close(resolve)
    })
  })

  it('says TRANSPORT_OPEN_FAILED of a device that is not there', async () => {
    const transport = createSerialTransport({ path: '/dev/serial/by-id/none', baudRate: 9600 })

    expect(await codeOf(transport.open({ onData: () => {}, onClose: () => {} }))).toBe('TRANSPORT_OPEN_FAILED')
  })
})
