// The server or an agent has no more memory than it uses at the moment, for seconds, again and again: the kernel ends it where it
// asks for more, and often again while it starts; nothing it has acknowledged is lost.
import { createClosing } from '#server/demo/closing.ts'
import { chance, pick } from '#tests/simulation/fleet/world.ts'
import { makeMemoryGroup, type MemoryGroup } from '#tests/support/memory-group.ts'
import { Bench, CannotRun, type BenchOptions, type BenchResult } from './bench.ts'
import { Town } from './town.ts'

export interface MemoryOptions extends BenchOptions {
  readonly endsPerRound?: number
}

/** Mean length of a spell, and mean pause before the next, ms. */
const spellMs = 4_000
const pauseMs = 3_000
/** What is left beyond what is in use: nothing, a few requests, or some more. */
const spareBytes = [0, 1_048_576, 4_194_304] as const
const serverShare = 0.5

export async function tortureByMemory(options: MemoryOptions): Promise<BenchResult> {
  const { count, endsPerRound = 50 } = options
  await using groups = createClosing()
  const make = (name: string): MemoryGroup => {
    const group = makeMemoryGroup(`huinong-${process.pid}-${name}`)
    if (group === undefined) throw new CannotRun('Control groups that limit memory cannot be made here.')
    groups.defer(async () => group[Symbol.dispose]())
    return group
  }
  const serverGroup = make('server')
  const agentGroups = Array.from({ length: options.cabinets }, (_, index) => make(`agent-${index}`))
  await using town = await Town.start({
    ...options,
    serverPrefix: serverGroup.prefix,
    agentPrefix: (index) => agentGroups[index]?.prefix ?? [],
  })
  const bench = await Bench.open(town, options)
  const counts = () => ({
    endsOfServer: serverGroup.ended,
    endsOfAgents: agentGroups.reduce((sum, group) => sum + group.ended, 0),
  })
  const done = () => counts().endsOfServer + counts().endsOfAgents
  let spells = 0
  while (done() < count && !bench.isBroken) {
    const until = Math.min(count, done() + endsPerRound)
    const trouble = async () => {
      while (done() < until) {
        await bench.pause(pauseMs)
        const group = chance(bench.random, serverShare) ? serverGroup : pick(bench.random, agentGroups)
        group.squeeze(pick(bench.random, spareBytes))
        spells += 1
        await bench.pause(spellMs)
        group.release()
      }
    }
    await bench.round(`${until} ends for want of memory`, trouble)
    for (const [what, { ownEnds }] of [
      ['the server', town.server] as const,
      ...town.cabinets.map(({ code, agent }) => [`${code}'s agent`, agent] as const),
    ])
      for (const end of ownEnds.splice(0)) if (!end.startsWith('SIGKILL')) town.fail(`${what} ended by itself: ${end}`)
  }
  return await bench.close({ spells, ...counts() })
}
