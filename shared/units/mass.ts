import { z } from 'zod'

/** Mass in integer milligrams, as carried on the wire and in stores. Negative is a reading below zero. */
export const MassMg = z.int().min(-1e12).max(1e12).meta({ id: 'MassMg', description: 'Integer milligrams.' })
export type MassMg = z.infer<typeof MassMg>

/** What many masses come to over the years: a district's fertiliser passes the thousand tonnes that one mass may have. */
export const MassSumMg = z
  .int()
  .min(-1e15)
  .max(1e15)
  .meta({ id: 'MassSumMg', description: 'Integer milligrams, summed.' })

/** Grams (any decimal) → integer milligrams, half away from zero. */
export function gramsToMg(massG: number): MassMg {
  return Math.sign(massG) * Math.round(Math.abs(massG) * 1000) || 0
}

/** Milligrams → grams, for people and for the weighing mathematics. */
export function mgToGrams(massMg: MassMg): number {
  return massMg / 1000
}
