import type { DeviceHealth } from '#firmware-bridge/ports/devices.ts'
import type { CancelTimer, Clock } from '#shared/time/clock.ts'
import type { JournalWrite } from '../journal/journal.ts'
import { Steadiness, type SteadinessRule } from '../steadiness.ts'

export interface DeviceNewsOptions {
  clock: Clock
  write: (write: JournalWrite) => boolean
}

/** A bad line comes and goes for days: after six changes it is one that does not answer, until it was quiet for ten minutes. */
const rule: SteadinessRule = { burst: 6, anotherMs: 1_800_000, restMs: 600_000, longestRestMs: 600_000 }
/** What an operator reads of a device that comes and goes. */
export const unsteadyCode = 'UNSTEADY'

interface Device {
  readonly steadiness: Steadiness<boolean>
  health: DeviceHealth
  told: 'online' | 'offline' | 'unsteady'
  cancel: CancelTimer
}

/**
 * Journals which devices answer and which do not. Each run of the agent starts with all of them online, as the server does when it
 * hears of the start.
 */
export class DeviceNews {
  readonly #options: DeviceNewsOptions
  readonly #devices = new Map<string, Device>()

  constructor(options: DeviceNewsOptions) {
    this.#options = options
  }

  note(health: DeviceHealth): void {
    const device = this.#devices.get(health.device) ?? this.#meet(health.device)
    device.health = health
    this.#look(device)
  }

  stop(): void {
    for (const { cancel } of this.#devices.values()) cancel()
  }

  #meet(name: string): Device {
    const device: Device = {
      steadiness: new Steadiness(rule),
      health: { device: name, isOnline: true },
      told: 'online',
      cancel: () => {},
    }
    device.steadiness.look(true, this.#options.clock.monotonicMs())
    this.#devices.set(name, device)
    return device
  }

  #look(device: Device): void {
    const { clock } = this.#options
    const nowMs = clock.monotonicMs()
    device.cancel()
    if (device.steadiness.look(device.health.isOnline, nowMs)) {
      this.#tell(device, device.health.isOnline ? 'online' : 'offline')
      return
    }
    this.#tell(device, 'unsteady')
    device.cancel = clock.setTimer(device.steadiness.waitMs(nowMs), () => this.#look(device))
  }

  #tell(device: Device, news: Device['told']): void {
    if (news === device.told) return
    device.told = news
    const { device: name, lastErrorCode = 'TIMEOUT_NO_REPLY' } = device.health
    const event =
      news === 'online'
        ? { type: 'device.online', body: { device: name } }
        : { type: 'device.offline', body: { device: name, code: news === 'unsteady' ? unsteadyCode : lastErrorCode } }
    this.#options.write({ atMs: this.#options.clock.now(), events: [event] })
  }
}
