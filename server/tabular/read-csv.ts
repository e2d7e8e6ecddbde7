// CSV → rows of text, each with the line it began on. Commas, or tabs or semicolons where the first line has no comma.
import { parse, type CsvError } from 'csv-parse'
import { decodeText } from './table-text.ts'
import type { RawCell, RawRow, RowError } from './raw-row.ts'
import { restoreNeutralised } from '#shared/tabular/csv-cell.ts'

function findDelimiter(text: string): string {
  const end = text.search(/[\r\n]/)
  const first = end === -1 ? text : text.slice(0, end)
  return [',', '\t', ';'].find((delimiter) => first.includes(delimiter)) ?? ','
}

const isFilled = ({ text }: RawCell) => text.trim() !== ''

/** `1,234.50` without quotes are two cells, of which the first would be taken for one yuan. */
const wider = (count: number, width: number) =>
  `has ${count} cells where the header has ${width}: a comma inside a value must stand in quotes`

/** Rows as they are read; an error ends them, because after a broken quote nothing can be trusted. */
export async function* readCsv(file: Uint8Array): AsyncGenerator<RawRow | RowError> {
  const text = decodeText(file)
  if (text === undefined) {
    yield { row: 1, message: 'the file is neither UTF-8 nor GB18030 text' }
    return
  }
  if (text.includes('\0')) {
    yield { row: 1, message: 'the file holds zero bytes: it is no text table (UTF-16? save it as UTF-8)' }
    return
  }
  const parser = parse(text, {
    delimiter: findDelimiter(text),
    info: true,
    relax_column_count: true,
    skip_empty_lines: false,
    bom: true,
  })
  let line = 1
  let width: number | undefined
  try {
    for await (const found of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      // `lines` counts the lines read so far; the row began on the one after the last row's end.
      const cells = found.record.map((value, column) =>
        value.startsWith('=')
          ? { column, text: value, fault: 'holds a formula' }
          : { column, text: restoreNeutralised(value) },
      )
      if (cells.some(isFilled)) {
        width ??= cells.length
        if (cells.slice(width).some(isFilled)) yield { row: line, message: wider(cells.length, width) }
        else yield { row: line, cells }
      }
      line = found.info.lines + 1
    }
  } catch (error) {
    const { lines, message } = error as CsvError & { lines?: number }
    yield { row: lines ?? line, message: `this line cannot be read: ${message}` }
  }
}
