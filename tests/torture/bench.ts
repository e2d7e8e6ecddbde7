// What the benches of the torture have in common: a town in a folder, rounds of people and trouble, and a look at everything after
// each.
import { nextUnit, seededRandom, type Random } from '#shared/ids/random.ts'
import { delay } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { countTown, inspectTown, proveTown } from './inspect.ts'
import { People } from './people.ts'
import type { Town } from './town.ts'

export interface BenchOptions {
  readonly seed: number
  /** How many of what the bench counts by. */
  readonly count: number
  readonly cabinets: number
  /** An empty folder on a real disk. */
  readonly folder: string
  readonly say: (line: string) => void
}

export interface BenchResult {
  readonly counts: Readonly<Record<string, number>>
  /** Refusals by code. */
  readonly refusals: Readonly<Record<string, number>>
  readonly violations: readonly string[]
}

/** What a server says of a COMMIT that nobody answered. */
export const lostCommits = {
  commitsKept: 'a commit, which was kept',
  commitsUndone: 'a commit, which was not kept',
} as const
/** A server that finds no database at its start ends, and is started again. */
const foundNoDatabase = /the database cannot be reached/

/** Why a bench cannot be run on this machine, as a sentence. */
export class CannotRun extends Error {
  override readonly name = 'CannotRun'
}

export class Bench {
  readonly town: Town
  readonly people: People
  readonly random: Random
  readonly #options: BenchOptions
  readonly #startedMs = systemClock.monotonicMs()

  private constructor(town: Town, people: People, options: BenchOptions) {
    this.town = town
    this.people = people
    this.#options = options
    this.random = seededRandom(options.seed + 1)
  }

  static async open(town: Town, options: BenchOptions): Promise<Bench> {
    const people = await People.gather(town, seededRandom(options.seed + 2))
    return new Bench(town, people, options)
  }

  get isBroken(): boolean {
    return this.town.violations.length > 0
  }

  /** People come while `trouble` lasts; once `mend` has made everything whole again, all of it is looked at. */
  async round(name: string, trouble: () => Promise<void>, mend: () => void | Promise<void> = () => {}): Promise<void> {
    const { town, people } = this
    people.isOver = false
    const coming = people.throng()
    await trouble()
    await mend()
    people.isOver = true
    await coming
    await inspectTown(town, people, this.#options.folder)
    const { asked, opened, taken } = people.counts
    const minutes = ((systemClock.monotonicMs() - this.#startedMs) / 60_000).toFixed(1)
    const verdict = this.isBroken ? `${town.violations.length} BROKEN` : 'nothing broken'
    this.#options.say(`${name}: ${asked} visits, ${opened} doors, ${taken} pieces, ${minutes} min: ${verdict}`)
  }

  /** Ends that nobody asked for since the last time are broken promises. Returns how many servers found no database at their start. */
  checkOwnEnds(): number {
    const { town } = this
    const { postgres } = town.backend
    let startsWithoutDatabase = 0
    for (const { code, agent } of town.cabinets)
      for (const end of agent.ownEnds.splice(0)) town.fail(`${code}'s agent ended by itself: ${end}`)
    for (const end of town.servers.flatMap(({ ownEnds }) => ownEnds.splice(0)))
      if (postgres !== undefined && foundNoDatabase.test(end)) startsWithoutDatabase += 1
      else town.fail(`the server ended by itself: ${end}`)
    for (const end of postgres?.takeOwnEnds() ?? []) town.fail(`PostgreSQL ended by itself: ${end}`)
    return startsWithoutDatabase
  }

  /** How often the servers have said this. */
  hear(words: string): number {
    return this.town.servers.reduce((sum, { heard }) => sum + (heard.get(words) ?? 0), 0)
  }

  /** Ends everything cleanly, and lets the product prove its own books. */
  async close(counts: Readonly<Record<string, number>>): Promise<BenchResult> {
    const { town, people } = this
    for (const [what, process] of [
      ...town.servers.map((server, index) => [`server ${index + 1}`, server] as const),
      ...town.cabinets.map((c) => [c.code, c.agent] as const),
    ]) {
      const code = await process.stop()
      if (code !== 0) town.fail(`${what} did not end cleanly: ${code ?? 'killed'}: ${process.printed.slice(-500)}`)
    }
    await proveTown(town)
    await town.backend.refresh()
    return {
      counts: { ...counts, ...people.counts, ...countTown(town, people) },
      refusals: Object.fromEntries(people.refusals),
      violations: town.violations,
    }
  }

  /** A pause as chance has it. */
  pause(meanMs: number): Promise<void> {
    return delay(systemClock, Math.min(-Math.log(1 - nextUnit(this.random)) * meanMs, 8 * meanMs))
  }
}
