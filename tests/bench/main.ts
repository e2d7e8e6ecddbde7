// `npm run bench`: prints the benchmark table, each figure with its unit and with the limit or peer beside it.
// `npm run bench -- NAME…` runs some, a folder's name all in it; `--full` takes the sizes that the goals name where the usual run
// takes smaller ones, and the rows say which; `--markdown` prints the table as the README has it.
import { benchAdminTables } from './admin-tables.ts'
import { benchAgentProcess } from './agent-process.ts'
import type { Bench, BenchRow } from './bench-row.ts'
import { benchBus } from './bus.ts'
import { benchConnections } from './connections.ts'
import { benchFleetLoad } from './fleet-load.ts'
import { benchForecast } from './forecast.ts'
import { benchIngest } from './ingest.ts'
import { moneyBenches } from './money/benches.ts'
import { benchRecall } from './recall.ts'
import { benchPages } from './pages.ts'
import { benchReceiptLatency } from './receipt-latency.ts'
import { benchRollout } from './rollout.ts'
import { benchWeighing } from './weighing.ts'
import { judgeRow, renderMarkdown, renderText } from './render-rows.ts'

const benches: Readonly<Record<string, Bench>> = {
  agent: benchAgentProcess,
  bus: benchBus,
  ingest: benchIngest,
  latency: benchReceiptLatency,
  connections: benchConnections,
  fleet: benchFleetLoad,
  rollout: benchRollout,
  recall: benchRecall,
  pages: benchPages,
  'pages/tables': benchAdminTables,
  weighing: () => benchWeighing(),
  forecast: benchForecast,
  ...Object.fromEntries(Object.entries(moneyBenches).map(([name, bench]) => [`money/${name}`, bench])),
}

const options = ['--full', '--markdown']

/** `money` names every bench of the folder, `money/transfers` one. */
const isNamed = (bench: string, name: string) => bench === name || bench.startsWith(`${name}/`)

async function main(args: readonly string[]): Promise<number> {
  const names = args.filter((arg) => !arg.startsWith('--'))
  const unknown = [
    ...names.filter((name) => !Object.keys(benches).some((bench) => isNamed(bench, name))),
    ...args.filter((arg) => arg.startsWith('--') && !options.includes(arg)),
  ]
  if (unknown.length > 0) {
    process.stderr.write(
      `Unknown: ${unknown.join(', ')}. Benchmarks: ${Object.keys(benches).join(', ')}; ${options.join(', ')}.\n`,
    )
    return 2
  }
  const rows: BenchRow[] = []
  for (const [name, bench] of Object.entries(benches)) {
    if (names.length > 0 && !names.some((wanted) => isNamed(name, wanted))) continue
    process.stderr.write(`${name}…\n`)
    rows.push(...(await bench({ isFull: args.includes('--full') })))
  }
  process.stdout.write(`${args.includes('--markdown') ? renderMarkdown(rows) : renderText(rows)}\n`)
  return rows.some((row) => judgeRow(row) === false) ? 1 : 0
}

process.exitCode = await main(process.argv.slice(2))
