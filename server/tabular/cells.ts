// Schemas of cells that many tables have: from the text of a cell to a value.
import { z } from 'zod'
import { parseYuan } from '#shared/units/fen.ts'

/** Commas go where they part thousands: `1,234.5`. Elsewhere they stay and the number is none, since `12,34` may mean 12.34. */
export function withoutGroups(text: string): string {
  const bare = text.replaceAll(/\s/g, '')
  return /^-?\d{1,3}(?:[,，]\d{3})+(?:\.\d+)?$/.test(bare) ? bare.replaceAll(/[,，]/g, '') : bare
}

/** `1234.50`, `1,234.5`, `¥12` → fen. No more than two decimals: a third would have to be rounded. */
export const yuanCell = z.string().transform((text, context) => {
  const amountFen = parseYuan(withoutGroups(text.replaceAll(/[¥￥]/g, '')))
  if (amountFen !== undefined) return amountFen
  context.addIssue({ code: 'custom', message: 'is no amount in yuan with at most two decimals' })
  return z.NEVER
})

/** Without marks a month has two digits and a day too: `2026-11` and `202611` are months and no days. */
const dateForms = [
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?$/,
  /^(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?:[T ].*)?$/,
  /^(\d{4})年(\d{1,2})月(\d{1,2})日?(?:[T ].*)?$/,
  /^(\d{4})(\d{2})(\d{2})(?:[T ].*)?$/,
]

/** `2026-11-27`, `2026/11/27`, `2026年11月27日`, `20261127` → `2026-11-27`. */
export const dateCell = z.string().transform((text, context) => {
  const found = dateForms.map((form) => form.exec(text.trim())).find((match) => match !== null)
  const [year, month, day] = (found ?? []).slice(1).map(Number)
  const at = new Date(Date.UTC(year ?? 0, (month ?? 0) - 1, day ?? 0))
  // The years 0 to 99 are taken for 1900 to 1999.
  const isReal = at.getUTCFullYear() === year && at.getUTCMonth() + 1 === month && at.getUTCDate() === day
  if (isReal) return at.toISOString().slice(0, 10)
  context.addIssue({ code: 'custom', message: 'is no date such as 2026-11-27' })
  return z.NEVER
})

export const householdCodeCell = z.string().regex(/^\d{16}$/, 'is no household code of 16 digits')

/** Kilograms with at most six decimals → mg. */
export const kilogramCell = z
  .string()
  .transform(withoutGroups)
  .pipe(z.string().regex(/^\d{1,9}(\.\d{1,6})?$/, 'is no mass in kg'))
  .transform((text) => {
    const [kilograms = '0', rest = ''] = text.split('.')
    return Number(kilograms) * 1_000_000 + Number(rest.padEnd(6, '0'))
  })

/** `106.631`, `106.631° E` within bounds in degrees → millionths of a degree. Swapped longitudes and latitudes lie outside. */
export const degreesCell = (from: number, to: number) =>
  z
    .string()
    .transform((text) => text.replaceAll(/[\s°度EN东北经纬]/g, ''))
    .pipe(z.string().regex(/^\d{1,3}(\.\d{1,12})?$/, 'is no number of degrees'))
    .transform((text) => Math.round(Number(text) * 1_000_000))
    .refine(
      (microdeg) => microdeg >= from * 1_000_000 && microdeg <= to * 1_000_000,
      `is not between ${from}° and ${to}°`,
    )
