// XLSX → rows of text: the first sheet, cell by cell. What a cell shows is taken only where it is what was typed: a formula, an
// error, a merged area or a number that has lost digits is named with its cell and never read.
import { localName, openXlsx, XlsxFault, type XlsxPackage } from './xlsx-package.ts'
import type { RawCell, RawRow, RowError } from './raw-row.ts'

/** Beyond this a spreadsheet program has rounded what was typed: fifteen significant digits are all it keeps. */
const maxExactNumber = 1e15
const significantDigits = 15
/** Characters of all shared texts together; more is no table. */
const maxSharedCharacters = 64 * 1024 * 1024
/** What a text costs beside its characters: many empty ones are no table either. */
const textOverhead = 8
const maxColumns = 500
/** More than spreadsheet programs know of. */
const maxFormats = 66_000

/** Built-in formats that show a date or time (ECMA-376 part 1, 18.8.30), the Chinese ones included. */
const dateFormats = new Set([14, 15, 16, 17, 18, 19, 20, 21, 22, 45, 46, 47])
const isBuiltInDate = (id: number) => dateFormats.has(id) || (id >= 27 && id <= 36) || (id >= 50 && id <= 58)

export async function* readXlsx(file: Uint8Array): AsyncGenerator<RawRow | RowError> {
  try {
    const workbook = await openXlsx(file)
    const sheet = await findFirstSheet(workbook)
    const texts = await readSharedTexts(workbook)
    const isDateStyle = await readDateStyles(workbook)
    yield* readSheet(workbook, sheet, { texts, ...isDateStyle })
  } catch (error) {
    if (!(error instanceof XlsxFault)) throw error
    yield { row: 1, message: error.message }
  }
}

async function findFirstSheet(workbook: XlsxPackage): Promise<string> {
  let relationId: string | undefined
  await workbook.readPart('xl/workbook.xml', {
    open({ name, attributes }) {
      if (localName(name) === 'sheet') relationId ??= attributes['r:id']
    },
  })
  let target: string | undefined
  await workbook.readPart('xl/_rels/workbook.xml.rels', {
    open({ name, attributes }) {
      if (localName(name) === 'Relationship' && attributes['Id'] === relationId) target = attributes['Target']
    },
  })
  if (target === undefined) throw new XlsxFault('the workbook has no sheet')
  return target.startsWith('/') ? target.slice(1) : `xl/${target}`
}

async function readSharedTexts(workbook: XlsxPackage): Promise<string[]> {
  const texts: string[] = []
  if (!workbook.has('xl/sharedStrings.xml')) return texts
  let characters = 0
  let isText = false
  let isReading = false
  let current = ''
  await workbook.readPart('xl/sharedStrings.xml', {
    open({ name }) {
      const local = localName(name)
      if (local === 'si') current = ''
      // Beside the text stands how it is pronounced (rPh); that is not the text.
      if (local === 'rPh') isReading = true
      if (local === 't') isText = !isReading
    },
    text(text) {
      if (isText) current += text
    },
    close(name) {
      const local = localName(name)
      if (local === 't') isText = false
      if (local === 'rPh') isReading = false
      if (local !== 'si') return
      characters += current.length + textOverhead
      if (characters > maxSharedCharacters) throw new XlsxFault('the workbook holds too much text')
      texts.push(unescapeText(current))
    },
  })
  return texts
}

