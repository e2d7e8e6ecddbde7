// `npm run torture -- kills|network|disk|memory|faults [--count N] [--seed N] [--cabinets N]`: real processes on a real disk and
// real sockets, tormented; ends with what was done and what broke.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CannotRun, type BenchOptions, type BenchResult } from './bench.ts'
import { tortureByFullDisk } from './disk.ts'
import { tortureByFaults } from './faults.ts'
import { tortureByKills } from './kills.ts'
import { tortureByMemory } from './memory.ts'
import { tortureByNetwork } from './network.ts'

const help = `Real server, agents, broker, disk and sockets, tormented; then every invariant is looked at.

  npm run torture -- KIND [--count N] [--seed N] [--cabinets N] [--ttys] [--postgres] [--servers N] [--mosquitto]

  kills     so many SIGKILLs of server and agents at any instant, while the command key is changed (5000)
  network   so many cuts of the cables between namespaces, one way and both, slow, lossy, half open; broker restarts (500)
  disk      so many times that the disk of the server or of a cabinet is full (200)
  memory    so many times that the kernel ends the server or an agent for want of memory (300)
  faults    so many writes and syncs of the running processes that fail, with kills in between (10000)

  --cabinets   cabinets (10)
  --ttys       the boards hang on ttys instead of tcp (kills)
  --postgres   the books in a PostgreSQL, which is killed and shut down as well, or at the end of a cable of its own (kills, network)
  --servers    server processes over that PostgreSQL, behind one address and a mosquitto, which is killed as well (1; kills)
  --mosquitto  an external broker instead of the server's own (network)
`

interface Kind {
  readonly count: number
  readonly run: (
    options: BenchOptions & {
      readonly isOnTtys: boolean
      readonly isOnPostgres: boolean
      readonly isBrokerExternal: boolean
      readonly servers: number
    },
  ) => Promise<BenchResult>
}

const kinds: Readonly<Record<string, Kind>> = {
  kills: { count: 5_000, run: tortureByKills },
  network: { count: 500, run: tortureByNetwork },
  disk: { count: 200, run: tortureByFullDisk },
  memory: { count: 300, run: tortureByMemory },
  faults: { count: 10_000, run: tortureByFaults },
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string' },
    seed: { type: 'string', default: '1' },
    cabinets: { type: 'string', default: '10' },
    ttys: { type: 'boolean', default: false },
    postgres: { type: 'boolean', default: false },
    servers: { type: 'string', default: '1' },
    mosquitto: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const say = (line: string) => process.stdout.write(`${line}\n`)
const kind = kinds[positionals[0] ?? '']
if (values.help || kind === undefined) {
  process.stdout.write(help)
  process.exit(values.help ? 0 : 2)
}

// An exit takes the processes along, a signal by itself would not.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
const folder = mkdtempSync(join(tmpdir(), 'huinong-torture-'))
const startedMs = performance.now()
try {
  const result = await kind.run({
    seed: Number(values.seed),
    count: Number(values.count ?? kind.count),
    cabinets: Number(values.cabinets),
    isOnTtys: values.ttys,
    isOnPostgres: values.postgres,
    isBrokerExternal: values.mosquitto,
    servers: Number(values.servers),
    folder,
    say,
  })
  report(result)
} catch (error) {
  if (!(error instanceof CannotRun)) throw error
  say(error.message)
  rmSync(folder, { recursive: true, force: true })
}

function report({ counts, refusals, violations }: BenchResult): void {
  const minutes = (performance.now() - startedMs) / 60_000
  for (const [what, count] of Object.entries(counts)) say(`  ${what.padEnd(20)} ${count}`)
  say(`refused: ${JSON.stringify(refusals)}`)
  for (const violation of violations) say(`BROKEN: ${violation}`)
  if (violations.length === 0) rmSync(folder, { recursive: true, force: true })
  else say(`left for looking at: ${folder}`)
  say(`${minutes.toFixed(1)} minutes, ${violations.length} broken`)
  process.exitCode = violations.length === 0 ? 0 : 1
}
