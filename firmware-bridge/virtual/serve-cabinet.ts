import { nextGaussian, seededRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { gramsToMg } from '#shared/units/mass.ts'
import type { CabinetItem } from './virtual-cabinet.ts'
import { VirtualCabinet } from './virtual-cabinet.ts'
import type { VirtualCabinetArguments } from './virtual-cabinet-options.ts'
import { makeVirtualInstallation } from './virtual-installation.ts'
import { serveLineOnSerial, serveLineOnTcp, type ServedLine } from './serve-line.ts'
import { wireClock } from './wire-clock.ts'

/** A virtual cabinet on a real port, as the command line describes it. */

export interface ServedCabinet extends AsyncDisposable {
  cabinet: VirtualCabinet
  /** The line that the port leads to. */
  lineName: string
  url: string
}

export async function serveCabinet(options: VirtualCabinetArguments): Promise<ServedCabinet> {
  const isAlone = options.scale === 'scale-mt-sics'
  const installation = makeVirtualInstallation({
    laneCount: options.lanes,
    lockDriver: options.lock,
    scaleDriver: options.scale,
    scaleBaudRate: options.baud,
    isOneLine: !isAlone,
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
  const served = await serve(cabinet, lineName, options)
  return {
    cabinet,
    lineName,
    url: served.url,
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]()
      cabinet.stop()
    },
  }
}

function serve(cabinet: VirtualCabinet, lineName: string, options: VirtualCabinetArguments): Promise<ServedLine> {
  const line = cabinet.line(lineName)
  const tcp = /^tcp:\/\/\[?([^\]]+?)\]?:(\d+)$/.exec(options.port)
  if (tcp !== null) return serveLineOnTcp(line, { host: tcp[1] ?? '127.0.0.1', port: Number(tcp[2]) })
  return serveLineOnSerial(line, { path: options.port.slice('serial:'.length), baudRate: options.baud }, systemClock)
}
