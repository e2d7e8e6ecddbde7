import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatYuan, parseYuan, splitByLargestRemainder } from '#shared/units/fen.ts'

// Light weights stay within doubles, heavy ones (milligrams of a lot) do not; both ways must split alike.
const weights = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 0, max: 1e12 })), {
    minLength: 1,
    maxLength: 500,
  })
  .filter((list) => list.some((weight) => weight > 0))

/** The method in its own words, without a thought for speed: floors, then one fen each by remainder, then by place. */
function splitSlowly(amountFen: number, list: readonly number[]): number[] {
  const total = list.reduce((sum, weight) => sum + BigInt(weight), 0n)
  const shares = list.map((weight, place) => ({ place, product: BigInt(Math.abs(amountFen)) * BigInt(weight) }))
  const given = shares.reduce((sum, { product }) => sum + product / total, 0n)
  const lucky = shares
    .toSorted((a, b) => Number(b.product % total) - Number(a.product % total) || a.place - b.place)
    .slice(0, Number(BigInt(Math.abs(amountFen)) - given))
    .map(({ place }) => place)
  const magnitudes = shares.map(({ place, product }) => Number(product / total) + (lucky.includes(place) ? 1 : 0))
  return magnitudes.map((magnitude) => (amountFen < 0 ? 0 - magnitude : magnitude))
}

describe('splitByLargestRemainder', () => {
  it.each([
    ['V1 land dividend', 1_000_000, [320, 175, 90, 500, 215], [246154, 134615, 69231, 384615, 165385]],
    ['V2 5 % over 6 equal', 500_000, [1, 1, 1, 1, 1, 1], [83334, 83334, 83333, 83333, 83333, 83333]],
    ['V3 617,284 fen over 6', 617_284, [1, 1, 1, 1, 1, 1], [102881, 102881, 102881, 102881, 102880, 102880]],
    ['V5 patronage: 70 % of 360,000.00 by volume', 36_000_000, [70, 30], [25_200_000, 10_800_000]],
    ['V4 per head', 500_000, [3, 2, 5, 1, 4, 2], [88235, 58824, 147059, 29412, 117647, 58823]],
  ])('matches the vector %s', (_name, amountFen, parts, expected) => {
    expect(splitByLargestRemainder(amountFen, parts)).toEqual(expected)
  })

  it('gives back exactly the amount, each part within one fen of its exact share', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e12, max: 1e12 }), weights, (amountFen, list) => {
        const parts = splitByLargestRemainder(amountFen, list)

        const total = list.reduce((sum, weight) => sum + BigInt(weight), 0n)
        expect(parts.reduce((sum, part) => sum + part, 0)).toBe(amountFen)
        parts.forEach((part, index) => {
          const exactTimesTotal = BigInt(amountFen) * BigInt(list[index] ?? 0)
          const distance = BigInt(part) * total - exactTimesTotal
          expect(distance < total && distance > -total).toBe(true)
        })
      }),
    )
  })

  it('splits as the method says, ties by place', () => {
    const light = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 500 })
    const sound = light.filter((list) => list.some((weight) => weight > 0))
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), sound, fc.constantFrom(1, 10_000_000), (fen, list, scale) => {
        const scaled = list.map((weight) => weight * scale)

        expect(splitByLargestRemainder(fen, scaled)).toEqual(splitSlowly(fen, list))
      }),
    )
  })

  it('gives nothing to a zero weight', () => {
    expect(splitByLargestRemainder(7, [0, 3, 0, 3])).toEqual([0, 4, 0, 3])
  })

  it.each([[[0, 0]], [[]], [[-1, 2]], [[0.5, 1]]])('refuses the weights %j', (list) => {
    expect(() => splitByLargestRemainder(100, list)).toThrow(RangeError)
  })

  it('refuses an amount that is not whole fen', () => {
    expect(() => splitByLargestRemainder(0.1, [1])).toThrow(RangeError)
  })
})

describe('yuan text', () => {
  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e14, max: 1e14 }), (amountFen) => {
        expect(parseYuan(formatYuan(amountFen))).toBe(amountFen)
      }),
    )
  })

  it.each(['', '12.345', '1,000.00', '1e3', '12.', '.5', '十二', 'NaN'])('does not read %j as an amount', (text) => {
    expect(parseYuan(text)).toBeUndefined()
  })
})
