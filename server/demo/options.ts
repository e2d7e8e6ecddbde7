import { parseArgs } from 'node:util'

/** What `npm start` can be told. */
export interface DemoOptions {
  /** Port of the pages and of HTTP. */
  readonly port: number
  /** Folder of everything the demo remembers. */
  readonly dataDirectory: string
  /** Absent: the folder's, or the default for a new folder. */
  readonly seed?: number
  readonly hasShoppers: boolean
  /** False: nobody's restocking is planned for today. */
  readonly hasPlan: boolean
  /** Purchases a minute that shoppers try to make. */
  readonly shoppersPerMinute: number
}

export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const defaultSeed = 2020
const defaults = { port: 8080, data: './data', rate: 10 }

export const helpText = `Usage: npm start -- [options]

Starts the server, an embedded MQTT broker, SQLite and six virtual cabinets with demo data.

  --port N       port of the pages and of HTTP [${defaults.port}]
  --data DIR     folder where everything is kept [${defaults.data}]; a second start continues there
  --seed N       seed of the invented data, for a new folder [${defaultSeed}]
  --no-plan      do not plan today’s restocking
  --shoppers     let seeded shoppers buy at the six cabinets, through the HTTP API and the virtual hands
  --rate N       purchases a minute that the shoppers try to make, 1–60 [${defaults.rate}]
  --help         this text

Ctrl-C ends everything. To begin anew, delete the folder.
`

function readNumber(name: string, text: string | undefined, fallback: number, low: number, high: number): number {
  if (text === undefined) return fallback
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < low || value > high)
    throw new UsageError(`--${name} is a whole number from ${low} to ${high}, not ${text}`)
  return value
}

/** Reads the arguments; 'help' when that was asked for. Throws UsageError. */
export function readOptions(args: readonly string[]): DemoOptions | 'help' {
  let values
  try {
    values = parseArgs({
      args: [...args],
      options: {
        port: { type: 'string' },
        data: { type: 'string' },
        seed: { type: 'string' },
        'no-plan': { type: 'boolean' },
        shoppers: { type: 'boolean' },
        rate: { type: 'string' },
        help: { type: 'boolean' },
      },
    }).values
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error })
  }
  if (values.help === true) return 'help'
  return {
    port: readNumber('port', values.port, defaults.port, 1, 65_535),
    dataDirectory: values.data ?? defaults.data,
    ...(values.seed === undefined ? {} : { seed: readNumber('seed', values.seed, 0, 0, 4_294_967_295) }),
    hasPlan: values['no-plan'] !== true,
    hasShoppers: values.shoppers ?? false,
    shoppersPerMinute: readNumber('rate', values.rate, defaults.rate, 1, 60),
  }
}
