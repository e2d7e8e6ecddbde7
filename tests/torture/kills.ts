// Server and agents die by SIGKILL at any instant, over and over, and are started again on what they have left; so does PostgreSQL,
// where the books are kept in one, each of several servers, and the broker between these and the cabinets. The key that signs commands is changed meanwhile.
import { delay } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { chooseFreePort } from '#server/demo/demo-file.ts'
import { hasMosquitto } from '#tests/support/mosquitto.ts'
import { chance } from '#tests/simulation/fleet/world.ts'
import { Bench, CannotRun, lostCommits, type BenchOptions, type BenchResult } from './bench.ts'
import { KeyHolder } from './key-holder.ts'
import { postgresEnds } from './postgres-server.ts'
import type { Supervised } from './supervised.ts'
import { startBroker } from './town-broker.ts'
import { localHosts, Town } from './town.ts'

export interface KillOptions extends BenchOptions {
  readonly killsPerRound?: number
  /** Boards hang on ttys instead of tcp. */
  readonly isOnTtys?: boolean
  /** The books are in a PostgreSQL, which is killed as well. */
  readonly isOnPostgres?: boolean
  /** Server processes over that PostgreSQL, behind a mosquitto and one address; default 1. */
  readonly servers?: number
}

/** Mean time that a process lives once it serves, ms: shorter than a purchase, so that most are cut somewhere. */
const lifeMs = { agents: 5_000, server: 10_000, postgres: 8_000, broker: 15_000 } as const
/** One in so many dies while it starts. */
const earlyShare = 0.2
const earlyMs = 600
/** What each says once it serves. */
const agentServes = '"msg":"online"'
const serverServes = 'Cabinets (MQTT)'
const brokerServes = ' running'
const lookMs = 50

export async function tortureByKills(options: KillOptions): Promise<BenchResult> {
  const { count, killsPerRound = 250, servers = 1 } = options
  if (servers > 1 && !hasMosquitto) throw new CannotRun('mosquitto is not installed.')
  if (servers > 1 && options.isOnPostgres !== true) throw new CannotRun('Several servers want --postgres.')
  const mqttPort = await chooseFreePort()
  await using broker =
    servers > 1 ? startBroker({ folder: options.folder, host: '127.0.0.1', port: mqttPort }) : undefined
  await using town = await Town.start({
    ...options,
    watched: Object.values(lostCommits),
    hosts: { ...localHosts, mqttPort },
    ...(broker === undefined ? {} : { brokerUrl: `mqtt://127.0.0.1:${mqttPort}` }),
  })
  const bench = await Bench.open(town, options)
  const keyHolder = await KeyHolder.open(town, options.seed + 3)
  const { postgres } = town.backend
  const kills = { server: 0, agents: 0, postgres: 0, broker: 0 }
  const postgresKills = Object.fromEntries(postgresEnds.map((end) => [end, 0]))
  let startsWithoutDatabase = 0
  const done = () => Object.values(kills).reduce((sum, one) => sum + one, 0)
  const hunt = async (victim: Victim, until: number) => {
    while (done() < until) {
      if (chance(bench.random, earlyShare)) await bench.pause(earlyMs)
      else {
        while (done() < until && !victim.serves()) await delay(systemClock, lookMs)
        await bench.pause(lifeMs[victim.kind])
      }
      if (done() < until && (await victim.kill())) kills[victim.kind] += 1
    }
  }
  const victims: Victim[] = [
    ...town.servers.map((server) => ofProcess('server', server, serverServes)),
    ...town.cabinets.map(({ agent }) => ofProcess('agents', agent, agentServes)),
    ...(broker === undefined ? [] : [ofProcess('broker', broker, brokerServes)]),
  ]
  if (postgres !== undefined)
    victims.push({
      kind: 'postgres',
      serves: () => postgres.isReady,
      kill: async () => {
        const end = await postgres.strike(bench.random)
        if (end !== undefined) postgresKills[end] = (postgresKills[end] ?? 0) + 1
        return end !== undefined
      },
    })
  while (done() < count && !bench.isBroken) {
    const until = Math.min(count, done() + killsPerRound)
    await bench.round(`${until} kills`, async () => {
      const isOver = () => done() >= until
      await Promise.all([...victims.map((victim) => hunt(victim, until)), keyHolder.work(isOver)])
    })
    startsWithoutDatabase += bench.checkOwnEnds()
  }
  const counts = {
    killsOfServer: kills.server,
    killsOfAgents: kills.agents,
    ...(broker !== undefined && { killsOfBroker: kills.broker }),
    ...keyHolder.counts,
  }
  if (postgres === undefined) return await bench.close(counts)
  const lost = Object.entries(lostCommits).map(([what, words]) => [what, bench.hear(words)] as const)
  return await bench.close({ ...counts, ...postgresKills, ...Object.fromEntries(lost), startsWithoutDatabase })
}

interface Victim {
  readonly kind: keyof typeof lifeMs
  readonly serves: () => boolean
  /** False when there was nothing to kill. */
  readonly kill: () => Promise<boolean>
}

const ofProcess = (kind: Victim['kind'], process: Supervised, words: string): Victim => ({
  kind,
  serves: () => process.hasSaid(words),
  kill: () => process.kill(),
})
