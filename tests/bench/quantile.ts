/** The q-quantile (0…1) of some figures: the smallest that at least that part of them does not exceed. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const value = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]
  if (value === undefined) throw new RangeError('there are no figures')
  return value
}
