// What holds for distributions of every template whatever the figures, and what the law does not allow.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashBasis } from '#server/distributions/freeze-basis.ts'
import {
  distribute,
  findDistributionProblem,
  findResolutionProblem,
  fitsLegalType,
  mayMove,
  planStates,
} from '#server/distributions/rules.ts'
import type { BasisRow, Terms } from '#server/distributions/rules.ts'
import { findCharterProblem, legalTypeRows, templates } from '#server/organisations/rules.ts'
import type { CharterTerms } from '#server/organisations/rules.ts'
import { landOnly, noDeductions, rowsOf, terms } from '#tests/support/distribution-terms.ts'

const fen = fc.integer({ min: 1, max: 1e12 })
const weights = fc.array(fc.integer({ min: 1, max: 1e9 }), { minLength: 1, maxLength: 40 })
const rates = fc
  .tuple(fc.nat(3_000), fc.nat(3_000), fc.nat(3_000))
  .map(([reserveBp, welfareBp, reinvestmentBp]) => ({ reserveBp, welfareBp, reinvestmentBp }))
const classes = fc.tuple(fc.nat(10_000), fc.nat(10_000), fc.nat(10_000)).map((cuts) => {
  const [low = 0, middle = 0, high = 0] = cuts.toSorted((a, b) => a - b)
  return { LAND: low, CAPITAL: middle - low, BASIC: high - middle, COLLECTIVE: 10_000 - high }
})
const shareBasis = fc
  .tuple(weights, weights, weights, fc.integer({ min: 1, max: 1e9 }))
  .map(([land, capital, basic, collective]): BasisRow[] => [
    ...rowsOf('LAND', land),
    ...rowsOf('MU', land),
    ...rowsOf('CAPITAL', capital),
    ...rowsOf('BASIC', basic),
    { measure: 'COLLECTIVE', householdCode: '', weight: collective },
  ])

/** A distribution of any template that the rules have nothing against. */
const anyDistribution = fc
  .oneof(
    fc.record({
      given: fc.tuple(fen, rates, classes).map(([income, r, c]) => terms('SHARE', income, { ...r, classes: c })),
      basis: shareBasis,
    }),
    fc.record({
      given: fc
        .tuple(fen, rates, classes, fc.integer({ min: 1, max: 100_000 }))
        .map(([income, r, c, guaranteeFenPerMu]) =>
          terms('GUARANTEE_FLOAT', income, { ...r, classes: c, guaranteeFenPerMu }),
        ),
      basis: shareBasis,
    }),
    fc.record({
      given: fc
        .tuple(fen, rates, fc.integer({ min: 6_000, max: 10_000 }))
        .map(([income, r, patronageBp]) => terms('PATRONAGE', income, { ...r, patronageBp })),
      basis: fc
        .tuple(weights, weights)
        .map(([volume, paid]) => [...rowsOf('VOLUME', volume), ...rowsOf('CONTRIBUTION', paid)]),
    }),
    fc.record({
      given: fc
        .tuple(fen, fc.integer({ min: 1, max: 10_000 }))
        .map(([income, rateBp]) => terms('SECOND', income, { second: { rateBp, split: 'by_weight' } })),
      basis: weights.map((all) => rowsOf('PAYEE', all)),
    }),
  )
  .filter(({ given, basis }) => findDistributionProblem(given, basis) === undefined)

describe('every distribution', () => {
  it('gives lines that sum to their pools, and pools that sum to the whole', () => {
    fc.assert(
      fc.property(anyDistribution, ({ given, basis }) => {
        const { lines, totalFen, distributableFen } = distribute(given, basis)

        const pools = new Map(lines.map((line) => [line.step, line.poolFen]))
        for (const [step, poolFen] of pools) {
          const ofPool = lines.filter((line) => line.step === step)
          expect(ofPool.reduce((sum, line) => sum + line.amountFen, 0)).toBe(poolFen)
        }
        expect([...pools.values()].reduce((sum, poolFen) => sum + poolFen, 0)).toBe(totalFen)
        const isFund = (step: string) => ['reserve', 'welfare', 'reinvestment'].includes(step)
        const shared = [...pools].filter(([step]) => !isFund(step)).reduce((sum, [, poolFen]) => sum + poolFen, 0)
        expect(shared).toBe(distributableFen)
        expect(totalFen).toBe(given.template === 'SECOND' ? distributableFen : given.incomeFen - given.lossesFen)
      }),
    )
  })

  it('explains every line: the floor of its part, and at most one fen more', () => {
    fc.assert(
      fc.property(anyDistribution, ({ given, basis }) => {
        for (const line of distribute(given, basis).lines) {
          const floor = (BigInt(line.poolFen) * BigInt(line.weight)) / BigInt(line.weightTotal)
          expect([0, 1]).toContain(line.roundingFen)
          expect(BigInt(line.amountFen)).toBe(floor + BigInt(line.roundingFen))
        }
      }),
    )
  })

  it('gives the same lines and the same hash, in whatever order its basis is read', () => {
    fc.assert(
      fc.property(anyDistribution, fc.infiniteStream(fc.nat()), ({ given, basis }, order) => {
        const keys = basis.map(() => order.next().value ?? 0)
        const shuffled = basis
          .map((row, index) => ({ row, key: keys[index] ?? 0 }))
          .toSorted((a, b) => a.key - b.key)
          .map(({ row }) => row)

        expect(distribute(given, shuffled)).toEqual(distribute(given, basis))
        expect(hashBasis(given, shuffled)).toBe(hashBasis(given, basis))
      }),
    )
  })

  it('gives at least 60 % by trade volume when it is a co-op’s', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.integer({ min: 6_000, max: 10_000 }),
        (income, patronageBp) => {
          const basis = [...rowsOf('VOLUME', [1, 2]), ...rowsOf('CONTRIBUTION', [1])]

          const { lines, distributableFen } = distribute(terms('PATRONAGE', income, { patronageBp }), basis)

          const volume = lines.filter((line) => line.step === 'VOLUME').reduce((sum, line) => sum + line.amountFen, 0)
          expect(volume * 10).toBeGreaterThanOrEqual(distributableFen * 6)
        },
      ),
    )
  })

  it('has another hash when any weight or rate is another', () => {
    const given = terms('SHARE', 1_000_000, { classes: landOnly })
    const basis = rowsOf('LAND', [3200, 1750])

    const hashes = [
      hashBasis(given, basis),
      hashBasis(given, rowsOf('LAND', [3200, 1751])),
      hashBasis({ ...given, incomeFen: 1_000_001 }, basis),
      hashBasis({ ...given, charter: { ...given.charter, welfareBp: 1 } }, basis),
    ]

    expect(new Set(hashes).size).toBe(4)
  })
})

