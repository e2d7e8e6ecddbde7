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
const usualCases = 200_000
const maxFen = 1_000_000_000
const maxMembers = 500
/** One case in so many has heavy weights. */
const heavyEvery = 20
const lightWeight = 1_000_000
const heavyWeight = 1_000_000_000

/** Evenly over the orders of magnitude, both ends included. */
const spread = (random: Random, max: number) => Math.min(max, Math.floor((max + 1) ** nextUnit(random)))

/** Gathers what the parts of a split got above their floors, nothing or a fen; makes no object a part, of which there are 10⁹. */
class Judge {
  #sum = 0
  /** The smallest remainder that got a fen, and the largest that got none; of equal ones the last and the first place. */
  #least = Infinity
  #leastPlace = -1
  #most = -1
  #mostPlace = -1

  see(place: number, part: number, above: number, remainder: number): boolean {
    this.#sum += part
    if (above === 1) {
      if (remainder <= this.#least) {
        this.#least = remainder
        this.#leastPlace = place
      }
    } else if (above === 0) {
      if (remainder > this.#most) {
        this.#most = remainder
        this.#mostPlace = place
      }
    } else return false
    return true
  }

  isRight(amountFen: number): boolean {
    const isInOrder = this.#least > this.#most || (this.#least === this.#most && this.#leastPlace < this.#mostPlace)
    return this.#sum === amountFen && isInOrder
  }
}

/** Whether a split keeps the method's promises; exact, in whichever integers the sizes allow. */
function isSplitRight(amountFen: number, weights: readonly number[], parts: readonly number[]): boolean {
  let total = 0
  for (const weight of weights) total += weight
  const judge = new Judge()
  for (let place = 0; place < weights.length; place += 1) {
    const part = parts[place] ?? Number.NaN
    const product = amountFen * (weights[place] ?? Number.NaN)
    if (product <= Number.MAX_SAFE_INTEGER) {
      const remainder = product % total
      if (!judge.see(place, part, part - (product - remainder) / total, remainder)) return false
    } else {
      const exact = BigInt(amountFen) * BigInt(weights[place] ?? 0)
      const remainder = exact % BigInt(total)
      if (!judge.see(place, part, part - Number((exact - remainder) / BigInt(total)), Number(remainder))) return false
    }
  }
  return judge.isRight(amountFen)
}

export async function benchSplits({ isFull }: BenchSize): Promise<BenchRow[]> {
  const random = seededRandom(20_260_101)
  const cases = isFull ? fullCases : usualCases
  let wrong = 0
  let splitMs = 0
  for (let made = 1; made <= cases; made += 1) {
    const amountFen = spread(random, maxFen)
    const heaviest = made % heavyEvery === 0 ? heavyWeight : lightWeight
    const weights: number[] = []
    for (let left = spread(random, maxMembers); left > 0; left -= 1) weights.push(1 + nextBelow(random, heaviest))
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
