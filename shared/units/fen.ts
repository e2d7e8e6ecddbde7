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
 * split as the mirror of their magnitude. Weights are not negative and not all zero. Exact for any sizes (BigInt inside).
 * Source: domain.md, distribution; vectors V1–V5.
 */
export function splitByLargestRemainder(amountFen: Fen, weights: readonly number[]): Fen[] {
  if (!Number.isSafeInteger(amountFen)) throw new RangeError(`amountFen is not a safe integer: ${amountFen}`)
  let total = 0n
  for (const weight of weights) {
    if (!Number.isSafeInteger(weight) || weight < 0)
      throw new RangeError(`weight is not a non-negative integer: ${weight}`)
    total += BigInt(weight)
  }
  if (total === 0n) throw new RangeError('weights sum to zero: nothing says who gets the amount')
  const magnitude = BigInt(Math.abs(amountFen))
  const parts: bigint[] = []
  const remainders: Array<{ index: number; remainder: bigint }> = []
  let given = 0n
  weights.forEach((weight, index) => {
    const product = magnitude * BigInt(weight)
    const part = product / total
    parts.push(part)
    given += part
    remainders.push({ index, remainder: product % total })
  })
  remainders.sort((a, b) => (a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1))
  const left = Number(magnitude - given)
  for (const { index } of remainders.slice(0, left)) parts[index] = (parts[index] ?? 0n) + 1n
  return parts.map((part) => (amountFen < 0 && part !== 0n ? -Number(part) : Number(part)))
}
