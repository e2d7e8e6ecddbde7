// Writes and syncs of the running processes fail, as on a dying disk, and the processes die in between: what was answered is
// there, what was refused is not.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { delay } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { chance, pick } from '#tests/simulation/fleet/world.ts'
import { Bench, CannotRun, type BenchOptions, type BenchResult } from './bench.ts'
import { FaultShim } from './fault-shim.ts'
import { Town } from './town.ts'

export interface FaultOptions extends BenchOptions {
  readonly faultsPerRound?: number
  /** Mean pause between two storms, ms. */
  readonly calmMs?: number
}

/** So many of a million writes and syncs fail in a storm. */
const storms = [20_000, 150_000, 400_000] as const
const stormMs = 4_000
/** Longer than a cabinet that has met a fault takes to trust its disk again: people should come to buy. */
const defaultCalmMs = 12_000
const killShare = 0.4

export async function tortureByFaults(options: FaultOptions): Promise<BenchResult> {
  const { count, folder, seed, faultsPerRound = 1_000, calmMs = defaultCalmMs } = options
  const under = join(folder, 'disks')
  mkdirSync(under)
  using shim = FaultShim.build({ folder, under, seed })
  if (shim === undefined) throw new CannotRun('There is no C compiler (cc) for the library that makes writes fail.')
  const { environment } = shim
  await using town = await Town.start({
    ...options,
    serverFolder: join(under, 'server'),
    agentFolder: (code) => join(under, code),
    serverEnvironment: environment,
    agentEnvironment: environment,
  })
  const bench = await Bench.open(town, options)
  let kills = 0
  while (shim.injected < count && !bench.isBroken) {
    const until = Math.min(count, shim.injected + faultsPerRound)
    const trouble = async () => {
      while (shim.injected < until) {
        await bench.pause(calmMs)
        shim.perMillion = pick(bench.random, storms)
        await bench.pause(stormMs)
        if (chance(bench.random, killShare)) {
          const victim = chance(bench.random, 0.3) ? town.server : pick(bench.random, town.cabinets).agent
          if (await victim.kill()) kills += 1
        }
        shim.perMillion = 0
      }
    }
    await bench.round(`${until} faults`, trouble, async () => {
      shim.perMillion = 0
      await delay(systemClock, 1_000)
    })
  }
  const ownEnds = town.cabinets.reduce((sum, { agent }) => sum + agent.ownEnds.length, town.server.ownEnds.length)
  return await bench.close({ calls: shim.calls, ...shim.counts, kills, ownEnds })
}
