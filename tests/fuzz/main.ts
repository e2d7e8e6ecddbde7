// `npm run fuzz [-- framers|events|requests] [--bytes N] [--runs N] [--seed N]`: what comes from outside, under seeded noise and
// damaged or odd forms of itself.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { seededRandom } from '#shared/ids/random.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { booksProofs } from '#server/ledger/check-books.ts'
import { proveInSlices } from '#server/ledger/proof.ts'
import { openMarket } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { fuzzEvents } from './events.ts'
import { framerTargets, fuzzFramer } from './framers.ts'
import { openFuzzWorld } from './request-world.ts'
import { fuzzRequests } from './requests.ts'

const usage = `usage: fuzz [framers|events|requests] [--bytes N] [--runs N] [--seed N]

framers   every framer under N bytes of noise and damaged frames (10⁸)
events    N events made from their contracts, of a cabinet that tells anything (20,000)
requests  N requests made from the contracts, and damaged files, at a server with the demo's data (20,000)`

function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${text} is not a whole number above 0`)
  return value
}

interface Size {
  readonly seed: number
  readonly bytes: number
  readonly runs: number
}

const kinds: Readonly<Record<string, (size: Size) => void | Promise<void>>> = {
  framers({ seed, bytes }) {
    for (const name of Object.keys(framerTargets)) {
      const { frames, longestPushMs, heapMegabytes, bytes: done } = fuzzFramer(name, seed, bytes)
      const figures = `${done} bytes, ${frames} frames, longest push ${longestPushMs.toFixed(1)} ms, heap ${heapMegabytes.toFixed(0)} MB`
      console.log(`${name.padEnd(18)} ${figures}`)
    }
  },
  async events({ seed, runs }) {
    const folder = mkdtempSync(join(tmpdir(), 'huinong-fuzz-'))
    const clock = new TestClock()
    const random = seededRandom(seed)
    await using database = await openDatabase({ url: `sqlite:${join(folder, 'events.db')}`, clock, random })
    const market = await openMarket(database, clock, { walletFen: 10_000_000 })
    const beforeEach = () => clock.advance(1_000)
    const { flagged, sessions } = await fuzzEvents(market, { seed, events: runs, beforeEach })
    console.log(`${runs} events: ${flagged} kept with a flag, ${sessions} sessions opened`)
    const proofs = await proveInSlices(database, booksProofs)
    const problems = proofs.flatMap((proof) => proof.problems)
    for (const line of problems) console.log(line)
    if (problems.length > 0) process.exitCode = 1
    rmSync(folder, { recursive: true, force: true })
  },
  async requests({ seed, runs }) {
    await using world = await openFuzzWorld()
    const beforeEach = (index: number) => {
      if (index % 10 === 0) world.desk.clock.advance(60_000)
      if (index % 1_000 === 0) console.log(`${index} of ${runs}`)
    }
    const { byStatus, routesCalled, routesDone, faults } = await fuzzRequests(world.send, {
      seed,
      requests: runs,
      beforeEach,
    })
    const statuses = Object.entries(byStatus).map(([name, count]) => `${name} ${count}`)
    console.log(
      `${runs} requests: ${statuses.join(', ')}; ${routesCalled} routes called, ${routesDone} did what was asked`,
    )
    const broken = [...faults, ...(await world.findBroken())]
    for (const line of broken) console.log(line)
    if (broken.length > 0) process.exitCode = 1
  },
}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      bytes: { type: 'string', default: '100000000' },
      runs: { type: 'string', default: '20000' },
      seed: { type: 'string', default: '2026' },
    },
  })
  const size = { seed: wholeNumber(values.seed), bytes: wholeNumber(values.bytes), runs: wholeNumber(values.runs) }
  for (const name of positionals.length === 0 ? Object.keys(kinds) : positionals) {
    const run = kinds[name]
    if (run === undefined) throw new Error(`There is no kind ${name}.`)
    await run(size)
  }
} catch (error) {
  console.error(`${(error as Error).message}\n${usage}`)
  process.exitCode = 1
}
