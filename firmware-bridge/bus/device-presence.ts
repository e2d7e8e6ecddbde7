import type { DeviceErrorCode } from '../ports/device-error.ts'
import type { DeviceHealth } from '../ports/devices.ts'

/** Whether one device is there: ten misses in a row and it is not, one answer and it is again. */

export const missesUntilOffline = 10

export interface DevicePresence {
  readonly isOnline: boolean
  health(): DeviceHealth
  answered(): void
  missed(code: DeviceErrorCode): void
  /** The whole line is gone, and with it every device on it. */
  lost(code: DeviceErrorCode): void
}

/** `onChange` is called when the device goes or comes back. It starts as online: nothing has been missed yet. */
export function createDevicePresence(device: string, onChange: (health: DeviceHealth) => void): DevicePresence {
  let isOnline = true
  let misses = 0
  let lastErrorCode: DeviceErrorCode | undefined
  const health = (): DeviceHealth => ({ device, isOnline, ...(lastErrorCode === undefined ? {} : { lastErrorCode }) })
  const lose = (code: DeviceErrorCode) => {
    lastErrorCode = code
    if (!isOnline) return
    isOnline = false
    onChange(health())
  }
  return {
    get isOnline() {
      return isOnline
    },
    health,
    answered() {
      misses = 0
      if (isOnline) return
      isOnline = true
      lastErrorCode = undefined
      onChange(health())
    },
    missed(code) {
      misses += 1
      if (misses >= missesUntilOffline) lose(code)
      else lastErrorCode = code
    },
    lost: lose,
  }
}
