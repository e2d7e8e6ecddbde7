// Looks for phone, identity and bank numbers in what leaves the product (domain.md, payout and disclosure): runs of 11, of 15 and of
// 17 digits and more, and of 16 that are no household's code. What is no text of a person (ids, hashes, tokens, instants, amounts
// and masses, which are JSON numbers) is told by its form and by its field's name.

export interface FoundNumber {
  /** Path in the document, or the text around it. */
  readonly where: string
  readonly digits: string
}

/** Ids, hashes, signatures and tokens: nobody's number, whatever digits stand in a row. */
const idForms = [
  /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi,
  /(?<![\w-])(?=\d*[a-z])[0-9a-f]{32,}(?![\w-])/gi,
  /(?<![\w-])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[\w-]{22,}(?:[.=][\w-]*)*/g,
]
/** Cleared of hyphens and spaces, which do not make a number another one. */
const run = /(?<!\d)\d(?:[ -]?\d){10,}(?!\d)/g
const householdCode = /^50\d{14}$/
/** Checks of numbers name the highest there is; a chain of hashes begins with zeros. */
const highest = String(Number.MAX_SAFE_INTEGER)
/** 13 digits are an instant, 12 a village's code or a bank's, 14 nobody's number. */
const isTelling = (digits: string): boolean =>
  digits !== highest &&
  !/^0+$/.test(digits) &&
  (digits.length === 11 || digits.length === 15 || (digits.length >= 16 && !householdCode.test(digits)))
/** Amounts, masses and instants are integers with their unit in the field's name. */
const unitName = /(Fen|Mg|Ms|Bp|Count|version|seq)$/i

/** In a text. */
export function findNumbersInText(text: string, where = ''): FoundNumber[] {
  const readable = idForms.reduce((rest, form) => rest.replaceAll(form, '#'), text)
  const found: FoundNumber[] = []
  for (const match of readable.matchAll(run)) {
    // A date with its time reads as a run of digits otherwise.
    const parts = match[0].split(/[ -]/)
    const candidates = parts.length > 1 && !parts.every((part) => part.length === 4) ? parts : [parts.join('')]
    for (const digits of candidates) {
      const around = readable.slice(Math.max(0, match.index - 30), match.index + match[0].length + 10)
      if (isTelling(digits)) found.push({ where: where === '' ? around : where, digits })
    }
  }
  return found
}

/** In anything that was JSON: each text by itself, names of fields too. */
export function findNumbers(value: unknown, where = '$'): FoundNumber[] {
  if (typeof value === 'string') return findNumbersInText(value, where)
  if (typeof value === 'number') {
    const name = where.slice(where.lastIndexOf('.') + 1)
    return unitName.test(name) ? [] : findNumbersInText(String(value), where)
  }
  if (Array.isArray(value)) return value.flatMap((item, index) => findNumbers(item, `${where}.${index}`))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, item]) => [
    ...findNumbersInText(name, `${where}.${name}`),
    ...findNumbers(item, `${where}.${name}`),
  ])
}

/** In log lines: JSON where a line is JSON. */
export function findNumbersInLog(log: string): FoundNumber[] {
  return log.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return findNumbersInText(line)
    try {
      return findNumbers(JSON.parse(line), `log ${line.slice(0, 60)}`)
    } catch {
      return findNumbersInText(line)
    }
  })
}
