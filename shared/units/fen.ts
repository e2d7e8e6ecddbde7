import { z } from 'zod'

/** Money in integer fen (1 yuan = 100 fen). Negative means owed back. |fen| ≤ 10^15 keeps sums exact in a double. */
export const Fen = z.int().min(-1e15).max(1e15).meta({ id: 'Fen', description: 'Integer fen; 100 fen = 1 yuan.' })
export type Fen = z.infer<typeof Fen>

/** A price or amount that cannot be negative, in fen. */
export const NonNegativeFen = Fen.min(0).meta({ id: 'NonNegativeFen', description: 'Integer fen, not negative.' })

/** Shows fen as yuan with two decimals: 1280 → "12.80". For people's eyes; machines carry fen. */
export function formatYuan(amountFen: Fen): string {
  const sign = amountFen < 0 ? '-' : ''
  const magnitude = Math.abs(amountFen)
  return `${sign}${Math.trunc(magnitude / 100)}.${String(magnitude % 100).padStart(2, '0')}`
}

/** Reads "12.80", "12.8" or "12" yuan into fen; undefined when the text is not such an amount. */
export function parseYuan(text: string): Fen | undefined {
  const match = /^(-?)(\d{1,13})(?:\.(\d{1,2}))?$/.exec(text.trim())
  if (match === null) return undefined
  const [, sign, yuan = '0', cents = ''] = match
  const amountFen = Number(yuan) * 100 + Number(cents.padEnd(2, '0'))
  return sign === '-' && amountFen !== 0 ? -amountFen : amountFen
}

/**
 * Splits an amount by integer weights with the largest remainder method: Σ parts = amount always, each part within
 * 1 fen of its exact share. Ties go to the lower index, so callers sort by household code first. Negative amounts are
 * split as the mirror of their magnitude. Weights are not negative and not all zero. Exact for any sizes.
 * Source: domain.md, distribution; vectors V1–V5.
 */
export function splitByLargestRemainder(amountFen: Fen, weights: readonly number[]): Fen[] {
  if (!Number.isSafeInteger(amountFen)) throw new RangeError(`amountFen is not a safe integer: ${amountFen}`)
  let total = 0
  let heaviest = 0
  for (const weight of weights) {
    if (!Number.isSafeInteger(weight) || weight < 0)
      throw new RangeError(`weight is not a non-negative integer: ${weight}`)
    total += weight
    heaviest = Math.max(heaviest, weight)
  }
  if (total === 0) throw new RangeError('weights sum to zero: nothing says who gets the amount')
  const magnitude = Math.abs(amountFen)
  // Below 2^53 products, and so their quotients and remainders, are exact in doubles, many times faster than in BigInt.
  const isExact = magnitude * heaviest <= Number.MAX_SAFE_INTEGER && total <= Number.MAX_SAFE_INTEGER
  const parts = isExact ? splitSmall(magnitude, weights, total) : splitLarge(magnitude, weights)
  return amountFen < 0 ? parts.map((part) => 0 - part) : parts
}

function splitSmall(magnitude: number, weights: readonly number[], total: number): number[] {
  const remainders: number[] = []
  const parts = weights.map((weight) => {
    const product = magnitude * weight
    // Rounding may lift a quotient to the next whole number, never below the one it has passed. Much faster than `%`.
    let quotient = Math.floor(product / total)
    if (quotient * total > product) quotient -= 1
    remainders.push(product - quotient * total)
    return quotient
  })
  const left = leftOf(magnitude, parts)
  // Values alone sort much faster than places by their values.
  return giveRest(left, parts, remainders, new Float64Array(remainders).sort().at(-left))
}

function splitLarge(magnitude: number, weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + BigInt(weight), 0n)
  const remainders: bigint[] = []
  const parts = weights.map((weight) => {
    const product = BigInt(magnitude) * BigInt(weight)
    remainders.push(product % total)
    return Number(product / total)
  })
  const left = leftOf(magnitude, parts)
  return giveRest(left, parts, remainders, remainders.toSorted((a, b) => (a === b ? 0 : a < b ? -1 : 1)).at(-left))
}

/** The fen that the floors leave over, fewer than there are parts. */
const leftOf = (magnitude: number, floors: readonly number[]) => magnitude - floors.reduce((sum, part) => sum + part, 0)

/** Gives the fen left over, one each to the largest remainders down to `least`, of equal ones to the first. */
function giveRest<T extends number | bigint>(
  left: number,
  floors: number[],
  remainders: readonly T[],
  least: T | undefined,
): number[] {
  if (left === 0 || least === undefined) return floors
  let equal = left
  for (const remainder of remainders) if (remainder > least) equal -= 1
  return floors.map((part, place) => {
    const remainder = remainders[place] ?? 0
    if (remainder < least) return part
    if (remainder > least) return part + 1
    equal -= 1
    return equal >= 0 ? part + 1 : part
  })
}
