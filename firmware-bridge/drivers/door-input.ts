import type { Bus } from '../bus/bus.ts'
import { byteAt } from '../framing/bytes.ts'
import type { DoorInput } from '../ports/devices.ts'
import type { DoorInputSettings } from '../profile/installation-profile.ts'
import { readExchange } from './modbus-line.ts'

/** Eight digital inputs over Modbus function 02; one of them is the door's own switch. Source: hardware.md. */

export interface InputModule extends DoorInput {
  /** All eight inputs; `[0]` is input 1, true when active. */
  readInputs(): Promise<readonly boolean[]>
}

export function createDoorInput(settings: DoorInputSettings, bus: Bus, device: string): InputModule {
  const { address: unit, replyTimeoutMs, input, openBit } = settings
  // With the lock: whether the door stands open decides a session as much as the lock's own feedback does.
  const read = readExchange({ unit, function: 2, address: 0, count: 8, priority: 'lock-state', replyTimeoutMs })
  const line = bus.addDevice(device, () => read)
  const readBits = async () => byteAt(await line.exchange(read), 0)
  return {
    async readIsOpen() {
      return (((await readBits()) >>> (input - 1)) & 1) === openBit
    },
    async readInputs() {
      const bits = await readBits()
      return Array.from({ length: 8 }, (_, index) => ((bits >>> index) & 1) === 1)
    },
  }
}