/** `_x000D_` is how the format writes a carriage return in a text (ECMA-376 part 1, 22.9.2.19). */
function unescapeText(text: string): string {
  return text.replaceAll(/_x([0-9A-Fa-f]{4})_/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

interface DateStyles {
  isDateStyle(style: string | undefined): boolean
  readonly isFrom1904: boolean
}

async function readDateStyles(workbook: XlsxPackage): Promise<DateStyles> {
  let isFrom1904 = false
  await workbook.readPart('xl/workbook.xml', {
    open({ name, attributes }) {
      if (localName(name) === 'workbookPr') isFrom1904 = ['1', 'true'].includes(attributes['date1904'] ?? '')
    },
  })
  const custom = new Map<number, string>()
  const styles: number[] = []
  let isCellFormats = false
  if (workbook.has('xl/styles.xml')) {
    await workbook.readPart('xl/styles.xml', {
      open({ name, attributes }) {
        const local = localName(name)
        if (local === 'numFmt') custom.set(Number(attributes['numFmtId']), attributes['formatCode'] ?? '')
        if (local === 'cellXfs') isCellFormats = true
        if (local === 'xf' && isCellFormats) styles.push(Number(attributes['numFmtId'] ?? 0))
        if (custom.size + styles.length > maxFormats) throw new XlsxFault('the workbook holds too many formats')
      },
      close(name) {
        if (localName(name) === 'cellXfs') isCellFormats = false
      },
    })
  }
  const isDate = (id: number) => {
    const code = custom.get(id)
    if (code === undefined) return isBuiltInDate(id)
    return /[ymdh]/i.test(code.replaceAll(/"[^"]*"|\[[^\]]*\]|\\./g, ''))
  }
  return { isFrom1904, isDateStyle: (style) => style !== undefined && isDate(styles[Number(style)] ?? 0) }
}

interface SheetFacts extends DateStyles {
  readonly texts: readonly string[]
}

interface OpenCell {
  readonly name: string
  readonly type: string
  readonly style: string | undefined
  hasFormula: boolean
  value: string
}

/** The column of a cell's name, from 0; undefined when the name has none. */
export function columnOf(name: string): number | undefined {
  const letters = /^[A-Z]{1,3}/.exec(name)?.[0]
  if (letters === undefined) return undefined
  let column = 0
  for (const letter of letters) column = column * 26 + (letter.charCodeAt(0) - 64)
  return column - 1
}

/** Row by row as they are taken, so that a sheet without end is never held whole. */
async function* readSheet(
  workbook: XlsxPackage,
  part: string,
  facts: SheetFacts,
): AsyncGenerator<RawRow | RowError, void, undefined> {
  const found: Array<RawRow | RowError> = []
  let row = 0
  let cells: RawCell[] = []
  let cell: OpenCell | undefined
  let isValue = false
  let isReading = false
  const walk = workbook.walkPart(part, {
    open({ name, attributes }) {
      const local = localName(name)
      if (local === 'row') {
        const number = attributes['r'] ?? String(row + 1)
        if (!(Number.isSafeInteger(Number(number)) && Number(number) > row))
          throw new XlsxFault(`the sheet’s row ${number} is out of order`)
        row = Number(number)
        cells = []
      } else if (local === 'c') {
        const [type, style] = [attributes['t'] ?? 'n', attributes['s']]
        cell = { name: attributes['r'] ?? '', type, style, hasFormula: false, value: '' }
      } else if (local === 'f' && cell !== undefined) cell.hasFormula = true
      else if (local === 'rPh') isReading = true
      else if (local === 'v' || local === 't') isValue = cell !== undefined && !isReading
      else if (local === 'mergeCell') found.push(mergedError(attributes['ref'] ?? ''))
    },
    text(text) {
      if (isValue && cell !== undefined) cell.value += text
    },
    close(name) {
      const local = localName(name)
      if (local === 'v' || local === 't') isValue = false
      else if (local === 'rPh') isReading = false
      else if (local === 'c' && cell !== undefined) {
        const column = columnOf(cell.name) ?? (cells.at(-1)?.column ?? -1) + 1
        if (column < maxColumns && cells.length < maxColumns) cells.push({ column, ...readCell(cell, facts) })
        cell = undefined
      } else if (local === 'row' && cells.some(({ text, fault }) => text.trim() !== '' || fault !== undefined)) {
        found.push({ row, cells })
      }
    },
  })
  for await (const _ of walk) yield* found.splice(0)
  yield* found
}

function mergedError(area: string): RowError {
  const row = Number(/\d+/.exec(area)?.[0] ?? 1)
  return { row, column: area, message: `the cells ${area} are merged: part them, and fill each one` }
}

function readCell(cell: OpenCell, facts: SheetFacts): { text: string; fault?: string } {
  const { name, type, value, style } = cell
  if (cell.hasFormula) return { text: '', fault: `cell ${name} holds a formula: paste its value instead` }
  if (type === 's') {
    const text = facts.texts[Number(value)]
    return text === undefined
      ? { text: '', fault: `cell ${name} names a text that the workbook does not hold` }
      : { text }
  }
  if (type === 'inlineStr' || type === 'str') return { text: unescapeText(value) }
  if (type === 'b') return { text: value === '1' ? 'TRUE' : 'FALSE' }
  if (type === 'd') return { text: value }
  if (type === 'e') return { text: '', fault: `cell ${name} holds the error ${value}` }
  if (value === '') return { text: '' }
  const number = Number(value)
  if (!Number.isFinite(number)) return { text: '', fault: `cell ${name} holds “${value}”, which is no number` }
  if (facts.isDateStyle(style)) return { text: dateText(number, facts.isFrom1904) }
  if (Math.abs(number) >= maxExactNumber)
    return {
      text: '',
      fault: `cell ${name} holds a number of more than 15 digits, which has lost its last ones: enter it as text`,
    }
  // 12.8 is stored as 12.800000000000001 by some programs; fifteen digits are what was typed.
  return { text: String(Number(number.toPrecision(significantDigits))) }
}

const dayMs = 86_400_000

/** Days since the workbook's day 0 → `2026-11-27`, with the time when there is one. */
function dateText(serial: number, isFrom1904: boolean): string {
  // The 1900 calendar counts a 29 February that never was; from March 1900 on its day 0 is 30 December 1899.
  const dayZero = isFrom1904 ? Date.UTC(1904, 0, 1) : Date.UTC(1899, 11, 30)
  const at = new Date(dayZero + Math.round(serial * dayMs))
  if (Number.isNaN(at.getTime())) return String(serial)
  const iso = at.toISOString()
  return Number.isInteger(serial) ? iso.slice(0, 10) : iso.slice(0, 19)
}
