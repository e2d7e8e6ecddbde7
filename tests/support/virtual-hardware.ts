import type { InstallationProfile } from '#firmware-bridge/profile/installation-profile.ts'
import type { CabinetHardware } from '#firmware-bridge/ports/devices.ts'
import { openCabinetHardware } from '#firmware-bridge/profile/open-cabinet-hardware.ts'
import type { LoadCellKind } from '#firmware-bridge/virtual/load-cell-profiles.ts'
import { VirtualCabinet, type CabinetItem } from '#firmware-bridge/virtual/virtual-cabinet.ts'
import {
  makeVirtualInstallation,
  type VirtualInstallationOptions,
} from '#firmware-bridge/virtual/virtual-installation.ts'
import { seededRandom } from '#shared/ids/random.ts'
import { TestClock } from './test-clock.ts'

/** A virtual cabinet, the hardware that talks to it and the clock both live by. */
export interface VirtualHardware extends AsyncDisposable {
  clock: TestClock
  cabinet: VirtualCabinet
  hardware: CabinetHardware
  /** Lets a promise come true by moving the clock; fails when it has not within `limitMs` of it. */
  settle: <T>(promise: Promise<T>, limitMs?: number) => Promise<T>
}

export interface VirtualHardwareOptions extends Partial<VirtualInstallationOptions> {
  installation?: (installation: InstallationProfile) => InstallationProfile
  cells?: LoadCellKind
  seed?: number
  items?: Readonly<Record<string, readonly CabinetItem[]>>
}

export async function startVirtualHardware(options: VirtualHardwareOptions = {}): Promise<VirtualHardware> {
  const made = makeVirtualInstallation({ laneCount: 2, ...options })
  const installation = options.installation?.(made) ?? made
  const clock = new TestClock()
  const cabinet = new VirtualCabinet({
    installation,
    cells: options.cells ?? 'good',
    clock,
    random: seededRandom(options.seed ?? 1),
    ...(options.items === undefined ? {} : { items: options.items }),
  })
  const hardware = await openCabinetHardware(installation, { clock, openVirtual: cabinet.openVirtual })
  return {
    clock,
    cabinet,
    hardware,
    settle: (promise, limitMs) => settleBy(clock, promise, limitMs),
    async [Symbol.asyncDispose]() {
      await hardware[Symbol.asyncDispose]()
      cabinet.stop()
    },
  }
}

/** Moves the clock from timer to timer until the promise is settled. */
export async function settleBy<T>(clock: TestClock, promise: Promise<T>, limitMs = 60_000): Promise<T> {
  let isSettled = false
  const watched = promise.finally(() => {
    isSettled = true
  })
  watched.catch(() => {})
  const untilMs = clock.monotonicMs() + limitMs
  await clock.advanceAsync(0)
  while (!isSettled && clock.monotonicMs() < untilMs) {
    const dueMs = clock.nextDueMs
    if (dueMs === undefined) break
    await clock.advanceAsync(dueMs - clock.monotonicMs())
  }
  if (!isSettled) throw new Error(`not settled after ${limitMs} ms of the test’s clock, and nothing is due`)
  return watched
}
