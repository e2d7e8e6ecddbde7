// An XLSX file is a zip of XML parts. Parts are inflated as streams under hard limits, so that a zip bomb costs nothing, and
// parsed as they come; entities of their own (the XML bomb) are not known to the parser.
import type { Readable } from 'node:stream'
import { SaxesParser, type SaxesTagPlain } from 'saxes'
import { fromBuffer, type Entry, type ZipFile } from 'yauzl'

/** Of one part, inflated. A sheet of a million rows has less. */
const maxPartBytes = 256 * 1024 * 1024
const maxEntries = 2_000
/** Spreadsheets compress 5 to 20 times; a bomb a thousand times. Small parts may compress well by chance. */
const maxRatio = 200
const ratioFromBytes = 8 * 1024 * 1024

/** The file is not what it seems; the message says how, for people. */
export class XlsxFault extends Error {
  override readonly name = 'XlsxFault'
}

export interface XlsxPackage {
  has(name: string): boolean
  /** Calls for every tag and text of a part, in order. */
  readPart(name: string, handlers: PartHandlers): Promise<void>
  /** The same, with a stop now and then at which its reader takes what was found, and wants no more of it where it has enough. */
  walkPart(name: string, handlers: PartHandlers): AsyncGenerator<void, void, undefined>
}

export interface PartHandlers {
  open?(tag: SaxesTagPlain): void
  text?(text: string): void
  close?(name: string): void
}

export async function openXlsx(file: Uint8Array): Promise<XlsxPackage> {
  const zip = await openZip(file)
  const entries = await listEntries(zip)
  const walkPart: XlsxPackage['walkPart'] = async function* (name, handlers) {
    const entry = entries.get(name)
    if (entry === undefined) throw new XlsxFault(`the workbook has no part ${name}`)
    refuseBomb(entry)
    yield* parsePart(await openEntry(zip, entry), name, handlers)
  }
  return {
    has: (name) => entries.has(name),
    walkPart,
    async readPart(name, handlers) {
      for await (const _ of walkPart(name, handlers));
    },
  }
}

function openZip(file: Uint8Array): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength)
    fromBuffer(bytes, { lazyEntries: true, autoClose: false, validateEntrySizes: true }, (error, zip) => {
      if (error === null) resolve(zip)
      else reject(new XlsxFault(`the workbook is broken or was cut short: ${error.message}`))
    })
  })
}

function listEntries(zip: ZipFile): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>()
  return new Promise((resolve, reject) => {
    zip.on('entry', (entry: Entry) => {
      entries.set(entry.fileName, entry)
      if (entries.size > maxEntries) reject(new XlsxFault(`the workbook has more than ${maxEntries} parts`))
      else zip.readEntry()
    })
    zip.on('end', () => resolve(entries))
    zip.on('error', (error: Error) => reject(new XlsxFault(`the workbook is broken: ${error.message}`)))
    zip.readEntry()
  })
}

function refuseBomb({ fileName, compressedSize, uncompressedSize }: Entry): void {
  const isDense = uncompressedSize > ratioFromBytes && uncompressedSize > compressedSize * maxRatio
  if (uncompressedSize > maxPartBytes || isDense)
    throw new XlsxFault(`the part ${fileName} would grow to ${uncompressedSize} bytes: that is no table`)
}

function openEntry(zip: ZipFile, entry: Entry): Promise<Readable> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => {
      if (error === null) resolve(stream)
      else reject(new XlsxFault(`the part ${entry.fileName} cannot be read: ${error.message}`))
    })
  })
}

async function* parsePart(
  stream: Readable,
  name: string,
  handlers: PartHandlers,
): AsyncGenerator<void, void, undefined> {
  const parser = new SaxesParser()
  const fail = (error: unknown) =>
    error instanceof XlsxFault ? error : new XlsxFault(`the part ${name} is broken: ${(error as Error).message}`)
  // A document type could only hide things: no spreadsheet program writes one.
  parser.on('doctype', () => {
    throw new XlsxFault(`the part ${name} declares a document type`)
  })
  parser.on('error', (error) => {
    throw fail(error)
  })
  parser.on('opentag', (tag) => handlers.open?.(tag))
  parser.on('text', (text) => handlers.text?.(text))
  parser.on('closetag', (tag) => handlers.close?.(tag.name))
  try {
    stream.setEncoding('utf8')
    for await (const chunk of stream) {
      parser.write(chunk as string)
      yield
    }
    parser.close()
  } catch (error) {
    throw fail(error)
  }
}

/** A tag's name without its namespace prefix. */
export function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}
