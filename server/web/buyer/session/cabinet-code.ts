/**
 * Reads a cabinet's code out of what was scanned or typed: an address ending in /c/YB-0001, the code itself, or a
 * careless form of it (lower case, full width, no dash, short number). Undefined when it is none.
 */
export function readCabinetCode(text: string): string | undefined {
  const plain = text.normalize('NFKC').trim()
  const fromAddress = /\/c\/([A-Za-z]{2}-\d{4,6})(?:[/?#]|$)/.exec(plain)?.[1]
  if (fromAddress !== undefined) return fromAddress.toUpperCase()
  const typed = /^([A-Za-z]{2})[\s\-–—_]*(\d{1,6})$/.exec(plain)
  if (typed === null) return undefined
  const [, letters = '', digits = ''] = typed
  return `${letters.toUpperCase()}-${digits.padStart(4, '0')}`
}
