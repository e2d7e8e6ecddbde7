// How long the administration's tables take to answer when there are ten million sale lines (usually half a million, which is quicker
// to fill in): every list that reads sale lines or ledger entries, its first page and one deep inside, over HTTP.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nextBelow, seededRandom, systemRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { rollUpIncomes } from '#server/incomes/roll-up-incomes.ts'
import { rollUpSales } from '#server/sales/roll-up-sales.ts'
import type { BenchRow, BenchSize } from './bench-row.ts'
import { askServer, type Ask } from './money/ask-server.ts'
import { householdCodeAt, householdCount, seedLargeBooks } from './money/large-books.ts'
import { quantile } from './quantile.ts'

const goalMs = 100
const questions = 60
const warmUpQuestions = 5
const fullLines = 10_000_000
const usualLines = 500_000
/** Of which so many are booked: two million ledger entries. */
const bookedLines = 250_000
const dayMs = 86_400_000

type Draw = (below: number) => number
type Path = (draw: Draw) => string

const household = (draw: Draw) => householdCodeAt(draw(householdCount))
const span = (draw: Draw, days: number) => {
  const beforeMs = systemClock.now() - draw(200) * dayMs - draw(dayMs)
  return `fromMs=${beforeMs - days * dayMs}&beforeMs=${beforeMs}`
}

/** By the words of the page. */
const tables: Readonly<Record<string, Path>> = {
  'sales of all time': () => '/api/sales',
  'sales of a year, from one instant to another': (draw) => `/api/sales?${span(draw, 365)}`,
  'sales of a day': (draw) => `/api/sales?${span(draw, 1)}`,
  sessions: () => '/api/sessions?limit=50',
  'review queue': () => '/api/sessions?limit=50&state=review&order=oldest',
  accounts: () => '/api/ledger/accounts?limit=50',
  'entries of a household': (draw) => `/api/ledger/accounts/household:${household(draw)}/entries?limit=50`,
  'entries of the operator’s fees': () => '/api/ledger/accounts/fee:operator/entries?limit=50',
  'statement of a household': (draw) => `/api/ledger/accounts/household:${household(draw)}/statement?limit=50`,
  'statement of the operator’s fees': () => '/api/ledger/accounts/fee:operator/statement?limit=50',
  'statement of the channel': () => '/api/ledger/accounts/channel:wallet/statement?limit=50',
  households: () => '/api/households?limit=50',
  'households with income': () => '/api/households?limit=50&hasIncome=true',
  'households by income': () => '/api/households?limit=50&order=income-highest',
  'income of a household': (draw) => `/api/households/${household(draw)}/income?limit=50`,
  'net income of a household': (draw) => `/api/households/${household(draw)}/net-income`,
  'lots of a household': (draw) => `/api/households/${household(draw)}/lots?limit=50`,
  lots: () => '/api/lots?limit=50',
  'status of the money': () => '/api/status/money',
  'summary of the fleet': () => '/api/fleet/summary',
}

/** Each second question goes on from the page before, where there is another. */
async function time(ask: Ask, path: Path): Promise<number[]> {
  const random = seededRandom(9)
  const draw: Draw = (below) => nextBelow(random, below)
  const took: number[] = []
  let next: string | undefined
  for (let asked = 0; asked < questions + warmUpQuestions; asked += 1) {
    const first = path(draw)
    const asking = next ?? first
    const startMs = systemClock.monotonicMs()
    const { nextCursor } = await ask(asking)
    if (asked >= warmUpQuestions) took.push(systemClock.monotonicMs() - startMs)
    next =
      typeof nextCursor === 'string' && asking === first
        ? `${first}${first.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(nextCursor)}`
        : undefined
  }
  return took
}

export async function measureTables(path: string, saleLines: number): Promise<BenchRow[]> {
  return askServer(path, async (ask) => {
    const rows: BenchRow[] = []
    for (const [name, table] of Object.entries(tables)) {
      const value = quantile(await time(ask, table), 0.95)
      rows.push({
        name: `admin table: ${name}, among ${saleLines / 1_000_000} million sale lines, over HTTP, p95`,
        value,
        unit: 'ms',
        limit: goalMs,
        limitName: 'goal',
        ratio: { value: value / goalMs, atMost: 1 },
      })
    }
    return rows
  })
}

export async function benchAdminTables({ isFull }: BenchSize): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'huinong-bench-tables-'))
  const saleLines = isFull ? fullLines : usualLines
  try {
    const path = join(folder, 'books.db')
    await seedLargeBooks(path, systemClock, saleLines, bookedLines)
    {
      // As the server's jobs do off the hot path.
      await using database = await openDatabase({ url: `sqlite:${path}`, clock: systemClock, random: systemRandom })
      await rollUpSales({ database })
      await rollUpIncomes({ database, clock: systemClock })
    }
    return await measureTables(path, saleLines)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
