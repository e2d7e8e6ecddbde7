import { nextGaussian, seededRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { gramsToMg } from '#shared/units/mass.ts'
import type { CabinetItem } from './virtual-cabinet.ts'
import { VirtualCabinet } from './virtual-cabinet.ts'
import type { VirtualCabinetArguments } from './virtual-cabinet-options.ts'
import { makeVirtualInstallation } from './virtual-installation.ts'
import { serveLineOnSerial, serveLineOnTcp, type ServedLine } from './serve-line.ts'
import type { VirtualLine } from './virtual-line.ts'
import { wireClock } from './wire-clock.ts'

/** A virtual cabinet on a real port, as the command line describes it. */

export interface ServedCabinet extends AsyncDisposable {
  cabinet: VirtualCabinet
  /** The line that the port leads to. */
  lineName: string
  url: string
  /** Where the code reader can be reached. */
  scannerUrl?: string
}

export async function serveCabinet(options: VirtualCabinetArguments): Promise<ServedCabinet> {
  const isAlone = options.scale === 'scale-mt-sics'
  const installation = makeVirtualInstallation({
    laneCount: options.lanes,
    lockDriver: options.lock,
    scaleDriver: options.scale,
    scaleBaudRate: options.baud,
    isOneLine: !isAlone,
    hasScanner: options.scanner !== undefined,
  })
  const random = seededRandom(options.seed)
  const itemsOf = (laneId: string): CabinetItem[] =>
    Array.from({ length: options.items }, (_, index) => ({
      itemId: `${laneId}-${index + 1}`,
      massMg: gramsToMg(options.itemG * Math.max(0.5, 1 + 0.02 * nextGaussian(random))),
    }))
  const cabinet = new VirtualCabinet({
    installation,
    cells: options.profile,
    clock: options.paced ? wireClock : systemClock,
    random,
    items: Object.fromEntries(installation.scales.map(({ laneId }) => [laneId, itemsOf(laneId)])),
    isPaced: options.paced,
  })
  const lineName = isAlone ? 'scale-L01' : 'all'
  const served = await serve(cabinet.line(lineName), options.port, options.baud)
  const scanner =
    options.scanner === undefined ? undefined : await serve(cabinet.line('scanner'), options.scanner, scannerBaudRate)
  return {
    cabinet,
    lineName,
    url: served.url,
    ...(scanner && { scannerUrl: scanner.url }),
    async [Symbol.asyncDispose]() {
      await scanner?.[Symbol.asyncDispose]()
      await served[Symbol.asyncDispose]()
      cabinet.stop()
    },
  }
}

const scannerBaudRate = 9600

function serve(line: VirtualLine, port: string, baudRate: number): Promise<ServedLine> {
  const tcp = /^tcp:\/\/\[?([^\]]+?)\]?:(\d+)$/.exec(port)
  if (tcp !== null) return serveLineOnTcp(line, { host: tcp[1] ?? '127.0.0.1', port: Number(tcp[2]) })
  return serveLineOnSerial(line, { path: port.slice('serial:'.length), baudRate }, systemClock)
}
