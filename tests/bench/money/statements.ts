// How long a household's statement and the explanation of one fen take among ten million ledger entries (usually one million,
// which is quicker to fill in), asked of the real server over HTTP (sign-in, role check, validation and JSON included), with a household chosen anew for each question.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nextBelow, seededRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import type { BenchRow, BenchSize } from '../bench-row.ts'
import { quantile } from '../quantile.ts'
import { askServer, type Ask } from './ask-server.ts'
import { householdCodeAt, householdCount, seedLargeBooks } from './large-books.ts'

const questions = 400
const warmUpQuestions = 40
const statementGoalMs = 20
const explanationGoalMs = 50
/** Eight entries each. */
const fullLines = 1_250_000
const usualLines = 125_000

/** Milliseconds of each question, the first ones, which fill caches, left out. */
async function time(askOnce: (householdCode: string) => Promise<void>): Promise<number[]> {
  const random = seededRandom(9)
  const took: number[] = []
  for (let asked = 0; asked < questions + warmUpQuestions; asked += 1) {
    const householdCode = householdCodeAt(nextBelow(random, householdCount))
    const startMs = systemClock.monotonicMs()
    await askOnce(householdCode)
    if (asked >= warmUpQuestions) took.push(systemClock.monotonicMs() - startMs)
  }
  return took
}

function rowOf(name: string, took: readonly number[], limit: number): BenchRow {
  const value = quantile(took, 0.95)
  return { name, value, unit: 'ms', limit, limitName: 'goal', ratio: { value: value / limit, atMost: 1 } }
}

async function measure(ask: Ask, saleLines: number): Promise<BenchRow[]> {
  // Each line goes to the two households of a lot.
  const linesPerHousehold = saleLines / (householdCount / 2)
  const among = `among ${(saleLines * 8) / 1_000_000} million entries, over HTTP, p95`
  const statement = await time(async (code) => {
    const { openingFen, closingFen } = await ask(`/api/ledger/accounts/household:${code}/statement?limit=50`)
    const fen = Number(code.at(-1)) % 2 === 0 ? 400 : 300
    if (openingFen !== 0 || closingFen !== linesPerHousehold * fen)
      throw new Error(`${code} holds ${String(closingFen)}`)
  })
  const hot = await time(async () => {
    await ask(`/api/ledger/accounts/fee:operator/statement?limit=50&fromMs=${systemClock.now() - 86_400_000}`)
  })
  const explanation = await time(async (code) => {
    const { rows } = await ask(`/api/households/${code}/income?limit=1`)
    const [line] = rows as Array<{ explanation: string[] }>
    if (line?.explanation.at(-1)?.startsWith('本户供货') !== true) throw new Error(`${code} is not explained`)
  })
  return [
    rowOf(`Statement of one household (${linesPerHousehold} entries, first 50) ${among}`, statement, statementGoalMs),
    rowOf(`Statement of the operator's fees (the last day) ${among}`, hot, statementGoalMs),
    rowOf(`One fen of a household explained down to the sale ${among}`, explanation, explanationGoalMs),
  ]
}

export async function benchStatements({ isFull }: BenchSize): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'huinong-bench-statements-'))
  const saleLines = isFull ? fullLines : usualLines
  try {
    const path = join(folder, 'books.db')
    await seedLargeBooks(path, systemClock, saleLines)
    return await askServer(path, (ask) => measure(ask, saleLines))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
