/**
 * What the members of the citrus union brought in (domain.md, A12 and A13): all of it invented, by a member's place in the
 * list alone, so that it is the same on any machine. Together a little over 2,000 mu.
 */
export interface DemoShares {
  readonly householdCode: string
  /** Thousandths of a mu. */
  readonly landMilli: number
  /** Whole yuan; 0 of a member who brought land only. */
  readonly capitalYuan: number
}

export function inventUnionShares(memberCodes: readonly string[]): DemoShares[] {
  return memberCodes.map((householdCode, index) => ({
    householdCode,
    landMilli: 2_500 + ((index * 37) % 31) * 100,
    capitalYuan: index % 3 === 0 ? 1_000 + ((index * 7) % 9) * 500 : 0,
  }))
}
