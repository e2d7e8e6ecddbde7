import type { Clock } from '#shared/time/clock.ts'
import { Bus } from '../bus/bus.ts'
import { createCodeScanner } from '../drivers/code-scanner.ts'
import { createDoorInput } from '../drivers/door-input.ts'
import { createLockBoard } from '../drivers/lock-board.ts'
import { createScale } from '../drivers/scale.ts'
import { createThermometer } from '../drivers/thermometer.ts'
import type { CabinetHardware, DeviceHealth, Scale } from '../ports/devices.ts'
import { createTransport } from '../transports/port-url.ts'
import type { Transport } from '../transports/transport.ts'
import type { InstallationProfile, PortSettings } from './installation-profile.ts'

/** Makes a cabinet's hardware from its installation profile: a bus for each port, a driver for each board. */

export interface HardwareSurroundings {
  clock: Clock
  /** Resolves `virtual:name` ports; only a process that holds the virtual boards has it. */
  openVirtual?: (name: string) => Transport
}

/**
 * Resolves when every port was tried once. A port that cannot be opened is no failure: its boards are offline, and the
 * bus goes on trying. Throws RangeError when a port is virtual and nobody here holds it.
 */
export async function openCabinetHardware(
  profile: InstallationProfile,
  { clock, openVirtual }: HardwareSurroundings,
): Promise<CabinetHardware> {
  const buses = new Map<string, Bus>()
  for (const [name, settings] of Object.entries(profile.ports)) {
    if (name === profile.scanner?.port) continue
    const transport = transportOf(settings, clock, openVirtual)
    const { baudRate, quietGapMs, changeGapMs, probeIntervalMs } = settings
    buses.set(name, new Bus({ name, transport, clock, baudRate, quietGapMs, changeGapMs, probeIntervalMs }))
  }
  const busOf = (port: string): Bus => {
    const bus = buses.get(port)
    if (bus === undefined) throw new RangeError(`the profile names no port ${port}`)
    return bus
  }

  const lock = createLockBoard(profile.lock.board, busOf(profile.lock.port), { device: 'lock', clock })
  const scales = new Map<string, Scale>()
  for (const { laneId, port, board } of profile.scales) {
    scales.set(laneId, createScale(board, busOf(port), `scale ${laneId}`))
  }
  const { thermometer, doorInput } = profile
  const sensors = {
    ...(thermometer && { thermometer: createThermometer(thermometer.board, busOf(thermometer.port), 'thermometer') }),
    ...(doorInput && { doorInput: createDoorInput(doorInput.board, busOf(doorInput.port), 'door-input') }),
  }
  const scanner = scannerOf(profile, clock, openVirtual)
  const lines = [...buses.values()]
  await Promise.all([...lines.map((bus) => bus.start()), scanner?.start()])

  return {
    lock,
    doorLock: profile.lock.doorLock,
    scales,
    ...sensors,
    ...(scanner && { scanner }),
    counters: () => ({
      ...Object.fromEntries([...buses].map(([name, bus]) => [name, { ...bus.counters }])),
      ...(scanner && { scanner: { ...scanner.counters() } }),
    }),
    health: () => [...lines.flatMap((bus) => bus.health()), ...(scanner === undefined ? [] : [scanner.health()])],
    onHealthChange(listener: (health: DeviceHealth) => void) {
      const unsubscribes = lines.map((bus) => bus.onHealthChange(listener))
      if (scanner !== undefined) unsubscribes.push(scanner.onHealthChange(listener))
      return () => {
        for (const unsubscribe of unsubscribes) unsubscribe()
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...lines.map((bus) => bus[Symbol.asyncDispose]()), scanner?.stop()])
    },
  }
}

function scannerOf(profile: InstallationProfile, clock: Clock, openVirtual: HardwareSurroundings['openVirtual']) {
  const settings = profile.scanner === undefined ? undefined : profile.ports[profile.scanner.port]
  if (settings === undefined) return undefined
  return createCodeScanner(transportOf(settings, clock, openVirtual), clock, 'scanner')
}

function transportOf(
  settings: PortSettings,
  clock: Clock,
  openVirtual: HardwareSurroundings['openVirtual'],
): Transport {
  const virtual = /^virtual:(.+)$/.exec(settings.url)?.[1]
  if (virtual === undefined) return createTransport(settings.url, settings, clock)
  if (openVirtual === undefined) throw new RangeError(`${settings.url}: no virtual boards are in this process`)
  return openVirtual(virtual)
}
