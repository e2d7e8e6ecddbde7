// Whether splits are exact, over ten million random cases: 1 fen to 10⁹, 1 to 500 members, light weights (shares, heads) and
// heavy ones (milligrams, which do not fit doubles). Each is judged in integers by what the largest remainder method promises,
// not by the code that splits: Σ parts = amount, no part a fen or more from its exact share, and nobody with a smaller
// remainder got the fen that somebody with a larger one, or an equal one and a lower place, did not.
import { nextBelow, nextUnit, seededRandom } from '#shared/ids/random.ts'
import type { Random } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { splitByLargestRemainder } from '#shared/units/fen.ts'
import type { BenchRow, BenchSize } from '../bench-row.ts'

const fullCases = 10_000_000
const usualCases = 1_000_000
const maxFen = 1_000_000_000
const maxMembers = 500
/** One case in so many has heavy weights. */
const heavyEvery = 20
const lightWeight = 1_000_000
const heavyWeight = 1_000_000_000

/** Evenly over the orders of magnitude, both ends included. */
const spread = (random: Random, max: number) => Math.min(max, Math.floor((max + 1) ** nextUnit(random)))

/** Whether a split keeps the method's promises; exact, in whichever integers the sizes allow. */
function isSplitRight(amountFen: number, weights: readonly number[], parts: readonly number[]): boolean {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let sum = 0
  /** The smallest remainder that got a fen, and the largest that got none; of equal ones the last and the first. */
  let least = { remainder: Infinity, place: -1 }
  let most = { remainder: -1, place: -1 }
  for (const [place, weight] of weights.entries()) {
    const part = parts[place] ?? Number.NaN
    sum += part
    const { floor, remainder } = divide(amountFen, weight, total)
    if (part !== floor && part !== floor + 1) return false
    if (part > floor && remainder <= least.remainder) least = { remainder, place }
    if (part === floor && remainder > most.remainder) most = { remainder, place }
  }
  if (sum !== amountFen) return false
  return least.remainder > most.remainder || (least.remainder === most.remainder && least.place < most.place)
}

function divide(amountFen: number, weight: number, total: number): { floor: number; remainder: number } {
  const product = amountFen * weight
  if (product <= Number.MAX_SAFE_INTEGER) return { floor: Math.floor(product / total), remainder: product % total }
  const exact = BigInt(amountFen) * BigInt(weight)
  return { floor: Number(exact / BigInt(total)), remainder: Number(exact % BigInt(total)) }
}

export async function benchSplits({ isFull }: BenchSize): Promise<BenchRow[]> {
  const random = seededRandom(20_260_101)
  const cases = isFull ? fullCases : usualCases
  let wrong = 0
  let splitMs = 0
  for (let made = 1; made <= cases; made += 1) {
    const amountFen = spread(random, maxFen)
    const heaviest = made % heavyEvery === 0 ? heavyWeight : lightWeight
    const weights = Array.from({ length: spread(random, maxMembers) }, () => 1 + nextBelow(random, heaviest))
    const startMs = systemClock.monotonicMs()
    const parts = splitByLargestRemainder(amountFen, weights)
    splitMs += systemClock.monotonicMs() - startMs
    if (!isSplitRight(amountFen, weights, parts)) wrong += 1
    if (made % (cases / 10) === 0) process.stderr.write(`  ${(made / cases) * 100} %\n`)
  }
  return [
    {
      name: `Splits that are not exact, of ${cases.toLocaleString('en')} random ones (1 fen to 10⁹, 1 to 500 members)`,
      value: wrong,
      unit: 'splits',
      limit: 0,
      limitName: 'goal',
      ratio: { value: wrong, atMost: 0 },
    },
    { name: 'Largest remainder split of such a case', value: (splitMs * 1_000) / cases, unit: 'µs' },
  ]
}
