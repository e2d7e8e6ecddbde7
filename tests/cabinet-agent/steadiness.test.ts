import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Steadiness, type SteadinessRule } from '#cabinet-agent/steadiness.ts'

const rule: SteadinessRule = { burst: 4, anotherMs: 60_000, restMs: 5_000, longestRestMs: 20_000 }

/** Looks every 100 ms at what flips after each of these times, ms; gives what was believed at each look. */
function watch(flipsMs: readonly number[], forMs: number) {
  const steadiness = new Steadiness<boolean>(rule)
  const looks: Array<{ nowMs: number; isOpen: boolean; isSteady: boolean }> = []
  for (let nowMs = 0; nowMs <= forMs; nowMs += 100) {
    const isOpen = flipsMs.filter((flipMs) => flipMs <= nowMs).length % 2 === 1
    looks.push({ nowMs, isOpen, isSteady: steadiness.look(isOpen, nowMs) })
  }
  return looks
}
const every = (ms: number, forMs: number) =>
  Array.from({ length: Math.floor(forMs / ms) }, (_, index) => (index + 1) * ms)

describe('what changes its mind', () => {
  it('is believed as long as it does so now and then', () => {
    expect(watch(every(70_000, 3_600_000), 3_600_000).every(({ isSteady }) => isSteady)).toBe(true)
  })

  it('is not believed after too many changes, until it was quiet for a while, each time a longer one', () => {
    const burst = [1_000, 1_200, 1_400, 1_600, 1_800]
    const looks = watch([...burst, 10_000, 22_000], 60_000)
    const doubtful = looks.filter(({ isSteady }) => !isSteady).map(({ nowMs }) => nowMs)

    expect([doubtful[0], looks.find(({ nowMs, isSteady }) => nowMs > 1_800 && isSteady)?.nowMs]).toEqual([1_800, 6_800])
    expect(looks.find(({ nowMs, isSteady }) => nowMs > 10_000 && isSteady)?.nowMs).toBe(20_000)
    expect(looks.find(({ nowMs, isSteady }) => nowMs > 22_000 && isSteady)?.nowMs).toBe(42_000)
  })

  it('is believed in the end, and never changes more often than the rule lets it', () => {
    const gaps = fc.array(fc.integer({ min: 100, max: 4_000 }), { minLength: 1, maxLength: 200 })
    fc.assert(
      fc.property(gaps, (between) => {
        const flipsMs = between.map((_, index) => between.slice(0, index + 1).reduce((sum, gap) => sum + gap, 0))
        const overMs = flipsMs.at(-1) ?? 0
        const looks = watch(flipsMs, overMs + rule.longestRestMs + 200)
        const believed = looks.filter(({ isSteady }) => isSteady).map(({ isOpen }) => isOpen)
        const changes = believed.filter((isOpen, index) => index > 0 && isOpen !== believed[index - 1]).length

        expect(looks.at(-1)?.isSteady).toBe(true)
        expect(changes).toBeLessThanOrEqual(rule.burst + overMs / rule.anotherMs + overMs / rule.restMs + 1)
      }),
      { numRuns: 200 },
    )
  })
})
