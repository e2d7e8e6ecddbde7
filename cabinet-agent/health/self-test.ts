import type { CabinetHardware } from '#firmware-bridge/ports/devices.ts'
import { DeviceError } from '#firmware-bridge/ports/device-error.ts'
import type { Reply } from '#shared/contracts/mqtt/command.ts'

type Report = NonNullable<Reply['report']>

/** Asks every device for something it must be able to answer, changing nothing; one line a device. */
export async function runSelfTest(hardware: CabinetHardware): Promise<Report> {
  const { lock, doorLock, scales, thermometer, doorInput } = hardware
  const tests: Array<Promise<Report[number]>> = [
    ask('lock', async () => `door lock is ${(await lock.readStates()).get(doorLock) ?? 'not on the board'}`),
    ...[...scales].map(([laneId, scale]) =>
      ask(`scale ${laneId}`, async () => {
        const reading = await scale.weigh()
        if (reading.rangeFault !== undefined) throw new Error(reading.rangeFault)
        return `${reading.grossMg / 1_000} g`
      }),
    ),
  ]
  if (thermometer !== undefined) {
    tests.push(ask('thermometer', async () => `${(await thermometer.read()).temperatureDeciC / 10} °C`))
  }
  if (doorInput !== undefined) {
    tests.push(ask('door-input', async () => ((await doorInput.readIsOpen()) ? 'door open' : 'door closed')))
  }
  return (await Promise.all(tests)).slice(0, 200)
}

async function ask(device: string, question: () => Promise<string>): Promise<Report[number]> {
  try {
    const detail = await question()
    return { device, isGood: !detail.endsWith('not on the board'), detail }
  } catch (error) {
    const code = error instanceof DeviceError ? `${error.code}: ` : ''
    return {
      device,
      isGood: false,
      detail: `${code}${error instanceof Error ? error.message : String(error)}`.slice(0, 300),
    }
  }
}
