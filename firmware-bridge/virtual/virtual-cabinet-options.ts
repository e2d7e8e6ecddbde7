import { parseArgs } from 'node:util'
import { z } from 'zod'
import type { LockSettings, ScaleSettings } from '../profile/installation-profile.ts'
import { parseTcpUrl, PortUrl } from '../transports/port-url.ts'
import { handsHelp } from './hands-console.ts'
import type { LoadCellKind } from './load-cell-profiles.ts'

/** The command line of `npm run virtual-cabinet`. */

export const virtualCabinetHelp = `Virtual boards of one cabinet on a real port, so that other software can drive them.

  npm run virtual-cabinet -- --port serial:/dev/…|tcp://host:port [options]

  --port URL      a tty to open, or where to listen (tcp port 0: any free one)
  --scanner URL   a second tty or tcp port, for a code reader
  --baud N        bit/s of the tty, and of a paced wire (default 115200)
  --paced         bytes take the wire's own time at that rate (default: none)
  --lock DRIVER   lock-8a (address 1), lock-cu48, lock-cu16 or lock-wkly (address 0); default lock-8a
  --scale DRIVER  scale-sbt, scale-dini-dgt (units 1, 2, … by lane) or scale-mt-sics (one lane, alone on the port)
  --lanes N       lanes with a scale each, L01… (default 4)
  --items N       pieces on each lane at first (default 10)
  --item-g G      mean mass of a piece, g (default 200; each piece has its own, sd 2 %)
  --profile P     load cells: good, typical or bad (default typical)
  --seed N        of everything random (default 1)
  --help

On the same line as locks and scales: a thermometer (XY-MD02, unit 101) and an input module whose input 1 is the door
(unit 102). A line of JSON with the address is printed when the boards can be reached.

${handsHelp}`

export interface VirtualCabinetArguments {
  port: PortUrl
  scanner?: PortUrl
  baud: number
  paced: boolean
  lock: LockSettings['driver']
  scale: ScaleSettings['driver']
  lanes: number
  items: number
  itemG: number
  profile: LoadCellKind
  seed: number
}

const count = (low: number, high: number) => z.coerce.number().int().min(low).max(high)

const RealPort = PortUrl.refine(
  (url) => !url.startsWith('virtual:'),
  'expected serial:/dev/… or tcp://host:port',
).refine(
  (url) => !url.startsWith('tcp:') || url.endsWith(':0') || parseTcpUrl(url) !== undefined,
  'a tcp port is 0…65535',
)

const Flags = z.object({
  port: RealPort,
  scanner: RealPort.optional(),
  baud: count(1200, 921_600).default(115_200),
  paced: z.boolean().default(false),
  lock: z.enum(['lock-8a', 'lock-cu48', 'lock-cu16', 'lock-wkly']).default('lock-8a'),
  scale: z.enum(['scale-sbt', 'scale-dini-dgt', 'scale-mt-sics']).default('scale-sbt'),
  lanes: count(1, 99).optional(),
  items: count(0, 1000).default(10),
  'item-g': z.coerce.number().positive().max(20_000).default(200),
  profile: z.enum(['good', 'typical', 'bad']).default('typical'),
  seed: count(0, 0xffffffff).default(1),
})

/** Undefined when help was asked for; a list of problems when the arguments are wrong. */
export function parseVirtualCabinetArguments(
  args: readonly string[],
): VirtualCabinetArguments | { problems: string[] } | undefined {
  let values: Record<string, unknown>
  try {
    values = parseArgs({ args: [...args], options: { ...stringOptions, ...flagOptions } }).values
  } catch (error) {
    return { problems: [error instanceof Error ? error.message : String(error)] }
  }
  if (values['help'] === true) return undefined
  const result = Flags.safeParse(values)
  if (!result.success) {
    return { problems: result.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`) }
  }
  const { 'item-g': itemG, lanes: laneCount, scanner, ...flags } = result.data
  const isAlone = flags.scale === 'scale-mt-sics'
  if (isAlone && (laneCount ?? 1) > 1) return { problems: ['--lanes: a scale-mt-sics stands alone on its port'] }
  return { ...flags, ...(scanner && { scanner }), itemG, lanes: laneCount ?? (isAlone ? 1 : 4) }
}

const stringOptions = {
  port: { type: 'string' },
  scanner: { type: 'string' },
  baud: { type: 'string' },
  lock: { type: 'string' },
  scale: { type: 'string' },
  lanes: { type: 'string' },
  items: { type: 'string' },
  'item-g': { type: 'string' },
  profile: { type: 'string' },
  seed: { type: 'string' },
} as const

const flagOptions = { paced: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const
