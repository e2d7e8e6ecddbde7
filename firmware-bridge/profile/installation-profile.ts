import { z } from 'zod'
import { LaneId } from '#shared/contracts/mqtt/lane.ts'
import { cu16Boards, cu16LockCount } from '../protocols/lock-cu16.ts'
import { cu48Addresses, cu48LockCount } from '../protocols/lock-cu48.ts'
import { lock8aAddresses, lock8aMaxLocks } from '../protocols/lock-8a.ts'
import { wklyAddresses, wklyMaxLocks } from '../protocols/lock-wkly.ts'
import { PortUrl } from '../transports/port-url.ts'

/**
 * What is installed in one cabinet: ports, boards, and the habits of those boards. Makers contradict each other on
 * polarity, reply heads, whether there is a reply and how many state bytes it has, so all of that is data here and a
 * constant nowhere (hardware.md).
 */

const Bit = z.union([z.literal(0), z.literal(1)])

/** How an unlock is judged. Start values of hardware.md. */
const lockTimings = {
  /** Longest wait for a lock query's reply, ms. */
  replyTimeoutMs: z.int().min(50).max(5000).default(800),
  /** First look at the lock after an unlock, ms: before, the feedback may still bounce. */
  judgeAfterMs: z.int().min(0).max(5000).default(600),
  /** Last look, ms: closed then is NOT_OPENED. */
  openWindowMs: z.int().min(100).max(10_000).default(2000),
  /** Between looks, ms. */
  pollIntervalMs: z.int().min(10).max(2000).default(150),
}

export const LockSettings = z.discriminatedUnion('driver', [
  z.strictObject({
    driver: z.literal('lock-8a'),
    address: z.int().min(lock8aAddresses.low).max(lock8aAddresses.high).default(1),
    lockCount: z.int().min(1).max(lock8aMaxLocks).default(24),
    /** Whether the board answers "query all", lock by lock only, or whatever works. */
    stateQuery: z.enum(['all', 'each', 'auto']).default('auto'),
    /** State bytes in the answer to "query all". */
    stateByteCount: z.union([z.int().min(1).max(8), z.literal('auto')]).default('auto'),
    /** The bit that means open in the answer to "query all", and the state that does in a single one. */
    openBit: Bit.default(1),
    openState: z.enum(['11', '00']).default('11'),
    /**
     * What the board says about 1 s after an open command: nothing; head 8A with 00 = ok; head 8A with 11 = open; head
     * 80 with 11 = open. Never believed; the last looks like a status reply, so two of those must agree then.
     */
    openReply: z.enum(['none', '8a-result', '8a-state', '80-state']).default('none'),
    ...lockTimings,
  }),
  z.strictObject({
    driver: z.literal('lock-cu48'),
    address: z.int().min(cu48Addresses.low).max(cu48Addresses.high).default(0),
    lockCount: z.int().min(1).max(cu48LockCount).default(cu48LockCount),
    /** The hook switch may be wired either way. */
    openBit: Bit.default(0),
    ...lockTimings,
  }),
  z.strictObject({
    driver: z.literal('lock-cu16'),
    address: z.int().min(cu16Boards.low).max(cu16Boards.high).default(0),
    lockCount: z.int().min(1).max(cu16LockCount).default(cu16LockCount),
    openBit: Bit.default(0),
    ...lockTimings,
  }),
  z.strictObject({
    driver: z.literal('lock-wkly'),
    address: z.int().min(wklyAddresses.low).max(wklyAddresses.high).default(0),
    lockCount: z.int().min(1).max(wklyMaxLocks).default(12),
    ...lockTimings,
  }),
])
export type LockSettings = z.infer<typeof LockSettings>

const modbusUnit = z.int().min(1).max(247).default(1)
const modbusReplyTimeoutMs = z.int().min(20).max(5000).default(400)

export const ScaleSettings = z.discriminatedUnion('driver', [
  z.strictObject({
    driver: z.literal('scale-sbt'),
    address: modbusUnit,
    replyTimeoutMs: modbusReplyTimeoutMs,
    /** What the transmitter's number counts, before its decimals are applied. */
    unit: z.enum(['g', 'kg']).default('g'),
    /** Gross and net in one request; apart for transmitters that refuse to read over their boundary. */
    weightReads: z.enum(['together', 'apart']).default('together'),
    /**
     * Status is read with every so manieth weight, and taken to hold in between. 1 costs half the line: at 115,200
     * bit/s it leaves 99 readings/s for all scales of a port, 10 leaves 172.
     */
    statusEvery: z.int().min(1).max(100).default(1),
  }),
  z.strictObject({
    driver: z.literal('scale-dini-dgt'),
    address: modbusUnit,
    replyTimeoutMs: modbusReplyTimeoutMs,
    unit: z.enum(['g', 'kg']).default('g'),
    /** The indicator sends no decimal point: how many of its digits are decimals. */
    decimals: z.int().min(0).max(5).default(0),
  }),
  z.strictObject({
    driver: z.literal('scale-mt-sics'),
    replyTimeoutMs: z.int().min(20).max(5000).default(500),
  }),
])
export type ScaleSettings = z.infer<typeof ScaleSettings>

export const ThermometerSettings = z.strictObject({
  driver: z.literal('thermometer-xy-md02'),
  address: modbusUnit,
  replyTimeoutMs: modbusReplyTimeoutMs,
})
export type ThermometerSettings = z.infer<typeof ThermometerSettings>

