// What a lot must be before it is believed (domain.md, Supplier → Lot → LotSource), and how its trace code (追溯码) is made.
export interface LotSourceRow {
  readonly householdCode: string
  readonly massMg?: number | undefined
  readonly units?: number | undefined
}

/** What is wrong with one row; `field` names it as a path into the request. */
export interface SourceProblem {
  readonly field: string
  readonly message: string
}

/** Most that the weighed sources of a lot may differ from what its units should weigh: drying, dirt, label mass. */
export const sourceMassTolerancePermille = 200

/**
 * Checks the household sources of a lot: one measure for all rows, no household twice, and the rows add up to the lot: units
 * exactly; mass within `sourceMassTolerancePermille` of units × label mass. Returns the first problem, naming its row.
 */
export function findSourceProblem(
  sources: readonly LotSourceRow[],
  lot: { readonly unitsReceived: number; readonly labelUnitMassMg: number },
): SourceProblem | undefined {
  const [first] = sources
  if (first === undefined) return undefined
  const isByMass = first.massMg !== undefined
  const seen = new Set<string>()
  let sum = 0
  for (const [index, source] of sources.entries()) {
    const row = `sources.${index}`
    if ((source.massMg !== undefined) !== isByMass)
      return {
        field: `${row}.${isByMass ? 'units' : 'massMg'}`,
        message: `row ${index + 1} measures otherwise than row 1`,
      }
    if (seen.has(source.householdCode))
      return {
        field: `${row}.householdCode`,
        message: `row ${index + 1} names household ${source.householdCode} again`,
      }
    seen.add(source.householdCode)
    sum += source.massMg ?? source.units ?? 0
    if (!isByMass && sum > lot.unitsReceived)
      return {
        field: `${row}.units`,
        message: `with row ${index + 1} the sources add up to ${sum} units; the lot has ${lot.unitsReceived}`,
      }
  }
  const last = sources.length - 1
  if (!isByMass && sum !== lot.unitsReceived)
    return {
      field: `sources.${last}.units`,
      message: `after row ${last + 1} the sources add up to ${sum} units; the lot has ${lot.unitsReceived}`,
    }
  const expectedMg = lot.unitsReceived * lot.labelUnitMassMg
  if (isByMass && Math.abs(sum - expectedMg) * 1000 > expectedMg * sourceMassTolerancePermille)
    return {
      field: `sources.${last}.massMg`,
      message: `after row ${last + 1} the sources weigh ${kilograms(sum)} kg; ${lot.unitsReceived} units weigh about ${kilograms(expectedMg)} kg`,
    }
  return undefined
}

function kilograms(massMg: number): string {
  return (massMg / 1_000_000).toFixed(3)
}

const dayMs = 86_400_000
/** The district's clock: UTC+8, no summer time. */
const offsetMs = 8 * 3_600_000

/** Goods are good until the end of their last day, district time. */
export function expiryOf(harvestedAtMs: number, shelfLifeDays: number): number {
  const lastDay = Math.floor((harvestedAtMs + offsetMs) / dayMs) + shelfLifeDays
  return (lastDay + 1) * dayMs - offsetMs - 1
}

/** Whole days left before the goods expire, 0 on the last day, negative after it. */
export function daysLeft(expiresAtMs: number, nowMs: number): number {
  return Math.floor((expiresAtMs + offsetMs) / dayMs) - Math.floor((nowMs + offsetMs) / dayMs)
}

/** Crockford's base 32: no I, L, O, U, so that codes survive being read out. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** Luhn mod 32 over the code: finds any single wrong character and most swapped neighbours. */
function checkCharacter(text: string): string {
  let sum = 0
  let factor = 2
  for (const character of text.split('').toReversed()) {
    const product = factor * alphabet.indexOf(character)
    sum += Math.floor(product / 32) + (product % 32)
    factor = factor === 2 ? 1 : 2
  }
  return alphabet.charAt((32 - (sum % 32)) % 32)
}

/** `HN` + harvest date + six characters of the lot's own id + a check character: HN2604120K7Q3ZX4. */
export function makeTraceCode(lotId: string, harvestedAtMs: number): string {
  const date = new Date(harvestedAtMs + offsetMs).toISOString().slice(2, 10).replaceAll('-', '')
  let bits = Number.parseInt(lotId.slice(-8), 16) >>> 2
  let tail = ''
  for (let place = 0; place < 6; place += 1) {
    tail = alphabet.charAt(bits % 32) + tail
    bits = Math.floor(bits / 32)
  }
  return `HN${date}${tail}${checkCharacter(date + tail)}`
}

/** Was this trace code copied without a mistake? */
export function isTraceCode(text: string): boolean {
  const match = /^HN(\d{6}[0-9A-HJKMNP-TV-Z]{6})([0-9A-HJKMNP-TV-Z])$/.exec(text)
  return match !== null && checkCharacter(match[1] ?? '') === match[2]
}
