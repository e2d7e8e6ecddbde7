import { parseArgs } from 'node:util'
import { z } from 'zod'
import type { Clock } from '#shared/time/clock.ts'
import { mgToGrams } from '#shared/units/mass.ts'
import { Bus } from '../bus/bus.ts'
import { createDoorInput } from '../drivers/door-input.ts'
import { createLockBoard } from '../drivers/lock-board.ts'
import { createScale } from '../drivers/scale.ts'
import { createThermometer } from '../drivers/thermometer.ts'
import { DeviceError } from '../ports/device-error.ts'
import type { ScaleReading } from '../ports/devices.ts'
import {
  DoorInputSettings,
  LockSettings,
  PortSettings,
  ScaleSettings,
  ThermometerSettings,
} from '../profile/installation-profile.ts'
import { createTransport, parseTcpUrl } from '../transports/port-url.ts'

/**
 * Talks to one board and says what came of it, for the person who wires a cabinet: one driver, one command, one JSON
 * object (design.md, interfaces).
 */

export const probeHelp = `Talks to one board and prints one JSON object.

  npm run --silent probe -- --port URL --driver NAME [options] COMMAND

  --port URL       serial:/dev/serial/by-id/… or tcp://host:port
  --driver NAME    lock-8a, lock-cu48, lock-cu16, lock-wkly,
                   scale-sbt, scale-dini-dgt, scale-mt-sics,
                   thermometer-xy-md02, input-8
  --address N      the board's address or Modbus unit (default: the family's first)
  --baud N         bit/s (default 9600; 19200 for lock-cu48 and lock-cu16)
  --parity P       none, even or odd (default none)
  --profile JSON   the board's habits, as under "board" in an installation profile,
                   e.g. '{"lockCount":12,"openBit":0,"stateByteCount":3}'

  COMMAND          locks: status, unlock N      scales: weigh, status, zero
                   thermometer and inputs: status

A failure is {"error":"CODE","message":"…"} and exit code 1.
`

/** Wrong arguments: reported like any other failure. */
export class ProbeArgumentError extends Error {
  override readonly name = 'ProbeArgumentError'
  readonly code = 'ARGUMENTS_INVALID'
}

const BoardSettings = z.union([LockSettings, ScaleSettings, ThermometerSettings, DoorInputSettings])
type BoardSettings = z.infer<typeof BoardSettings>

const settingsByDriver: Readonly<Record<BoardSettings['driver'], z.ZodType<BoardSettings>>> = {
  'lock-8a': LockSettings,
  'lock-cu48': LockSettings,
  'lock-cu16': LockSettings,
  'lock-wkly': LockSettings,
  'scale-sbt': ScaleSettings,
  'scale-dini-dgt': ScaleSettings,
  'scale-mt-sics': ScaleSettings,
  'thermometer-xy-md02': ThermometerSettings,
  'input-8': DoorInputSettings,
}

export interface ProbeRequest {
  port: PortSettings
  board: BoardSettings
  command: { kind: 'status' | 'weigh' | 'zero' } | { kind: 'unlock'; lock: number }
}

const Flags = z.object({
  port: z.string({ error: '--port is missing' }),
  driver: z.enum(Object.keys(settingsByDriver) as [BoardSettings['driver']], {
    error: `--driver is one of ${Object.keys(settingsByDriver).join(', ')}`,
  }),
  address: z.coerce.number({ error: '--address is a number' }).optional(),
  baud: z.coerce.number({ error: '--baud is a number' }).optional(),
  parity: z.enum(['none', 'even', 'odd'], { error: '--parity is none, even or odd' }).optional(),
  profile: z.string().optional(),
})

/** Undefined when help was asked for. Throws ProbeArgumentError. */
export function parseProbeArguments(args: readonly string[]): ProbeRequest | undefined {
  const { values, positionals } = splitArguments(args)
  if (values.help === true) return undefined
  const flags = parsed(Flags, values)
  const defaultBaud = flags.driver === 'lock-cu48' || flags.driver === 'lock-cu16' ? 19_200 : 9600
  const port = parsed(
    PortSettings,
    { url: flags.port, baudRate: flags.baud ?? defaultBaud, parity: flags.parity ?? 'none' },
    'port ',
  )
  if (port.url.startsWith('virtual:')) throw new ProbeArgumentError('--port is serial:/dev/… or tcp://host:port')
  if (port.url.startsWith('tcp:') && parseTcpUrl(port.url) === undefined) {
    throw new ProbeArgumentError(`--port ${port.url}: a tcp port is 1…65535`)
  }
  const board = parsed(
    settingsByDriver[flags.driver],
    {
      driver: flags.driver,
      // The published requests read one value each; a board of unknown make answers those most surely.
      ...(flags.driver === 'scale-sbt' ? { weightReads: 'apart' } : {}),
      ...(flags.address === undefined ? {} : { address: flags.address }),
      ...parseProfile(flags.profile),
    },
    'board ',
  )
  return { port, board, command: parseCommand(positionals) }
}

