import { InstallationProfile, type LockSettings, type ScaleSettings } from '../profile/installation-profile.ts'

/** Installation profiles for virtual cabinets: what a fitter would write down after wiring one up. */

export interface VirtualInstallationOptions {
  laneCount: number
  lockDriver?: LockSettings['driver']
  scaleDriver?: ScaleSettings['driver']
  /** Where the ports are; default `virtual:` and the port's name. */
  urlOf?: (port: string) => string
  /** Of the scales' port; default 115,200. */
  scaleBaudRate?: number
  /** Everything on one line named `all`; default false: locks and sensors apart from scales. */
  isOneLine?: boolean
  /** A code reader on a line of its own, named `scanner`; default false. */
  hasScanner?: boolean
}

/** Units of the Modbus boards on the same line as the scales, out of the scales' way. */
const thermometerAddress = 101
const doorInputAddress = 102

/** Lanes are L01…; MT-SICS scales, which are point to point, get a line each. */
export function makeVirtualInstallation(options: VirtualInstallationOptions): InstallationProfile {
  const {
    laneCount,
    lockDriver = 'lock-8a',
    scaleDriver = 'scale-sbt',
    isOneLine = false,
    hasScanner = false,
  } = options
  const urlOf = options.urlOf ?? ((port: string) => `virtual:${port}`)
  const isPointToPoint = scaleDriver === 'scale-mt-sics'
  if (isPointToPoint && isOneLine) throw new RangeError('MT-SICS scales are point to point: they cannot share a line')
  const lockPort = isOneLine ? 'all' : 'locks'
  const lockBaudRate = lockDriver === 'lock-8a' || lockDriver === 'lock-wkly' ? 9600 : 19_200
  const scaleBaudRate = isPointToPoint ? 9600 : (options.scaleBaudRate ?? 115_200)
  const laneIds = Array.from({ length: laneCount }, (_, index) => `L${String(index + 1).padStart(2, '0')}`)
  const scalePort = (laneId: string) => (isOneLine ? 'all' : isPointToPoint ? `scale-${laneId}` : 'scales')

  const ports = new Map([[lockPort, { url: urlOf(lockPort), baudRate: isOneLine ? scaleBaudRate : lockBaudRate }]])
  for (const port of laneIds.map(scalePort)) {
    if (!ports.has(port)) ports.set(port, { url: urlOf(port), baudRate: scaleBaudRate })
  }
  if (hasScanner) ports.set('scanner', { url: urlOf('scanner'), baudRate: 9600 })
  return InstallationProfile.parse({
    ports: Object.fromEntries(
      // Virtual boards need no time to turn the line around; 2 ms is Modbus' own gap above 19,200 baud.
      [...ports].map(([name, port]) => [name, { ...port, quietGapMs: 2, changeGapMs: 2 }]),
    ),
    lock: { port: lockPort, board: { driver: lockDriver } },
    scales: laneIds.map((laneId, index) => ({
      laneId,
      port: scalePort(laneId),
      board: isPointToPoint ? { driver: scaleDriver } : { driver: scaleDriver, address: index + 1 },
    })),
    thermometer: { port: lockPort, board: { driver: 'thermometer-xy-md02', address: thermometerAddress } },
    doorInput: { port: lockPort, board: { driver: 'input-8', address: doorInputAddress } },
    ...(hasScanner ? { scanner: { port: 'scanner', board: { driver: 'scanner-line' } } } : {}),
  } satisfies Record<string, unknown>)
}
