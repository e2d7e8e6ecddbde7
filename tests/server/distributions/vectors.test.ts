// The vectors of domain.md to the fen, and the order in which money is set aside and shared.
import { describe, expect, it } from 'vitest'
import { distribute, findDistributionProblem } from '#server/distributions/rules.ts'
import type { BasisRow } from '#server/distributions/rules.ts'
import { amounts, codeOf, landOnly, rowsOf, terms } from '#tests/support/distribution-terms.ts'

describe('the vectors', () => {
  it('V1: 10,000.00 over land of 3.20, 1.75, 0.90, 5.00 and 2.15 mu', () => {
    const given = terms('SHARE', 1_000_000, { classes: landOnly })

    expect(amounts(given, rowsOf('LAND', [3200, 1750, 900, 5000, 2150]))).toEqual([
      246_154, 134_615, 69_231, 384_615, 165_385,
    ])
  })

  it('V2: 5 % of 100,000.00 over six alike', () => {
    const given = terms('SECOND', 10_000_000, { second: { rateBp: 500, split: 'equal' } })

    expect(amounts(given, rowsOf('PAYEE', [1, 1, 1, 1, 1, 1]))).toEqual([
      83_334, 83_334, 83_333, 83_333, 83_333, 83_333,
    ])
  })

  it('V3: 5 % of 123,456.79 is 6,172.84, over six alike', () => {
    const given = terms('SECOND', 12_345_679, { second: { rateBp: 500, split: 'equal' } })

    expect(distribute(given, rowsOf('PAYEE', [1, 1, 1, 1, 1, 1])).distributableFen).toBe(617_284)
    expect(amounts(given, rowsOf('PAYEE', [1, 1, 1, 1, 1, 1]))).toEqual([
      102_881, 102_881, 102_881, 102_881, 102_880, 102_880,
    ])
  })

  it('V4: 5,000.00 per head over 3, 2, 5, 1, 4 and 2 persons', () => {
    const given = terms('SECOND', 500_000, { second: { rateBp: 10_000, split: 'per_head' } })

    expect(amounts(given, rowsOf('PAYEE', [3, 2, 5, 1, 4, 2]))).toEqual([
      88_235, 58_824, 147_059, 29_412, 117_647, 58_823,
    ])
  })

  it('V5: patronage of a surplus of 400,000 with 10 % reserve and 70 % by volume', () => {
    const given = terms('PATRONAGE', 40_000_000, { reserveBp: 1_000, patronageBp: 7_000 })
    const basis = [...rowsOf('VOLUME', [1, 3]), ...rowsOf('CONTRIBUTION', [1, 1])]

    const { distributableFen, totalFen, lines } = distribute(given, basis)

    expect([distributableFen, totalFen]).toEqual([36_000_000, 40_000_000])
    const pools = new Map(lines.map((line) => [line.step, line.poolFen]))
    expect([...pools]).toEqual([
      ['reserve', 4_000_000],
      ['VOLUME', 25_200_000],
      ['CONTRIBUTION', 10_800_000],
    ])
    expect(lines.map((line) => line.amountFen)).toEqual([4_000_000, 6_300_000, 18_900_000, 5_400_000, 5_400_000])
  })
})

describe('the waterfall', () => {
  it('makes up losses and sets funds aside before the share classes', () => {
    const classes = { LAND: 6_000, CAPITAL: 3_000, BASIC: 0, COLLECTIVE: 1_000 }
    const charter = { reserveBp: 1_000, welfareBp: 500, reinvestmentBp: 1_500, classes }
    const collective: BasisRow = { measure: 'COLLECTIVE', householdCode: '', weight: 100 }
    const basis = [...rowsOf('LAND', [1, 1]), ...rowsOf('CAPITAL', [2]), collective]

    const { lines } = distribute(terms('SHARE', 110_000, charter, 10_000), basis)

    expect(lines.map(({ accountId, amountFen }) => [accountId, amountFen])).toEqual([
      ['fund:reserve-o', 10_000],
      ['fund:welfare-o', 5_000],
      ['fund:reinvestment-o', 15_000],
      [`household:${codeOf(1)}`, 21_000],
      [`household:${codeOf(2)}`, 21_000],
      [`household:${codeOf(1)}`, 21_000],
      ['fund:collective-o', 7_000],
    ])
  })

  it('pays what is guaranteed per mu first, then the excess', () => {
    const given = terms('GUARANTEE_FLOAT', 200_000, { guaranteeFenPerMu: 30_000, classes: landOnly })
    const basis = [...rowsOf('MU', [3_200, 1_800]), ...rowsOf('LAND', [3_200, 1_800])]

    expect(amounts(given, basis)).toEqual([96_000, 54_000, 32_000, 18_000])
    const tooLittle = terms('GUARANTEE_FLOAT', 149_999, { guaranteeFenPerMu: 30_000, classes: landOnly })
    expect(findDistributionProblem(tooLittle, basis)).toMatchObject({
      field: 'incomeFen',
      message: expect.stringContaining('by 1 fen'),
    })
  })

  it('never lets the rounding of a pool fall below 60 % by trade volume', () => {
    const given = terms('PATRONAGE', 2, { patronageBp: 6_000 })

    const { lines } = distribute(given, [...rowsOf('VOLUME', [1]), ...rowsOf('CONTRIBUTION', [1])])

    expect(lines.map((line) => [line.step, line.amountFen])).toEqual([['VOLUME', 2]])
  })
})
