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
  /** So many of a million writes and syncs fail. */
  readonly perMillion?: number
}

/** One instant in so many is a disk that fails at nearly everything. */
const badSpellShare = 0.05
const badSpellPerMillion = 300_000
/** Mean pause between two changes of the weather, ms. */
const spellMs = 1_500
const killShare = 0.25

export async function tortureByFaults(options: FaultOptions): Promise<BenchResult> {
  const { count, folder, seed, faultsPerRound = 1_000, perMillion = 80_000 } = options
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
        shim.perMillion = chance(bench.random, badSpellShare) ? badSpellPerMillion : perMillion
        await bench.pause(spellMs)
        if (!chance(bench.random, killShare)) continue
        const victim = chance(bench.random, 0.3) ? town.server : pick(bench.random, town.cabinets).agent
        if (await victim.kill()) kills += 1
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
