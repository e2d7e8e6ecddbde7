import type { CabinetHardware, LockState, Scale } from '#firmware-bridge/ports/devices.ts'
import { nextGaussian, type Random } from '#shared/ids/random.ts'

/** A cabinet's hardware in memory, behind the same port as real boards: for a thousand agents in one process. */
export interface MemoryHardware extends CabinetHardware {
  /** What lies on a lane now, mg. */
  setMass(laneId: string, massMg: number): void
  massOf(laneId: string): number
  setDoor(isOpen: boolean): void
  /** Resolves when the agent has drawn the bolt. */
  unlocked(): Promise<void>
}

const noiseSdMg = 300
const divisionMg = 100

export function createMemoryHardware(laneIds: readonly string[], random: Random): MemoryHardware {
  const masses = new Map(laneIds.map((laneId) => [laneId, 0]))
  const waiting: Array<() => void> = []
  let isDoorOpen = false
  let lockState: LockState = 'closed'
  const scaleOf = (laneId: string): Scale => ({
    weigh() {
      const exactMg = (masses.get(laneId) ?? 0) + noiseSdMg * nextGaussian(random)
      const shownMg = Math.round(exactMg / divisionMg) * divisionMg
      return Promise.resolve({ grossMg: shownMg, netMg: shownMg, isStable: true })
    },
    zero: () => Promise.resolve(),
  })
  return {
    lock: {
      lockCount: 1,
      unlock() {
        lockState = 'open'
        for (const resolve of waiting.splice(0)) resolve()
        return Promise.resolve('OPENED')
      },
      readStates: () => Promise.resolve(new Map([[1, lockState]])),
    },
    doorLock: 1,
    scales: new Map(laneIds.map((laneId) => [laneId, scaleOf(laneId)])),
    doorInput: { readIsOpen: () => Promise.resolve(isDoorOpen) },
    thermometer: { read: () => Promise.resolve({ temperatureDeciC: 55 }) },
    counters: () => ({}),
    health: () => [],
    onHealthChange: () => () => {},
    setMass: (laneId, massMg) => void masses.set(laneId, massMg),
    massOf: (laneId) => masses.get(laneId) ?? 0,
    setDoor(isOpen) {
      isDoorOpen = isOpen
      if (!isOpen) lockState = 'closed'
    },
    unlocked: () => new Promise((resolve) => waiting.push(resolve)),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}
