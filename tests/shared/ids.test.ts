import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nextBelow, nextGaussian, nextUnit, seededRandom } from '#shared/ids/random.ts'
import { Id, lowestIdAt, makeId } from '#shared/ids/uuid-v7.ts'

describe('makeId', () => {
  it('makes valid UUIDv7 strings that sort by time of birth', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 47 }),
        fc.integer({ min: 1, max: 1e9 }),
        fc.integer(),
        (atMs, laterByMs, seed) => {
          const random = seededRandom(seed)
          const first = makeId({ now: () => atMs }, random)
          const second = makeId({ now: () => atMs + laterByMs }, random)

          expect(Id.safeParse(first).success).toBe(true)
          expect(Id.safeParse(second).success).toBe(true)
          expect(first < second).toBe(true)
        },
      ),
    )
  })

  it('does not repeat within one millisecond', () => {
    const random = seededRandom(7)
    const ids = new Set(Array.from({ length: 10_000 }, () => makeId({ now: () => 1_790_000_000_000 }, random)))

    expect(ids.size).toBe(10_000)
  })
})

describe('seededRandom', () => {
  it('replays the same numbers from the same seed and others from another', () => {
    const draw = (seed: number) => {
      const random = seededRandom(seed)
      return Array.from({ length: 8 }, () => random.nextUint32())
    }

    expect(draw(1)).toEqual(draw(1))
    expect(draw(1)).not.toEqual(draw(2))
  })

  it('is uniform, and its normal deviates have mean 0 and variance 1', () => {
    const random = seededRandom(42)
    const buckets = Array.from({ length: 10 }, () => 0)
    let sum = 0
    let sumOfSquares = 0
    for (let draw = 0; draw < 100_000; draw += 1) {
      const bucket = nextBelow(random, 10)
      buckets[bucket] = (buckets[bucket] ?? 0) + 1
      const deviate = nextGaussian(random)
      sum += deviate
      sumOfSquares += deviate * deviate
      expect(nextUnit(random)).toBeLessThan(1)
    }

    // 5 standard deviations of a binomial count and of a mean of 10^5 deviates.
    for (const count of buckets) expect(Math.abs(count - 10_000)).toBeLessThan(475)
    expect(Math.abs(sum / 100_000)).toBeLessThan(0.016)
    expect(Math.abs(sumOfSquares / 100_000 - 1)).toBeLessThan(0.023)
  })
})

describe('the lowest id of an instant', () => {
  it('lies behind every earlier id and before every one of the instant', () => {
    const at = (atMs: number) => makeId({ now: () => atMs }, seededRandom(atMs))
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 42 }), (atMs) => {
        const lowest = lowestIdAt(atMs)

        expect(at(atMs - 1) < lowest && lowest < at(atMs)).toBe(true)
      }),
    )
  })
})
