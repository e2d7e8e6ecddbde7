import type { CabinetHardware } from '#firmware-bridge/ports/devices.ts'
import { DeviceError } from '#firmware-bridge/ports/device-error.ts'
import type { Reply } from '#shared/contracts/mqtt/command.ts'
import type { LinkHistory } from '../link/link-diary.ts'

type Report = NonNullable<Reply['report']>
type Line = Report[number]

export interface LinkFacts {
  /** Time of a message to the broker and its answer back, ms; undefined when none came. */
  readonly roundTrip: () => Promise<number | undefined>
  readonly history: LinkHistory
  /** This clock less the server's when it sent the command, ms; what the command took on its way is in it. */
  readonly clockOffsetMs: number
  readonly nowMs: number
}

/** A clock that is further off than a command may be late, or behind it, is wrong. */
const maxClockOffsetMs = { behind: 5_000, ahead: 30_000 }
/** A bus of which fewer requests are answered has a bad line. */
const leastAnswered = 0.95
const fewRequests = 20
/** More disconnects than this within an hour are a bad link. */
const maxDisconnects = 3
const hourMs = 3_600_000

/** Asks every device for something it must be able to answer, changing nothing, and the link; one line each. */
export async function runSelfTest(hardware: CabinetHardware, link: LinkFacts): Promise<Report> {
  const { lock, doorLock, scales, thermometer, doorInput } = hardware
  const readDoorLock = async () => (await lock.readStates()).get(doorLock)
  const tests: Array<Promise<Line>> = [
    ask('lock', async () => {
      const state = await readDoorLock()
      if (state === undefined) throw new Error('the door lock is not on the board')
      return `door lock is ${state}`
    }),
    ...[...scales].map(([laneId, scale]) =>
      ask(`scale ${laneId}`, async () => {
        const reading = await scale.weigh()
        if (reading.rangeFault !== undefined) throw new Error(reading.rangeFault)
        return `${reading.grossMg / 1_000} g, ${reading.isStable ? 'stable' : 'moving'}`
      }),
    ),
  ]
  if (thermometer !== undefined) {
    tests.push(ask('thermometer', async () => `${(await thermometer.read()).temperatureDeciC / 10} °C`))
  }
  if (doorInput !== undefined) {
    tests.push(ask('door-input', async () => `door ${(await doorInput.readIsOpen()) ? 'open' : 'closed'}`))
  }
  tests.push(testRoundTrip(link))
  const devices = await Promise.all(tests)
  return [...devices, testHistory(link), testClock(link), ...testPorts(hardware)].slice(0, 200)
}

async function testRoundTrip({ roundTrip }: LinkFacts): Promise<Line> {
  const tookMs = await roundTrip()
  if (tookMs === undefined) return { device: 'link', isGood: false, detail: 'the broker did not answer' }
  return { device: 'link', isGood: true, detail: `round trip ${tookMs.toFixed(1)} ms` }
}

function testHistory({ history: { sinceMs, disconnects, last }, nowMs }: LinkFacts): Line {
  const recent = last.filter(({ atMs }) => nowMs - atMs < hourMs).length
  const times = last.map(({ atMs, why }) => `${new Date(atMs).toISOString()} ${why}`)
  const detail = [`${disconnects} disconnects since ${new Date(sinceMs).toISOString()}`, ...times].join('; ')
  return { device: 'link history', isGood: recent <= maxDisconnects, detail: detail.slice(0, 300) }
}

function testClock({ clockOffsetMs }: LinkFacts): Line {
  const isGood = clockOffsetMs >= -maxClockOffsetMs.behind && clockOffsetMs <= maxClockOffsetMs.ahead
  return { device: 'clock', isGood, detail: `${clockOffsetMs} ms after the command was sent` }
}

function testPorts(hardware: CabinetHardware): Line[] {
  return Object.entries(hardware.counters()).map(([port, { requests, replies, timeouts, checksumErrors }]) => {
    const isGood = requests < fewRequests || replies >= leastAnswered * requests
    const detail = `${replies} of ${requests} answered, ${timeouts} timeouts, ${checksumErrors} wrong checksums`
    return { device: `port ${port}`.slice(0, 80), isGood, detail }
  })
}

async function ask(device: string, question: () => Promise<string>): Promise<Line> {
  try {
    return { device, isGood: true, detail: await question() }
  } catch (error) {
    const code = error instanceof DeviceError ? `${error.code}: ` : ''
    const detail = `${code}${error instanceof Error ? error.message : String(error)}`.slice(0, 300)
    return { device, isGood: false, detail }
  }
}
