// CSV as banks and spreadsheets read it: CRLF, quoted where needed, the same bytes for the same rows. What does not survive the
// encoding is refused, so that no name is ever paid under question marks.
import { neutralise, quoteCell } from '#shared/tabular/csv-cell.ts'
import { RefusalError } from '../errors/refusal.ts'
import { encodeLines, encodeText, type TextEncoding } from './table-text.ts'

export interface WrittenColumn {
  readonly name: string
  /** Texts that people typed are kept from being run as formulas; default true. False for amounts and codes of our own. */
  readonly isFromUsers?: boolean
}

/** Refuses with `tabular.not_encodable`, naming the row (the header is row 1) and the text. */
export function writeCsv(
  columns: readonly WrittenColumn[],
  rows: ReadonlyArray<readonly string[]>,
  { encoding }: { readonly encoding: TextEncoding },
): Uint8Array {
  const header = columns.map((column) => quoteCell(column.name))
  const whole = encodeLines([header.join(','), ...linesOf(columns, rows)], encoding)
  if ('bytes' in whole) return whole.bytes
  for (const [index, row] of [columns.map((column) => column.name), ...rows].entries()) {
    for (const text of row) refuseUnencodable(text, index + 1, encoding)
  }
  throw new RefusalError('tabular.not_encodable')
}

/** More rows of a UTF-8 file that `writeCsv` began, for one that is made while it is sent. */
export function writeMoreCsv(columns: readonly WrittenColumn[], rows: ReadonlyArray<readonly string[]>): Uint8Array {
  return new TextEncoder().encode(
    linesOf(columns, rows)
      .map((line) => `${line}\r\n`)
      .join(''),
  )
}

function linesOf(columns: readonly WrittenColumn[], rows: ReadonlyArray<readonly string[]>): string[] {
  const cellOf = columns.map(({ isFromUsers }) => cellWriter(isFromUsers !== false))
  return rows.map((row) => row.map((text, at) => cellOf[at]?.(text) ?? quoteCell(neutralise(text))).join(','))
}

/** Writes the cells of a column. Many columns say the same in row after row, which is then quoted once. */
function cellWriter(isFromUsers: boolean): (text: string) => string {
  let last = ''
  let cell = ''
  return (text) => {
    if (text === last) return cell
    last = text
    cell = quoteCell(isFromUsers ? neutralise(text) : text)
    return cell
  }
}

/** Refuses a text that the encoding cannot carry, naming the row and the text. */
export function refuseUnencodable(text: string, row: number, encoding: TextEncoding): void {
  const encoded = encodeText(text, encoding)
  if ('bytes' in encoded) return
  throw new RefusalError(
    'tabular.not_encodable',
    `row ${row}: “${text}” has a character that ${encoding} cannot carry: ${encoded.lost}`,
    { field: `rows.${row}`, facts: { row, text } },
  )
}
