// Masks what may be somebody's number in a text on its way out: a phone number (11 digits), an identity number (15 or 18), a bank
// account (15 and more). Answers and log lines go through here as the last of several nets; what is meant to be shown (ids, instants,
// household codes) has another form or length. Everything here is pure.

/** Full-width ones too, which Chinese keyboards write as easily. */
const digit = '[0-9０-９]'
const gap = '[ \u3000\\-－]'
/** Alone, not part of an id or a hash; grouped as on a card or in one. */
const longRun = new RegExp(`(?<![\\w.０-９])${digit}(?:${gap}?${digit}){9,}${digit}[XxＸｘ]?(?![\\w０-９])`, 'g')
const group = new RegExp(`${digit}+[XxＸｘ]?`, 'g')
/** 50 is Chongqing in the codes of the country's statistics; no bank's numbers begin so. */
const householdCode = /^50\d{14}$/
/** Checks of numbers name it as the highest there is. */
const highest = String(Number.MAX_SAFE_INTEGER)

const isTelling = (digits: string) =>
  digits.length === 11 || (digits.length >= 15 && !householdCode.test(digits) && digits !== highest)

/** As it is typed on a plain keyboard. */
const foldWidth = (text: string) =>
  text.replaceAll(/[\u3000－０-９Ｘｘ]/g, (sign) =>
    sign === '\u3000' ? ' ' : String.fromCharCode(sign.charCodeAt(0) - 0xfee0),
  )

/** `138****1234` of a phone number, of the others the last four. */
export function maskNumbers(text: string): string {
  return text.replaceAll(longRun, (run) => {
    const plain = foldWidth(run)
    const digits = plain.replaceAll(/[ -]/g, '')
    // Groups of other lengths are dates, times or a batch number, each to be looked at by itself.
    if (digits !== plain && !/^\d{3,4}([ -]\d{4})+([ -]\d{1,3})?$/.test(plain))
      return run.replaceAll(group, (part) => maskOne(foldWidth(part), part))
    return maskOne(digits, run)
  })
}

/** The run as it stands where its digits tell nothing. */
function maskOne(digits: string, run: string): string {
  if (!isTelling(digits)) return run
  return digits.length === 11 ? `${digits.slice(0, 3)}****${digits.slice(-4)}` : `****${digits.slice(-4)}`
}

/** Fields that hold what people wrote. */
const writtenName =
  /^(raisedBy|why|what|text|evidence|specialty)$|((head|product|buyer|payer|unit)Name|note|reason|memo|explanation|title|detail|topic|comment|description|summary)$/i

/**
 * The same document with the numbers masked in whatever people wrote, as its field's name tells. What is kept since a time when such
 * texts were not looked at leaves like this too; codes, ids and references have other names and stay.
 */
export function maskWritten<T>(value: T, isWritten = false): T {
  if (typeof value === 'string') return (isWritten ? maskNumbers(value) : value) as T
  if (Array.isArray(value)) return value.map((item: unknown) => maskWritten(item, isWritten)) as T
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, maskWritten<unknown>(item, writtenName.test(name))]),
  ) as T
}

/** The texts of a JSON document, its form and its numbers left alone. */
export function maskNumbersInJson(json: string): string {
  return json.replaceAll(/"(?:[^"\\]|\\.)*"/g, maskNumbers)
}
