// Terms and bases of distributions, for tests of their arithmetic.
import { distribute } from '#server/distributions/rules.ts'
import type { BasisRow, Measure, Terms } from '#server/distributions/rules.ts'
import type { CharterTerms } from '#server/organisations/rules.ts'

export const noDeductions = { reserveBp: 0, welfareBp: 0, reinvestmentBp: 0 }
export const landOnly = { LAND: 10_000, CAPITAL: 0, BASIC: 0, COLLECTIVE: 0 }
export const codeOf = (serial: number) => String(5001121432010000n + BigInt(serial))

export const rowsOf = (measure: Measure, weights: readonly number[]): BasisRow[] =>
  weights.map((weight, index) => ({ measure, householdCode: codeOf(index + 1), weight }))

export function terms(
  template: Terms['template'],
  incomeFen: number,
  charter: Partial<CharterTerms>,
  lossesFen = 0,
): Terms {
  const legalType = template === 'PATRONAGE' ? 'cooperative' : 'share_cooperative'
  return { template, organisationId: 'o', legalType, incomeFen, lossesFen, charter: { ...noDeductions, ...charter } }
}

export const amounts = (given: Terms, basis: readonly BasisRow[]) =>
  distribute(given, basis).lines.map((line) => line.amountFen)
