// A cabinet's boards behind the agent's device port, over the mechanics of the virtual lock: they outlive the agent, lie, jam and
// fall silent. Bytes on a line are the bus tests' business; here a call either answers or times out.
import { DeviceError } from '#firmware-bridge/ports/device-error.ts'
import type { CabinetHardware, LockState, Scale, UnlockOutcome } from '#firmware-bridge/ports/devices.ts'
import { LockMechanism } from '#firmware-bridge/virtual/lock-mechanism.ts'
import { nextGaussian, type Random } from '#shared/ids/random.ts'
import { delay, type Clock } from '#shared/time/clock.ts'
import type { Life } from './machine.ts'

export const divisionMg = 1_000
export const scaleSdMg = 300
const timeoutMs = 300
const judgeMs = 600

export class Boards {
  readonly mechanism: LockMechanism
  readonly masses: Map<string, number>
  isScaleSilent = false
  isLockSilent = false
  /** The door switch says closed whatever the door does. */
  isDoorLying = false
  /** The lock's feedback says the contrary of what is. */
  isLockLying = false
  /** All scales show so much more than lies on them, mg. */
  scaleLieMg = 0
  /** Reads a code into the agent that runs; without one nothing hears it. */
  showCode: (text: string) => void = () => {}
  /** Told of every pulse, with the process that asked for it. */
  onPulse: (life: Life) => void = () => {}
  readonly #random: Random

  constructor(clock: Clock, random: Random, laneIds: readonly string[]) {
    this.mechanism = new LockMechanism(clock)
    this.#random = random
    this.masses = new Map(laneIds.map((laneId) => [laneId, 0]))
  }

  add(laneId: string, byMg: number): void {
    this.masses.set(laneId, (this.masses.get(laneId) ?? 0) + byMg)
  }

  #feedback(): LockState {
    const isOpen = this.mechanism.feedback === 'open'
    return isOpen === this.isLockLying ? 'closed' : 'open'
  }

  /** The hardware as one life of the agent sees it. */
  hardwareFor(life: Life): CabinetHardware {
    const { clock } = life
    const silent = async (): Promise<never> => {
      await delay(clock, timeoutMs)
      throw new DeviceError('TIMEOUT_NO_REPLY', 'no reply')
    }
    const scaleOf = (laneId: string): Scale => ({
      weigh: () => {
        if (this.isScaleSilent) return silent()
        const exactMg = (this.masses.get(laneId) ?? 0) + this.scaleLieMg + scaleSdMg * nextGaussian(this.#random)
        const shownMg = Math.round(exactMg / divisionMg) * divisionMg
        return Promise.resolve({ grossMg: shownMg, netMg: shownMg, isStable: true })
      },
      zero: () => Promise.resolve(),
    })
    return {
      lock: {
        lockCount: 1,
        unlock: async (_lock, { deadlineMonotonicMs }): Promise<UnlockOutcome> => {
          life.touch('unlock')
          if (clock.monotonicMs() > deadlineMonotonicMs) throw new DeviceError('EXPIRED', 'too late')
          this.onPulse(life)
          this.mechanism.pulse()
          life.touch('unlocked')
          await delay(clock, judgeMs)
          if (this.isLockSilent) return 'UNKNOWN'
          return this.#feedback() === 'open' ? 'OPENED' : 'NOT_OPENED'
        },
        readStates: () =>
          this.isLockSilent ? silent() : Promise.resolve(new Map<number, LockState>([[1, this.#feedback()]])),
      },
      doorLock: 1,
      scales: new Map([...this.masses.keys()].map((laneId) => [laneId, scaleOf(laneId)])),
      doorInput: {
        readIsOpen: () =>
          this.isLockSilent ? silent() : Promise.resolve(this.mechanism.isDoorOpen && !this.isDoorLying),
      },
      scanner: {
        onCode: (listener) => {
          this.showCode = (text) => {
            if (!life.isOver) listener(text)
          }
          return () => {}
        },
        show: () => {},
      },
      counters: () => ({}),
      health: () => [],
      onHealthChange: () => () => {},
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }
  }
}