/** What the board answered, ready to be printed. Rejects with DeviceError. */
export async function runProbe({ port, board, command }: ProbeRequest, clock: Clock): Promise<object> {
  const transport = createTransport(port.url, port, clock)
  await using bus = new Bus({ name: 'probe', transport, clock, ...port })
  await bus.start()
  switch (board.driver) {
    case 'lock-8a':
    case 'lock-cu48':
    case 'lock-cu16':
    case 'lock-wkly':
      return await probeLock(board, bus, command, clock)
    case 'scale-sbt':
    case 'scale-dini-dgt':
    case 'scale-mt-sics': {
      const scale = createScale(board, bus, board.driver)
      if (command.kind === 'weigh' || command.kind === 'status') return readingOf(await scale.weigh())
      if (command.kind !== 'zero') throw unsupported(board, command)
      await scale.zero()
      return { zeroed: true }
    }
    case 'thermometer-xy-md02': {
      if (command.kind !== 'status') throw unsupported(board, command)
      const { temperatureDeciC, humidityDeciPercent } = await createThermometer(board, bus, board.driver).read()
      const humidity = humidityDeciPercent === undefined ? {} : { humidityPercent: humidityDeciPercent / 10 }
      return { temperatureC: temperatureDeciC / 10, ...humidity }
    }
    case 'input-8': {
      if (command.kind !== 'status') throw unsupported(board, command)
      const inputs = await createDoorInput(board, bus, board.driver).readInputs()
      const isOpen = inputs[board.input - 1] === (board.openBit === 1)
      const byNumber = Object.fromEntries(inputs.map((isActive, index) => [index + 1, isActive]))
      return { inputs: byNumber, door: isOpen ? 'open' : 'closed' }
    }
  }
}

async function probeLock(
  settings: LockSettings,
  bus: Bus,
  command: ProbeRequest['command'],
  clock: Clock,
): Promise<object> {
  const board = createLockBoard(settings, bus, { device: settings.driver, clock })
  if (command.kind === 'status') return { locks: Object.fromEntries(await board.readStates()) }
  if (command.kind !== 'unlock') throw unsupported(settings, command)
  const { lock } = command
  // A person stands before the cabinet and waits: what cannot be sent within seconds must not be sent at all.
  const outcome = await board.unlock(lock, { deadlineMonotonicMs: clock.monotonicMs() + 5000 })
  return { lock, outcome }
}

function readingOf({ grossMg, netMg, isStable, rangeFault }: ScaleReading): object {
  const fault = rangeFault === undefined ? {} : { rangeFault }
  return { grossG: mgToGrams(grossMg), netG: mgToGrams(netMg), stable: isStable, ...fault }
}

function unsupported(board: BoardSettings, command: ProbeRequest['command']): DeviceError {
  return new DeviceError('UNSUPPORTED', `${board.driver} has no command ${command.kind}`)
}

function splitArguments(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        port: { type: 'string' },
        driver: { type: 'string' },
        address: { type: 'string' },
        baud: { type: 'string' },
        parity: { type: 'string' },
        profile: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw new ProbeArgumentError(error instanceof Error ? error.message : String(error))
  }
}

function parseProfile(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {}
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text))
  } catch {
    throw new ProbeArgumentError('--profile is not a JSON object')
  }
}

function parseCommand([kind, number, ...rest]: readonly string[]): ProbeRequest['command'] {
  if (kind === 'unlock') {
    const lock = Number(number)
    if (number === undefined || !/^\d+$/.test(number) || rest.length > 0) {
      throw new ProbeArgumentError('unlock takes the number of one lock, from 1')
    }
    return { kind, lock }
  }
  if ((kind === 'status' || kind === 'weigh' || kind === 'zero') && number === undefined) return { kind }
  throw new ProbeArgumentError('the command is status, unlock N, weigh or zero (see --help)')
}

function parsed<T>(schema: z.ZodType<T>, value: unknown, what = ''): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const problems = result.error.issues.map(({ path, message }) =>
    what === '' ? message : `${what}${path.join('.')}: ${message}`,
  )
  throw new ProbeArgumentError(problems.join('; '))
}
