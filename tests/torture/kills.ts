// Server and agents die by SIGKILL at any instant, over and over, and are started again on what they have left.
import { delay } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { chance } from '#tests/simulation/fleet/world.ts'
import { Bench, type BenchOptions, type BenchResult } from './bench.ts'
import type { Supervised } from './supervised.ts'
import { Town } from './town.ts'

export interface KillOptions extends BenchOptions {
  readonly killsPerRound?: number
  /** Boards hang on ttys instead of tcp. */
  readonly isOnTtys?: boolean
}

/** Mean time that a process lives once it serves, ms: shorter than a purchase, so that most are cut somewhere. */
const agentLifeMs = 5_000
const serverLifeMs = 10_000
/** One in so many dies while it starts. */
const earlyShare = 0.2
const earlyMs = 600
/** What each says once it serves. */
const agentServes = '"msg":"online"'
const serverServes = 'Cabinets (MQTT)'
const lookMs = 50

export async function tortureByKills(options: KillOptions): Promise<BenchResult> {
  const { count, killsPerRound = 250, isOnTtys = false } = options
  await using town = await Town.start({ ...options, isOnTtys })
  const bench = await Bench.open(town, options)
  const kills = { server: 0, agents: 0 }
  const done = () => kills.server + kills.agents
  const hunt = async (victim: Supervised, kind: keyof typeof kills, until: number) => {
    const isServer = kind === 'server'
    while (done() < until) {
      if (chance(bench.random, earlyShare)) await bench.pause(earlyMs)
      else {
        while (done() < until && !victim.hasSaid(isServer ? serverServes : agentServes))
          await delay(systemClock, lookMs)
        await bench.pause(isServer ? serverLifeMs : agentLifeMs)
      }
      if (done() < until && (await victim.kill())) kills[kind] += 1
    }
  }
  while (done() < count && !bench.isBroken) {
    const until = Math.min(count, done() + killsPerRound)
    await bench.round(`${until} kills`, async () => {
      const hunts = town.cabinets.map(({ agent }) => hunt(agent, 'agents', until))
      await Promise.all([hunt(town.server, 'server', until), ...hunts])
    })
    for (const { code, agent } of town.cabinets)
      for (const end of agent.ownEnds.splice(0)) town.fail(`${code}'s agent ended by itself: ${end}`)
    for (const end of town.server.ownEnds.splice(0)) town.fail(`the server ended by itself: ${end}`)
  }
  return await bench.close({ killsOfServer: kills.server, killsOfAgents: kills.agents })
}
