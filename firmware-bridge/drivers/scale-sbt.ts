import type { Bus } from '../bus/bus.ts'
import { int32At, uint16At } from '../framing/bytes.ts'
import type { Scale, ScaleReading } from '../ports/devices.ts'
import type { ScaleSettings } from '../profile/installation-profile.ts'
import { readExchange, writeRegisters } from './modbus-line.ts'

/** SBT-type weighing transmitter over Modbus RTU. Source: hardware.md, scales A. */

type Settings = Extract<ScaleSettings, { driver: 'scale-sbt' }>

/** Register addresses of the transmitter's map. */
export const sbtRegisters = { configLock: 5, status: 8, gross: 80, net: 82, tare: 84, zero: 94 } as const

/** Bits of the status register. Stable is the absence of bit 5. */
export const sbtStatus = {
  decimalsMask: 0x07,
  negative: 1 << 3,
  unstable: 1 << 5,
  overflow: 1 << 6,
  zero: 1 << 7,
  overload: 1 << 9,
} as const

export function createSbtScale(settings: Settings, bus: Bus, device: string): Scale {
  const { address: unit, replyTimeoutMs } = settings
  const read = (address: number, count: number) =>
    readExchange({ unit, function: 3, address, count, priority: 'weight', replyTimeoutMs })
  // Asked ten times a second, and the same each time: made once.
  const asked = {
    together: read(sbtRegisters.gross, 4),
    gross: read(sbtRegisters.gross, 2),
    net: read(sbtRegisters.net, 2),
    status: read(sbtRegisters.status, 1),
  }
  const line = bus.addDevice(device, () => asked.status)

  let status = 0
  let weightsUntilStatus = 0
  return {
    async weigh() {
      const weights =
        settings.weightReads === 'together'
          ? await line.exchange(asked.together)
          : Uint8Array.from([...(await line.exchange(asked.gross)), ...(await line.exchange(asked.net))])
      if (weightsUntilStatus === 0) {
        status = uint16At(await line.exchange(asked.status), 0)
        weightsUntilStatus = settings.statusEvery
      }
      weightsUntilStatus -= 1
      return decodeSbtReading(status, int32At(weights, 0), int32At(weights, 4), settings.unit)
    },
    async zero() {
      await writeRegisters(line, { unit, address: sbtRegisters.zero, values: [1], replyTimeoutMs })
    },
  }
}

/** Counts and status → mg. The status says how many digits of the counts are decimals. */
export function decodeSbtReading(
  status: number,
  grossCounts: number,
  netCounts: number,
  unit: Settings['unit'],
): ScaleReading {
  const mgPerCount = (unit === 'kg' ? 1_000_000 : 1000) / 10 ** (status & sbtStatus.decimalsMask)
  const isOutOfRange = (status & (sbtStatus.overflow | sbtStatus.overload)) !== 0
  const isUnderload = (status & sbtStatus.negative) !== 0 && (status & sbtStatus.overload) === 0
  return {
    grossMg: Math.round(grossCounts * mgPerCount) || 0,
    netMg: Math.round(netCounts * mgPerCount) || 0,
    isStable: (status & sbtStatus.unstable) === 0,
    ...(isOutOfRange ? { rangeFault: isUnderload ? 'underload' : 'overload' } : {}),
  }
}
