import ModbusRTU, { ServerSerial } from 'modbus-serial'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { Bus } from '#firmware-bridge/bus/bus.ts'
import { createDoorInput } from '#firmware-bridge/drivers/door-input.ts'
import { createScale } from '#firmware-bridge/drivers/scale.ts'
import { createThermometer } from '#firmware-bridge/drivers/thermometer.ts'
import { DoorInputSettings, ScaleSettings, ThermometerSettings } from '#firmware-bridge/profile/installation-profile.ts'
import { createSerialTransport } from '#firmware-bridge/transports/serial-transport.ts'
import { serveLineOnSerial } from '#firmware-bridge/virtual/serve-line.ts'
import { VirtualCabinet } from '#firmware-bridge/virtual/virtual-cabinet.ts'
import { makeVirtualInstallation } from '#firmware-bridge/virtual/virtual-installation.ts'
import { eventually, openTtyPair } from '#tests/support/tty-pair.ts'

/** Another people's Modbus on the other end of the tty, so that we do not merely agree with ourselves. */

describe('an independent Modbus master', () => {
  it('reads and zeroes our virtual SBT scale, and reads our thermometer and inputs', async () => {
    await using pair = await openTtyPair()
    const installation = makeVirtualInstallation({ laneCount: 1, isOneLine: true })
    const cabinet = new VirtualCabinet({
      installation,
      cells: 'good',
      clock: systemClock,
      random: seededRandom(4),
      items: { L01: [{ itemId: 'a', massMg: 1_500_000 }] },
    })
    const where = { path: pair.far, baudRate: 115_200 }
    await using _ = await serveLineOnSerial(cabinet.line('all'), where, systemClock)
    const master = new ModbusRTU()
    await master.connectRTUBuffered(pair.near, { baudRate: 115_200 })
    master.setTimeout(2000)

    await eventually('the load has come to rest', () => cabinet.view()[0]?.displayed?.isStable === true)
    master.setID(1)
    const status = (await master.readHoldingRegisters(8, 1)).data[0] ?? 0
    const gross = (await master.readHoldingRegisters(80, 2)).buffer.readInt32BE(0)
    await master.writeRegisters(94, [1])
    const zeroed = (await master.readHoldingRegisters(80, 2)).buffer.readInt32BE(0)
    const refusal = await master.readHoldingRegisters(7, 1).catch((error: unknown) => error)
    master.setID(101)
    const climate = (await master.readInputRegisters(1, 2)).data
    master.setID(102)
    const inputs = (await master.readDiscreteInputs(0, 8)).data

    // Tenths of grams: one decimal.
    expect(status & 7).toBe(1)
    expect(Math.abs(gross - 15_000)).toBeLessThan(40)
    expect(Math.abs(zeroed)).toBeLessThan(40)
    expect(refusal).toMatchObject({ modbusCode: 2 })
    expect(climate).toEqual([45, 620])
    expect(inputs).toEqual([false, false, false, false, false, false, false, false])
    await new Promise<void>((resolve) => {
      master.close(() => resolve())
    })
  })
})

describe('an independent Modbus slave', () => {
  it('is weighed, zeroed, measured and asked for the door by our drivers', async () => {
    await using pair = await openTtyPair()
    const registers = new Map([
      [8, 0x0001],
      [80, 0x0001],
      [81, 0x86a0],
      [82, 0xffff],
      [83, 0xc1ef],
    ])
    const writes: Array<[number, number]> = []
    const slave = new ServerSerial(
      {
        getHoldingRegister: (address: number) => registers.get(address) ?? 0,
        getInputRegister: (address: number) => (address === 1 ? 305 : 546),
        getDiscreteInput: (address: number) => address === 5,
        setRegister: (address: number, value: number) => {
          writes.push([address, value])
        },
      },
      { path: pair.far, baudRate: 115_200, unitID: 9 },
    )
    await new Promise<void>((resolve) => {
      slave.on('initialized', () => resolve())
    })
    const transport = createSerialTransport({ path: pair.near, baudRate: 115_200 })
    const bus = new Bus({
      name: 'test',
      transport,
      clock: systemClock,
      baudRate: 115_200,
      quietGapMs: 2,
      changeGapMs: 2,
      probeIntervalMs: 1000,
    })
    await bus.start()
    const on = { address: 9, replyTimeoutMs: 2000 }
    const together = createScale(ScaleSettings.parse({ driver: 'scale-sbt', ...on }), bus, 'together')
    const apart = createScale(ScaleSettings.parse({ driver: 'scale-sbt', weightReads: 'apart', ...on }), bus, 'apart')
    const thermometer = createThermometer(ThermometerSettings.parse({ driver: 'thermometer-xy-md02', ...on }), bus, 't')
    const door = createDoorInput(DoorInputSettings.parse({ driver: 'input-8', input: 6, ...on }), bus, 'd')
    const absent = createScale(ScaleSettings.parse({ driver: 'scale-sbt', address: 3, replyTimeoutMs: 50 }), bus, 'x')

    const reading = { grossMg: 10_000_000, netMg: -1_588_900, isStable: true }
    expect(await together.weigh()).toEqual(reading)
    expect(await apart.weigh()).toEqual(reading)
    await together.zero()
    expect(writes).toEqual([[94, 1]])
    expect(await thermometer.read()).toEqual({ temperatureDeciC: 305, humidityDeciPercent: 546 })
    expect(await door.readIsOpen()).toBe(true)
    await expect(absent.weigh()).rejects.toMatchObject({ code: 'TIMEOUT_NO_REPLY' })

    await bus[Symbol.asyncDispose]()
    await new Promise<void>((resolve) => {
      slave.close(() => resolve())
    })
  })
})
