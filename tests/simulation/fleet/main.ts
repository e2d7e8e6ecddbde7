// `npm run simulate -- --seed N --sessions M --cabinets K [--seeds S]`: runs the simulation and prints what it did. A seed that
// breaks an invariant ends it with a minimal story and exit code 1.
import { parseArgs } from 'node:util'
import { faultKinds, type FaultKind } from './faults.ts'
import { findPlanted } from './find-planted.ts'
import { plantedBugs } from './planted-bugs.ts'
import { shrink } from './shrink.ts'
import { Simulator, type SimulationResult } from './simulate.ts'

const help = `The real agent, server and decoder in one process, under faults, on simulated time.

  npm run simulate -- --seed N --sessions M --cabinets K

  --seed N      the first seed (1)
  --seeds S     so many seeds, one after the other (1)
  --sessions M  door sessions of each seed (1000)
  --cabinets K  cabinets (4)
  --without X   leaves out kinds of faults, parted by commas: ${faultKinds.join(', ')}
  --again N     runs the first seed N times and holds that each gives the same hash
  --mutations   plants bugs one by one and tells which invariant finds each, after how many sessions
  --plant NAME  plants this one and goes on as for any failure: shows what a story looks like
  --keep-going  goes on with the next seed after a failure, without looking for a shorter story
  --story N     shows the last N lines of each run's story (0)
`

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    sessions: { type: 'string', default: '1000' },
    cabinets: { type: 'string', default: '4' },
    without: { type: 'string', default: '' },
    story: { type: 'string', default: '0' },
    again: { type: 'string' },
    mutations: { type: 'boolean', default: false },
    plant: { type: 'string' },
    'keep-going': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (values.help) {
  process.stdout.write(help)
  process.exit(0)
}

const say = (line: string) => process.stdout.write(`${line}\n`)
const without = values.without.split(',').filter((kind) => kind !== '') as FaultKind[]
const unknown = without.find((kind) => !faultKinds.includes(kind))
if (unknown !== undefined) {
  process.stderr.write(`there is no fault ${unknown}\n`)
  process.exit(2)
}

const bug = values.plant === undefined ? undefined : plantedBugs[values.plant]
if (values.plant !== undefined && bug === undefined) {
  process.stderr.write(`there is no bug that ${values.plant}; there are:\n${Object.keys(plantedBugs).join('\n')}\n`)
  process.exit(2)
}

if (values.mutations) {
  let missed = 0
  for (const name of Object.keys(plantedBugs)) {
    const { violation, sessions } = await findPlanted(name)
    if (violation === undefined) missed += 1
    say(`${violation === undefined ? 'NOT FOUND' : 'found'} after ${sessions} sessions: ${name}: ${violation ?? ''}`)
  }
  process.exit(missed === 0 ? 0 : 1)
}

if (values.again !== undefined) {
  using again = new Simulator()
  const { seed, sessions, cabinets } = values
  const hashes = new Map<string, number>()
  for (let run = 0; run < Number(values.again); run += 1) {
    const options = { seed: Number(seed), sessions: Number(sessions), cabinets: Number(cabinets), without }
    const { hash } = await again.run(options)
    hashes.set(hash, (hashes.get(hash) ?? 0) + 1)
  }
  for (const [hash, count] of hashes) say(`seed ${seed}: hash ${hash} ${count} times of ${values.again}`)
  process.exit(hashes.size === 1 ? 0 : 1)
}

const total = {
  sessions: 0,
  opened: 0,
  settled: 0,
  over: 0,
  under: 0,
  simulatedMs: 0,
  faults: {} as Record<string, number>,
  refusals: {} as Record<string, number>,
  people: {} as Record<string, number>,
  money: {} as Record<string, number>,
}
function addUp(sums: Record<string, number>, counted: Iterable<readonly [string, number]>): void {
  for (const [what, count] of counted) sums[what] = (sums[what] ?? 0) + count
}

function add({ people, bills, money, faults, refusals, simulatedMs }: SimulationResult): void {
  total.sessions += people.made
  total.opened += people.opened
  total.settled += bills.settled
  total.over += bills.over
  total.under += bills.under
  total.simulatedMs += simulatedMs
  addUp(total.people, Object.entries(people))
  addUp(total.money, Object.entries(money))
  addUp(total.refusals, refusals)
  addUp(total.faults, Object.entries(faults))
}

using simulator = new Simulator()
const sizes = { sessions: Number(values.sessions), cabinets: Number(values.cabinets) }
const startedMs = performance.now()
const startedCpu = process.cpuUsage()
let failed = 0
let isEnding = false
// What was counted so far is worth telling.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => (isEnding = true))
for (
  let seed = Number(values.seed);
  seed < Number(values.seed) + Number(values.seeds) && !isEnding && (failed === 0 || values['keep-going']);
  seed += 1
) {
  const options = { seed, ...sizes, without, bug }
  const result = await simulator.run(options)
  add(result)
  if (Number(values.story) > 0) for (const line of result.story.slice(-Number(values.story))) say(line)
  if (result.violations.length === 0) {
    say(`seed ${seed}: ${result.people.made} sessions, hash ${result.hash}`)
    continue
  }
  failed += 1
  say(`seed ${seed} FAILS: ${result.violations[0]}`)
  if (values['keep-going']) continue
  say('looking for a shorter way to it …')
  const least = await shrink(simulator, options, result)
  say(
    `\nThe shortest story found: --seed ${seed} --sessions ${least.options.sessions} --cabinets ${least.options.cabinets} --without ${(least.options.without ?? []).join(',')}`,
  )
  for (const line of least.result.story.slice(-80)) say(line)
}
const seconds = (performance.now() - startedMs) / 1_000
const { user, system } = process.cpuUsage(startedCpu)
const cpuSeconds = (user + system) / 1_000_000
say(
  `\n${total.sessions} sessions, ${total.opened} doors opened, ${total.settled} bills settled (${total.over} lines over, ${total.under} under what was taken)`,
)
const rate = (per: number) => (total.sessions / per).toFixed(0)
say(
  `${(total.simulatedMs / 3_600_000).toFixed(1)} simulated hours in ${seconds.toFixed(1)} s, ${cpuSeconds.toFixed(1)} s of one core: ` +
    `${rate(seconds)} sessions/s, ${rate(cpuSeconds)} per second of the core`,
)
say(`people: ${JSON.stringify(total.people)}`)
say(`money: ${JSON.stringify(total.money)}`)
say(`refused: ${JSON.stringify(total.refusals)}`)
for (const [kind, count] of Object.entries(total.faults)) say(`  ${kind.padEnd(20)} ${count}`)
say(failed === 0 ? 'no invariant broken' : 'an invariant is broken')
process.exitCode = failed === 0 ? 0 : 1