describe('what the law does not allow', () => {
  it('is refused with the field that is wrong', () => {
    const basis = rowsOf('LAND', [1])
    const problemOf = (given: Terms, of = basis) => findDistributionProblem(given, of)?.field

    expect(problemOf(terms('SHARE', 100, { classes: landOnly }))).toBeUndefined()
    expect(problemOf(terms('SHARE', 100, { classes: landOnly }, 100))).toBe('incomeFen')
    expect(problemOf(terms('SHARE', 100, { classes: landOnly }), [])).toBe('template')
    expect(problemOf(terms('SECOND', 100, { second: { rateBp: 500, split: 'equal' } }, 1))).toBe('lossesFen')
    expect(problemOf(terms('SECOND', 9, { second: { rateBp: 500, split: 'equal' } }))).toBe('incomeFen')
    expect(problemOf(terms('PATRONAGE', 100, { patronageBp: 5_999 }))).toBe('template')
    expect(problemOf(terms('GUARANTEE_FLOAT', 100, { classes: landOnly }))).toBe('template')
  })

  it('is a template that does not fit the legal type', () => {
    const fitting = Object.keys(legalTypeRows).map((type) => [
      type,
      templates.filter((template) => fitsLegalType(template, type as keyof typeof legalTypeRows)),
    ])

    expect(Object.fromEntries(fitting)).toEqual({
      cooperative: ['PATRONAGE'],
      share_cooperative: ['SHARE', 'GUARANTEE_FLOAT', 'SECOND'],
      village_collective: ['SHARE', 'GUARANTEE_FLOAT', 'SECOND'],
      enterprise: ['GUARANTEE_FLOAT'],
      family_farm: ['GUARANTEE_FLOAT'],
    })
  })

  it('is a charter that does not say what its type must', () => {
    const fieldOf = (type: keyof typeof legalTypeRows, charter: Partial<CharterTerms>) =>
      findCharterProblem(type, { ...noDeductions, ...charter })?.field

    expect(fieldOf('cooperative', { patronageBp: 6_000 })).toBeUndefined()
    expect(fieldOf('cooperative', { patronageBp: 5_999 })).toBe('patronageBp')
    expect(fieldOf('cooperative', {})).toBe('patronageBp')
    expect(fieldOf('cooperative', { patronageBp: 6_000, classes: landOnly })).toBe('classes')
    expect(fieldOf('village_collective', {})).toBe('classes')
    expect(fieldOf('village_collective', { classes: { ...landOnly, LAND: 9_999 } })).toBe('classes')
    expect(fieldOf('village_collective', { classes: landOnly, patronageBp: 6_000 })).toBe('patronageBp')
    expect(fieldOf('village_collective', { classes: landOnly, reserveBp: 10_000 })).toBe('reserveBp')
    expect(fieldOf('enterprise', { classes: landOnly, second: { rateBp: 500, split: 'equal' } })).toBe('second')
    expect(fieldOf('cooperative', { patronageBp: 6_000, guaranteeFenPerMu: 1 })).toBe('guaranteeFenPerMu')
  })

  it('is a resolution that does not add up', () => {
    const vote = { presentCount: 10, votesFor: 6, votesAgainst: 4, isAdopted: true }

    expect(findResolutionProblem(vote, 12)).toBeUndefined()
    expect(findResolutionProblem(vote, 9)?.field).toBe('presentCount')
    expect(findResolutionProblem({ ...vote, votesAgainst: 5 }, 12)?.field).toBe('votesFor')
    expect(findResolutionProblem({ ...vote, votesFor: 5 }, 12)?.field).toBe('isAdopted')
  })
})

describe('the states of a plan', () => {
  it('are all reached from a draft, and only rejected, withdrawn and reversed are left no more', () => {
    const reached = new Set(['draft'])
    for (const from of planStates)
      for (const to of planStates) if (reached.has(from) && mayMove(from, to)) reached.add(to)

    expect([...reached].toSorted()).toEqual([...planStates].toSorted())
    expect(planStates.filter((from) => planStates.every((to) => !mayMove(from, to)))).toEqual([
      'rejected',
      'withdrawn',
      'reversed',
    ])
  })
})
