// Bytes of a text table ↔ characters. Files come as UTF-8 with or without BOM or as GB18030; anything that is neither is an
// error, never a guess: GB18030 gives a meaning to almost every byte, so it is tried only after UTF-8 has failed.
import iconv from 'iconv-lite'

export type TextEncoding = 'utf-8-bom' | 'gb18030'

const byteOrderMark = '\u{FEFF}'

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

/** The bytes of a text, or the first character that the encoding cannot carry there and back. */
export function encodeText(text: string, encoding: TextEncoding): { bytes: Uint8Array } | { lost: string } {
  if (encoding === 'utf-8-bom') {
    // A half of a surrogate pair would become a question mark. Few texts have pairs at all, and only those are read by code points.
    const lost = /[\ud800-\udfff]/.test(text) ? /\p{Surrogate}/u.exec(text)?.[0] : undefined
    return lost === undefined ? { bytes: new TextEncoder().encode(byteOrderMark + text) } : { lost }
  }
  const bytes = new Uint8Array(iconv.encode(text, 'gb18030'))
  if (decodesTo(bytes, text)) return { bytes }
  const lost = Array.from(text).find((character) => !decodesTo(iconv.encode(character, 'gb18030'), character))
  return { lost: lost ?? text }
}

const decodesTo = (bytes: Uint8Array, text: string) => decodeGb18030(bytes) === text
