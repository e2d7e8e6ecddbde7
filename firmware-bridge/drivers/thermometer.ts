import type { Bus } from '../bus/bus.ts'
import { int16At, uint16At } from '../framing/bytes.ts'
import type { Thermometer } from '../ports/devices.ts'
import type { ThermometerSettings } from '../profile/installation-profile.ts'
import { readExchange } from './modbus-line.ts'

/** SHT20 / XY-MD02: temperature and humidity in tenths, Modbus function 04. Source: hardware.md. */
export function createThermometer(settings: ThermometerSettings, bus: Bus, device: string): Thermometer {
  const { address: unit, replyTimeoutMs } = settings
  const read = readExchange({ unit, function: 4, address: 1, count: 2, priority: 'temperature', replyTimeoutMs })
  const line = bus.addDevice(device, () => read)
  return {
    async read() {
      const registers = await line.exchange(read)
      return { temperatureDeciC: int16At(registers, 0), humidityDeciPercent: uint16At(registers, 2) }
    },
  }
}
