// Bytes of a text table ↔ characters. Files come as UTF-8 with or without BOM or as GB18030; anything that is neither is an
// error, never a guess: GB18030 gives a meaning to almost every byte, so it is tried only after UTF-8 has failed.
import iconv from 'iconv-lite'

export type TextEncoding = 'utf-8-bom' | 'gb18030'

const byteOrderMark = '\u{FEFF}'
const lineEnd = '\r\n'

/**
 * The text of a file; undefined when it is in none of the encodings. The BOM is taken off. UTF-8 that ends inside a character was cut
 * short, and is no GB18030 though its bytes may have a meaning there.
 */
export function decodeText(bytes: Uint8Array): string | undefined {
  const utf8 = new TextDecoder('utf-8', { fatal: true })
  let text: string
  try {
    text = utf8.decode(bytes, { stream: true })
  } catch {
    return decodeGb18030(bytes)
  }
  try {
    return text + utf8.decode()
  } catch {
    return undefined
  }
}

function decodeGb18030(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('gb18030', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

type Encoded = { readonly bytes: Uint8Array } | { readonly lost: string }

/** The bytes of a text, or the first character that the encoding cannot carry there and back. */
export function encodeText(text: string, encoding: TextEncoding): Encoded {
  if (encoding === 'utf-8-bom') {
    const lost = lostInUtf8(text)
    return lost === undefined ? { bytes: new TextEncoder().encode(byteOrderMark + text) } : { lost }
  }
  const bytes = new Uint8Array(iconv.encode(text, 'gb18030'))
  if (decodesTo(bytes, text)) return { bytes }
  const lost = Array.from(text).find((character) => !decodesTo(iconv.encode(character, 'gb18030'), character))
  return { lost: lost ?? text }
}

/**
 * The same of lines, each of which ends with CRLF. UTF-8 is written line by line: to put a text of a megabyte together first takes
 * several times as long as to encode it.
 */
export function encodeLines(lines: readonly string[], encoding: TextEncoding): Encoded {
  if (encoding !== 'utf-8-bom') return encodeText([...lines, ''].join(lineEnd), encoding)
  const whole = lines.find((line) => lostInUtf8(line) !== undefined)
  if (whole !== undefined) return { lost: lostInUtf8(whole) ?? whole }
  const encoder = new TextEncoder()
  const start = encoder.encode(byteOrderMark)
  const end = encoder.encode(lineEnd)
  const bytes = new Uint8Array(
    lines.reduce((sum, line) => sum + Buffer.byteLength(line) + end.byteLength, start.byteLength),
  )
  bytes.set(start)
  let at = start.byteLength
  for (const line of lines) {
    at += encoder.encodeInto(line, bytes.subarray(at)).written
    bytes.set(end, at)
    at += end.byteLength
  }
  return { bytes }
}

/** A half of a surrogate pair would become a question mark. Few texts have pairs at all, and only those are read by code points. */
const lostInUtf8 = (text: string): string | undefined =>
  /[\ud800-\udfff]/.test(text) ? /\p{Surrogate}/u.exec(text)?.[0] : undefined

const decodesTo = (bytes: Uint8Array, text: string) => decodeGb18030(bytes) === text
