import type { CabinetHardware } from '#firmware-bridge/ports/devices.ts'
import type { CancelTimer, Clock } from '#shared/time/clock.ts'
import type { DoorState } from '../session/session-state.ts'
import { Steadiness, type SteadinessRule } from '../steadiness.ts'

export interface DoorWatch {
  door(): DoorState
  /** The bolt is drawn, as far as the board says. */
  isLockOpen(): boolean
  /** Resolves when the door was looked at once. */
  readonly firstLook: Promise<void>
  /** Looks often while a session runs, seldom otherwise. */
  setBusy(isBusy: boolean): void
  stop(): void
}

export interface DoorWatchOptions {
  hardware: CabinetHardware
  clock: Clock
  onDoor: (door: DoorState) => void
  /** What tells of the door changes its mind all the time and is not believed, or may be again. */
  onSteady: (device: 'door switch' | 'lock feedback', isSteady: boolean) => void
}

const busyPeriodMs = 100
const idlePeriodMs = 300
/** The lock's own feedback is looked at every so many looks at the door switch. */
const lockEvery = 5
const unknownAfterMisses = 3
/** No queue of buyers, no restocker and no child opens and closes a door more often for long. */
const doorRule: SteadinessRule = { burst: 24, anotherMs: 10_000, restMs: 5_000, longestRestMs: 600_000 }

/**
 * Follows the door: by its own switch where there is one, by the lock's feedback otherwise or when the switch is
 * silent or unsteady. After three looks without an answer nobody knows.
 */
export function startDoorWatch({ hardware, clock, onDoor, onSteady }: DoorWatchOptions): DoorWatch {
  const { lock, doorLock, doorInput } = hardware
  let door: DoorState = 'unknown'
  let isLockOpen = false
  let isLockKnown = false
  let misses = 0
  let lookCount = 0
  let isBusy = false
  let isStopped = false
  let cancel: CancelTimer = () => {}
  let announceFirst: () => void = () => {}
  const firstLook = new Promise<void>((resolve) => {
    announceFirst = resolve
  })

  const believe = (device: Parameters<typeof onSteady>[0]) => {
    const steadiness = new Steadiness<DoorState>(doorRule)
    let wasSteady = true
    return (seen: DoorState): DoorState => {
      const isSteady = steadiness.look(seen, clock.monotonicMs())
      if (isSteady !== wasSteady && !isStopped) onSteady(device, isSteady)
      wasSteady = isSteady
      return isSteady ? seen : 'unknown'
    }
  }
  const believeInput = believe('door switch')
  const believeLock = believe('lock feedback')

  const readLock = async (): Promise<DoorState> => {
    try {
      const state = (await lock.readStates()).get(doorLock)
      const believed = state === undefined ? 'unknown' : believeLock(state)
      isLockKnown = believed !== 'unknown'
      isLockOpen = believed === 'open'
      return believed
    } catch {
      isLockKnown = false
      return 'unknown'
    }
  }
  const look = async (): Promise<DoorState> => {
    const isLockDue = doorInput === undefined || lookCount % lockEvery === 0
    lookCount += 1
    let byInput: DoorState = 'unknown'
    try {
      if (doorInput !== undefined) byInput = believeInput((await doorInput.readIsOpen()) ? 'open' : 'closed')
    } catch {
      // The lock is asked instead.
    }
    const byLock = isLockDue || byInput === 'unknown' ? await readLock() : 'unknown'
    return byInput === 'unknown' ? byLock : byInput
  }

  async function run(): Promise<void> {
    const seen = await look()
    if (isStopped) return
    misses = seen === 'unknown' ? misses + 1 : 0
    const next = seen === 'unknown' && misses < unknownAfterMisses ? door : seen
    const hasChanged = next !== door
    door = next
    announceFirst()
    if (hasChanged) onDoor(door)
    if (isStopped) return
    cancel = clock.setTimer(isBusy ? busyPeriodMs : idlePeriodMs, () => void run())
  }
  void run()

  return {
    door: () => door,
    isLockOpen: () => isLockKnown && isLockOpen,
    firstLook,
    setBusy(next) {
      if (next === isBusy) return
      isBusy = next
      lookCount = 0
    },
    stop() {
      isStopped = true
      cancel()
    },
  }
}
