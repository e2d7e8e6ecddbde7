// Cables between agents and server are cut, one way or both, unplugged, slow and lossy; connections are left half open; the broker
// starts anew. So is the cable between the server and its PostgreSQL, where the books are kept in one.
import { delay } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { nextBelow, nextUnit } from '#shared/ids/random.ts'
import { hasMosquitto } from '#tests/support/mosquitto.ts'
import { chance, pick } from '#tests/simulation/fleet/world.ts'
import { Bench, CannotRun, lostCommits, type BenchOptions, type BenchResult } from './bench.ts'
import { cableFaults, Namespaces } from './namespaces.ts'
import type { Supervised } from './supervised.ts'
import { startBroker } from './town-broker.ts'
import { Town } from './town.ts'

export interface NetworkOptions extends BenchOptions {
  readonly faultsPerRound?: number
  /** Mosquitto instead of the server's own broker. */
  readonly isBrokerExternal?: boolean
  /** The books are in a PostgreSQL at the end of a cable of its own. */
  readonly isOnPostgres?: boolean
  /** Longest time that a cable stays broken, ms. */
  readonly longestMs?: number
}

const mqttPort = 1883
/** One in so many strikes is at the database's cable. */
const databaseShare = 0.3
/** So many times as long: beyond what TCP and the server's patience make good by themselves. */
const databaseLonger = 2
/** What the server says of a line to PostgreSQL that does not answer. */
const cutInSilence = 'a connection to the database was cut in silence'

export async function tortureByNetwork(options: NetworkOptions): Promise<BenchResult> {
  const { isBrokerExternal = false, isOnPostgres = false, cabinets } = options
  const obstacle = Namespaces.findObstacle()
  if (obstacle !== undefined) throw new CannotRun(obstacle)
  if (isBrokerExternal && !hasMosquitto) throw new CannotRun('mosquitto is not installed.')
  using network = Namespaces.open(isOnPostgres ? cabinets + 1 : cabinets)
  await using broker = isBrokerExternal
    ? startBroker({ folder: options.folder, host: '0.0.0.0', port: mqttPort }, network.serverPrefix)
    : undefined
  await using town = await Town.start({
    ...options,
    // Lines do not care for network namespaces, sockets of boards would.
    isOnTtys: true,
    watched: [cutInSilence, ...Object.values(lostCommits)],
    postgresPlace: { host: network.addressOf(cabinets), prefix: network.agentPrefix(cabinets) },
    serverPrefix: network.serverPrefix,
    agentPrefix: (index) => network.agentPrefix(index),
    hosts: { listen: '0.0.0.0', people: network.httpHost, cabinets: (index) => network.hostFor(index), mqttPort },
    ...(broker === undefined ? {} : { brokerUrl: `mqtt://127.0.0.1:${mqttPort}` }),
  })
  const bench = await Bench.open(town, options)
  const counts = await strikeRounds(bench, network, broker ?? town.server, options)
  if (!isOnPostgres) return await bench.close(counts)
  const lost = Object.entries(lostCommits).map(([what, words]) => [what, bench.hear(words)] as const)
  return await bench.close({ ...counts, cutInSilence: bench.hear(cutInSilence), ...Object.fromEntries(lost) })
}

async function strikeRounds(
  bench: Bench,
  network: Namespaces,
  broker: Supervised,
  { count, faultsPerRound = 60, longestMs = 20_000 }: NetworkOptions,
): Promise<Record<string, number>> {
  const { town, random } = bench
  const { cabinets } = town
  const counts: Record<string, number> = { halfOpen: 0, brokerRestart: 0 }
  for (const fault of cableFaults) counts[fault] = 0
  const add = (what: string) => (counts[what] = (counts[what] ?? 0) + 1)
  const done = () => Object.values(counts).reduce((sum, one) => sum + one, 0)
  const hasDatabase = town.backend.postgres !== undefined
  /** The last cable is the database's; at its near end is the server. */
  const pickCable = () =>
    hasDatabase && chance(random, databaseShare) ? cabinets.length : nextBelow(random, cabinets.length)
  const broken = new Map<number, Promise<void>>()
  const strike = async (index: number) => {
    const fault = pick(random, cableFaults)
    if (!network.strike(index, fault)) return
    const victim = cabinets[index]?.agent ?? town.server
    const kind = victim === town.server ? 'OfDatabase' : ''
    add(`${fault}${kind}`)
    await delay(systemClock, (kind === '' ? 1 : databaseLonger) * longestMs * nextUnit(random) ** 2)
    // Who dies behind a cut cable says goodbye to nobody.
    if (fault === 'cut' && chance(random, 0.5) && (await victim.kill())) add(`halfOpen${kind}`)
    network.mend(index)
  }
  while (done() < count && !bench.isBroken) {
    const until = Math.min(count, done() + faultsPerRound)
    const trouble = async () => {
      while (done() < until) {
        await bench.pause(1_000)
        const index = pickCable()
        if (chance(random, 0.05)) {
          if (await broker.kill()) add('brokerRestart')
        } else if (!broken.has(index)) {
          const mended = strike(index).finally(() => broken.delete(index))
          broken.set(index, mended)
        }
      }
    }
    await bench.round(`${until} faults`, trouble, async () => {
      await Promise.all(broken.values())
    })
    bench.checkOwnEnds()
  }
  return counts
}
