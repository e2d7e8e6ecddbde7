/** `12.5` → mg; undefined for what is no mass above zero with at most three decimals. */
export function mgOfKilograms(text: string): number | undefined {
  const found = /^(\d{1,6})(?:\.(\d{1,3}))?$/.exec(text.trim())
  if (found === null) return undefined
  const massMg = Number(found[1]) * 1_000_000 + Number((found[2] ?? '').padEnd(3, '0')) * 1_000
  return massMg > 0 ? massMg : undefined
}

/** 12500000 mg → 12.5. */
export function kilogramsOf(massMg: number): string {
  return (massMg / 1_000_000).toFixed(3).replace(/\.?0+$/, '')
}
