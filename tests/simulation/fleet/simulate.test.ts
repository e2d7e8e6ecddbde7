import { afterAll, describe, expect, it } from 'vitest'
import { Simulator } from './simulate.ts'

const simulator = new Simulator()
afterAll(() => simulator[Symbol.dispose]())

describe('the simulation', { timeout: 300_000 }, () => {
  it.each([1, 2, 3])('breaks no invariant under seed %i', async (seed) => {
    const { violations, people, bills } = await simulator.run({ seed, sessions: 40, cabinets: 3 })

    expect(violations).toEqual([])
    expect(people.made).toBeGreaterThanOrEqual(40)
    expect(bills.settled).toBeGreaterThan(20)
  })

  it('does the same again for the same seed, and something else for another', async () => {
    const first = await simulator.run({ seed: 11, sessions: 25, cabinets: 2 })
    const again = await simulator.run({ seed: 11, sessions: 25, cabinets: 2 })
    const other = await simulator.run({ seed: 12, sessions: 25, cabinets: 2 })

    expect(again.hash).toBe(first.hash)
    expect(again.story).toEqual(first.story)
    expect(other.hash).not.toBe(first.hash)
  })

  it('gives one hash 100 times of 100', async () => {
    const hashes = new Set<string>()

    for (let run = 0; run < 100; run += 1) hashes.add((await simulator.run({ seed: 5, sessions: 2, cabinets: 1 })).hash)

    expect(hashes.size).toBe(1)
  })
})
