import { plantedBugs } from './planted-bugs.ts'
import { Simulator } from './simulate.ts'

export interface Hunt {
  /** What gave the bug away; undefined when nothing did. */
  readonly violation: string | undefined
  /** Sessions it took. */
  readonly sessions: number
}

const mostSessions = 8_000
const sessionsPerSeed = 40
const restMs = 300_000

/** Runs seed after seed with the named bug planted, until an invariant breaks or so many sessions are over. */
export async function findPlanted(name: string): Promise<Hunt> {
  using simulator = new Simulator()
  const bug = plantedBugs[name]
  if (bug === undefined) throw new RangeError(`there is no bug that ${name}`)
  const perSeed = bug().sessions ?? sessionsPerSeed
  let sessions = 0
  for (let seed = 1; sessions < mostSessions; seed += 1) {
    const { violations, people } = await simulator.run({ seed, sessions: perSeed, cabinets: 2, restMs, bug })
    sessions += people.made
    const [violation] = violations
    if (violation !== undefined) return { violation, sessions }
  }
  return { violation: undefined, sessions }
}
