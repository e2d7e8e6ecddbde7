import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { byRotation, chooseCalls, mayCall, type Candidate, type Terms } from '#server/harvest-calls/rules.ts'

const terms: Terms = { floorFen: 300, capUnits: 100, minUnitsPerCall: 5, maxUnitsPerCall: 40 }

const candidate = (overrides: Partial<Candidate> & Pick<Candidate, 'householdCode'>): Candidate => ({
  joinedAtMs: 0,
  lastCalledSeq: null,
  boundUnits: 0,
  hasOpenCall: false,
  ...overrides,
})

describe('who is called to harvest', () => {
  it('is who never was, then who was called longest ago', () => {
    const members = [
      candidate({ householdCode: 'a', lastCalledSeq: 7 }),
      candidate({ householdCode: 'b', lastCalledSeq: 3 }),
      candidate({ householdCode: 'c', joinedAtMs: 2 }),
      candidate({ householdCode: 'd', joinedAtMs: 1 }),
    ]

    expect(members.toSorted(byRotation).map(({ householdCode }) => householdCode)).toEqual(['d', 'c', 'b', 'a'])
  })

  it('gets as much as cap and size of a call leave, and the rest goes on', () => {
    const members = [
      candidate({ householdCode: 'a', boundUnits: 97 }),
      candidate({ householdCode: 'b', boundUnits: 70 }),
      candidate({ householdCode: 'c', hasOpenCall: true }),
      candidate({ householdCode: 'd' }),
    ]

    // a has less left than a call is worth; of c a call is open.
    expect(chooseCalls(terms, members, 60)).toEqual([
      { householdCode: 'b', units: 30 },
      { householdCode: 'd', units: 30 },
    ])
  })

  /** A year of needs and answers: who is called, declines, lets lapse, delivers in part; members join and leave. */
  interface Story {
    readonly needs: ReadonlyArray<{
      readonly units: number
      readonly answers: readonly number[]
      readonly joins: boolean
    }>
    readonly members: number
    readonly terms: Terms
  }
  const stories: fc.Arbitrary<Story> = fc.record({
    members: fc.integer({ min: 1, max: 12 }),
    terms: fc
      .record({
        floorFen: fc.integer({ min: 1, max: 900 }),
        capUnits: fc.integer({ min: 1, max: 120 }),
        minUnitsPerCall: fc.integer({ min: 1, max: 20 }),
        extra: fc.integer({ min: 0, max: 40 }),
      })
      .map(({ extra, ...rest }) => ({ ...rest, maxUnitsPerCall: rest.minUnitsPerCall + extra })),
    needs: fc.array(
      fc.record({
        units: fc.integer({ min: 1, max: 200 }),
        /** Parts of a call that are brought, %, 0: declined or lapsed. */
        answers: fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 8 }),
        joins: fc.boolean(),
      }),
      { maxLength: 25 },
    ),
  })

  it('holds for any story: nobody twice before everybody eligible once, no cap exceeded, no more than is needed', () => {
    fc.assert(
      fc.property(stories, (story) => {
        const members = new Map<string, Candidate>()
        const join = () => {
          const householdCode = String(members.size).padStart(4, '0')
          members.set(householdCode, candidate({ householdCode, joinedAtMs: members.size }))
        }
        for (let index = 0; index < story.members; index += 1) join()
        let seq = 0
        for (const { units, answers, joins } of story.needs) {
          if (joins) join()
          let left = units
          for (const part of answers) {
            const before = [...members.values()]
            const chosen = chooseCalls(story.terms, before, left)
            let asked = left
            for (const call of chosen) {
              const own = members.get(call.householdCode) ?? candidate(call)
              // Fair: whoever else could have been called for what was left then was called later than this one.
              const passedOver = before.filter(
                (other) =>
                  !chosen.some(({ householdCode }) => householdCode === other.householdCode) &&
                  mayCall(story.terms, other, asked),
              )
              expect(passedOver.filter((other) => byRotation(own, other) > 0)).toEqual([])
              asked -= call.units
              seq += 1
              const brought = Math.floor((call.units * part) / 100)
              const boundUnits = own.boundUnits + brought
              expect(own.boundUnits + call.units).toBeLessThanOrEqual(story.terms.capUnits)
              members.set(call.householdCode, { ...own, lastCalledSeq: seq, boundUnits })
              left -= brought
            }
            expect(asked).toBeGreaterThanOrEqual(0)
            expect(new Set(chosen.map(({ householdCode }) => householdCode)).size).toBe(chosen.length)
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  it('calls nobody twice before everybody else who may be called, when all always may', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 15 }),
        fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 30 }),
        (size, needs) => {
          const free: Terms = { ...terms, capUnits: Number.MAX_SAFE_INTEGER }
          const members = Array.from({ length: size }, (_, index) =>
            candidate({ householdCode: String(index).padStart(4, '0') }),
          )
          const order: string[] = []
          for (const units of needs) {
            for (const { householdCode } of chooseCalls(free, members, units)) {
              order.push(householdCode)
              const index = members.findIndex((member) => member.householdCode === householdCode)
              members[index] = candidate({ householdCode, lastCalledSeq: order.length })
            }
          }
          for (let from = 0; from + size <= order.length; from += 1)
            expect(new Set(order.slice(from, from + size)).size).toBe(size)
        },
      ),
    )
  })
})
