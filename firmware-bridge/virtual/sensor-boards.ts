import type { Clock } from '#shared/time/clock.ts'
import type { DoorInputSettings, ThermometerSettings } from '../profile/installation-profile.ts'
import { createModbusBoard, illegalAddress, illegalFunction } from './modbus-board.ts'
import type { VirtualBoard } from './virtual-board.ts'

/** The virtual thermometer and the virtual input module. */

export interface Climate {
  temperatureDeciC: number
  humidityDeciPercent: number
}

export function createVirtualThermometer(settings: ThermometerSettings, climate: Climate, clock: Clock): VirtualBoard {
  return createModbusBoard(clock, {
    unit: settings.address,
    replyDelayMs: 3,
    map: {
      read(request, address) {
        if (request.function !== 4) return illegalFunction
        if (address === 1) return { kind: 'ok', value: climate.temperatureDeciC & 0xffff }
        return address === 2 ? { kind: 'ok', value: climate.humidityDeciPercent } : illegalAddress
      },
      write: () => illegalFunction,
    },
  })
}

export function createVirtualInputModule(
  settings: DoorInputSettings,
  isDoorOpen: () => boolean,
  clock: Clock,
): VirtualBoard {
  return createModbusBoard(clock, {
    unit: settings.address,
    replyDelayMs: 3,
    map: {
      read(request, address) {
        if (request.function !== 2) return illegalFunction
        if (address > 7) return illegalAddress
        if (address !== settings.input - 1) return { kind: 'ok', value: 0 }
        return { kind: 'ok', value: isDoorOpen() === (settings.openBit === 1) ? 1 : 0 }
      },
      write: () => illegalFunction,
    },
  })
}