export const DoorInputSettings = z.strictObject({
  driver: z.literal('input-8'),
  address: modbusUnit,
  replyTimeoutMs: modbusReplyTimeoutMs,
  /** Which input the door switch is on, and whether it is active while the door is open. */
  input: z.int().min(1).max(8).default(1),
  openBit: Bit.default(1),
})
export type DoorInputSettings = z.infer<typeof DoorInputSettings>

export const ScannerSettings = z.strictObject({ driver: z.literal('scanner-line') })
export type ScannerSettings = z.infer<typeof ScannerSettings>

export const PortSettings = z.strictObject({
  url: PortUrl,
  baudRate: z.int().min(1200).max(921_600).default(9600),
  parity: z.enum(['none', 'even', 'odd']).default('none'),
  stopBits: z.union([z.literal(1), z.literal(2)]).default(1),
  /** Silence between frames, ms, and when another board is addressed. */
  quietGapMs: z.number().min(0).max(500).default(5),
  changeGapMs: z.number().min(0).max(500).default(20),
  /** How often a board that has gone is looked for, ms. */
  probeIntervalMs: z.int().min(100).max(600_000).default(5000),
})
export type PortSettings = z.infer<typeof PortSettings>

export const InstallationProfile = z
  .strictObject({
    /** By a name of one's own. Locks and scales on separate ports is the recommended wiring. */
    ports: z.record(z.string().regex(/^[\w-]{1,40}$/), PortSettings),
    lock: z.strictObject({
      port: z.string(),
      /** The lock of the cabinet's one door, 1-based. */
      doorLock: z.int().min(1).default(1),
      board: LockSettings,
    }),
    /** In planogram order. */
    scales: z
      .array(z.strictObject({ laneId: LaneId, port: z.string(), board: ScaleSettings }))
      .min(1)
      .max(99),
    thermometer: z.strictObject({ port: z.string(), board: ThermometerSettings }).optional(),
    doorInput: z.strictObject({ port: z.string(), board: DoorInputSettings }).optional(),
    /** A reader of passes; it speaks unasked, so nothing else may be on its port. */
    scanner: z.strictObject({ port: z.string(), board: ScannerSettings }).optional(),
  })
  .check((context) => {
    const { ports, lock, scales, thermometer, doorInput, scanner } = context.value
    const complain = (message: string, path: Array<string | number>) =>
      context.issues.push({ code: 'custom', message, path, input: context.value })
    if (lock.doorLock > lock.board.lockCount) complain('the board has no such lock', ['lock', 'doorLock'])
    const placed: PlacedBoard[] = [
      { at: ['lock'], ...lock },
      ...scales.map(({ port, board }, index) => ({ at: ['scales', index], port, board })),
      ...(thermometer === undefined ? [] : [{ at: ['thermometer'], ...thermometer }]),
      ...(doorInput === undefined ? [] : [{ at: ['doorInput'], ...doorInput }]),
    ]
    for (const { at, port } of placed) {
      if (ports[port] === undefined) complain(`no port is named ${port}`, [...at, 'port'])
    }
    if (scanner !== undefined && ports[scanner.port] === undefined)
      complain(`no port is named ${scanner.port}`, ['scanner', 'port'])
    if (placed.some(({ port }) => port === scanner?.port)) complain('the scanner shares its port', ['scanner', 'port'])
    for (const { at, why } of findClashes(placed)) complain(why, [...at])
    const urls = Object.entries(ports)
    for (const [index, [name, { url }]] of urls.entries()) {
      const isTwice = urls.slice(0, index).some(([, other]) => other.url === url)
      if (isTwice)
        complain('another port is at this address: boards on one line share one port', ['ports', name, 'url'])
    }
    const lanes = scales.map(({ laneId }) => laneId)
    if (new Set(lanes).size < lanes.length) complain('a lane has one scale only', ['scales'])
  })
  .meta({ id: 'InstallationProfile' })
export type InstallationProfile = z.infer<typeof InstallationProfile>

interface PlacedBoard {
  readonly at: ReadonlyArray<string | number>
  readonly port: string
  readonly board: LockSettings | ScaleSettings | ThermometerSettings | DoorInputSettings
}

/**
 * Boards that could not be told apart on their line. Two lanes read from one scale would bill its goods twice, and the address is
 * easily left at its default.
 */
function findClashes(placed: readonly PlacedBoard[]): Array<{ at: ReadonlyArray<string | number>; why: string }> {
  return placed.flatMap(({ at, port, board }, index) => {
    const before = placed.slice(0, index).filter((other) => other.port === port)
    const isAlone = (driver: string) => driver === 'scale-mt-sics'
    if (before.length > 0 && [board, ...before.map((other) => other.board)].some(({ driver }) => isAlone(driver)))
      return [{ at: [...at, 'port'], why: 'a scale-mt-sics stands alone on its port' }]
    const unit = modbusUnitOf(board)
    if (unit === undefined || before.every((other) => modbusUnitOf(other.board) !== unit)) return []
    return [{ at: [...at, 'board', 'address'], why: `another board on port ${port} has address ${unit}` }]
  })
}

/** Lock boards have protocols of their own and answer no Modbus unit. */
function modbusUnitOf(board: PlacedBoard['board']): number | undefined {
  switch (board.driver) {
    case 'scale-sbt':
    case 'scale-dini-dgt':
    case 'thermometer-xy-md02':
    case 'input-8':
      return board.address
    default:
      return undefined
  }
}
