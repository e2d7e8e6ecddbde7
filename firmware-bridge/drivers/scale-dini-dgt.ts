import type { Bus } from '../bus/bus.ts'
import { uint16At } from '../framing/bytes.ts'
import type { Scale, ScaleReading } from '../ports/devices.ts'
import type { ScaleSettings } from '../profile/installation-profile.ts'
import { readExchange, writeRegisters } from './modbus-line.ts'

/**
 * Dini Argeo DGT over Modbus RTU, one-scale mode: magnitudes without sign or decimal point, signs in the status, and a
 * stable bit of the opposite sense to SBT's. Source: hardware.md, scales B.
 */

type Settings = Extract<ScaleSettings, { driver: 'scale-dini-dgt' }>

const statusBits = { netNegative: 1 << 0, grossNegative: 1 << 1, stable: 1 << 2, underload: 1 << 3, overload: 1 << 4 }
const zeroCommand = 1
const commandRegister = 0

export function createDiniScale(settings: Settings, bus: Bus, device: string): Scale {
  const { address: unit, replyTimeoutMs } = settings
  const readAll = readExchange({ unit, function: 4, address: 0, count: 5, priority: 'weight', replyTimeoutMs })
  const line = bus.addDevice(device, () => readAll)
  return {
    async weigh() {
      return decodeDiniReading(await line.exchange(readAll), settings)
    },
    async zero() {
      await writeRegisters(line, { unit, address: commandRegister, values: [zeroCommand], replyTimeoutMs })
    },
  }
}

/** Input registers 30001–30005 as ten bytes → mg. */
export function decodeDiniReading(
  registers: Uint8Array,
  { decimals, unit }: Pick<Settings, 'decimals' | 'unit'>,
): ScaleReading {
  const status = uint16At(registers, 8) & 0xff
  const mgPerCount = (unit === 'kg' ? 1_000_000 : 1000) / 10 ** decimals
  const signed = (index: number, negative: number) => {
    const magnitude = uint16At(registers, index) * 65_536 + uint16At(registers, index + 2)
    return Math.round(magnitude * mgPerCount) * ((status & negative) !== 0 ? -1 : 1) || 0
  }
  const isOverload = (status & statusBits.overload) !== 0
  const isUnderload = (status & statusBits.underload) !== 0
  return {
    grossMg: signed(0, statusBits.grossNegative),
    netMg: signed(4, statusBits.netNegative),
    isStable: (status & statusBits.stable) !== 0,
    ...(isOverload ? { rangeFault: 'overload' } : isUnderload ? { rangeFault: 'underload' } : {}),
  }
}
