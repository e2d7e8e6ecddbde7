// What of the households' income may be told by town and product: pure. A figure stands for at least five households, and what
// is too small is added to what is not, so that no difference of two figures stands for fewer either (k-anonymity with
// complementary suppression).

/** Households that a figure stands for at least. */
export const leastHouseholds = 5

/** What one household earned by one product in a town. */
export interface ImpactShare {
  readonly townCode: string
  /** A product, or another source of income. */
  readonly product: string
  readonly householdCode: string
  readonly amountFen: number
}

export interface ImpactCell {
  /** Undefined: several towns together. */
  readonly townCode: string | undefined
  /** Undefined: several products together. */
  readonly product: string | undefined
  readonly households: number
  readonly amountFen: number
}

interface Group {
  readonly key: string
  readonly shares: readonly ImpactShare[]
  readonly households: ReadonlySet<string>
}

function groupBy(shares: readonly ImpactShare[], keyOf: (share: ImpactShare) => string): Group[] {
  const byKey = new Map<string, ImpactShare[]>()
  for (const share of shares) {
    const group = byKey.get(keyOf(share))
    if (group === undefined) byKey.set(keyOf(share), [share])
    else group.push(share)
  }
  return [...byKey]
    .map(([key, own]) => ({ key, shares: own, households: new Set(own.map(({ householdCode }) => householdCode)) }))
    .toSorted((a, b) => a.households.size - b.households.size || (a.key < b.key ? -1 : 1))
}

const sumOf = (shares: readonly ImpactShare[]) => shares.reduce((sum, { amountFen }) => sum + amountFen, 0)

/** Groups large enough to stand alone, and the rest, which takes the smallest of them until it is large enough itself. */
function partGroups(groups: readonly Group[]): { readonly alone: readonly Group[]; readonly rest: ImpactShare[] } {
  const small = groups.filter(({ households }) => households.size < leastHouseholds)
  const rest = small.flatMap(({ shares }) => shares)
  const together = new Set(rest.map(({ householdCode }) => householdCode))
  const alone = groups.slice(small.length)
  let taken = 0
  while (rest.length > 0 && together.size < leastHouseholds && taken < alone.length) {
    const next = alone[taken]
    rest.push(...(next?.shares ?? []))
    for (const code of next?.households ?? []) together.add(code)
    taken += 1
  }
  return { alone: alone.slice(taken), rest }
}

function cellOf(townCode: string | undefined, product: string | undefined, shares: readonly ImpactShare[]): ImpactCell {
  const households = new Set(shares.map(({ householdCode }) => householdCode)).size
  return { townCode, product, households, amountFen: sumOf(shares) }
}

/** The figures of a year; none when all its households together are fewer than five. Σ figures = Σ shares otherwise. */
export function publishImpact(shares: readonly ImpactShare[]): ImpactCell[] {
  const towns = partGroups(groupBy(shares, ({ townCode }) => townCode))
  const cells = towns.alone.flatMap(({ key: townCode, shares: ofTown }) => {
    const products = partGroups(groupBy(ofTown, ({ product }) => product))
    return [
      ...products.alone.map(({ key, shares: own }) => cellOf(townCode, key, own)),
      ...(products.rest.length === 0 ? [] : [cellOf(townCode, undefined, products.rest)]),
    ]
  })
  const others = towns.rest.length === 0 ? [] : [cellOf(undefined, undefined, towns.rest)]
  return [...cells, ...others].filter(({ households }) => households >= leastHouseholds)
}
