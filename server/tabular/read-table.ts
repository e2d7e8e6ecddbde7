// A table somebody uploads: CSV or XLSX, told by its content and not by its name, with headers in Chinese or English. Every
// row that is wrong is named with its row and column; a caller that finds errors imports nothing. Nothing thrown gets out.
import type { z } from 'zod'
import type { RawCell, RawRow, RowError } from './raw-row.ts'
import { readCsv } from './read-csv.ts'
import { readXlsx } from './read-xlsx.ts'

export type { RowError } from './raw-row.ts'

export interface TableColumn {
  /** Headers it may stand under; the first is the one errors name. */
  readonly names: readonly string[]
  /** From the cell's text; an empty cell of an optional column is undefined. */
  readonly schema: z.ZodType
  readonly isOptional?: boolean
  /** What a cell of it may hold, for those who make the table. */
  readonly example?: string
}

export type TableColumns = Readonly<Record<string, TableColumn>>

export interface TableRow<C extends TableColumns> {
  readonly row: number
  readonly values: { readonly [K in keyof C]: z.output<C[K]['schema']> }
}

export interface TableLimits {
  readonly maxRows?: number
  readonly maxBytes?: number
}

/** After this many nobody reads on. */
const maxErrors = 200
const defaultMaxRows = 100_000
const defaultMaxBytes = 50 * 1024 * 1024

export interface ReadTable<C extends TableColumns> {
  readonly rows: ReadonlyArray<TableRow<C>>
  /** At most 200; the first ones. Not empty: import nothing. */
  readonly errors: readonly RowError[]
}

export async function readTable<C extends TableColumns>(
  file: Uint8Array,
  columns: C,
  limits: TableLimits = {},
): Promise<ReadTable<C>> {
  const { maxRows = defaultMaxRows, maxBytes = defaultMaxBytes } = limits
  const errors: RowError[] = []
  const rows: Array<TableRow<C>> = []
  const fail = (error: RowError) => {
    if (errors.length < maxErrors) errors.push(error)
  }
  let header: HeaderMap<C> | undefined
  for await (const found of openTable(file, maxBytes)) {
    if (!('cells' in found)) fail(found)
    else if (header === undefined) {
      header = readHeader(found, columns, fail)
      if (header === undefined) break
    } else if (rows.length >= maxRows) {
      fail({ row: found.row, message: `the table has more than ${maxRows} rows` })
      break
    } else {
      const values = readValues(found, header, columns, fail)
      if (values !== undefined) rows.push({ row: found.row, values })
    }
  }
  if (header === undefined && errors.length === 0) fail({ row: 1, message: 'the file holds no table' })
  if (header !== undefined && rows.length === 0 && errors.length === 0)
    fail({ row: 2, message: 'the table has no row below its header' })
  return { rows, errors }
}

const startsWith = (file: Uint8Array, bytes: readonly number[]) => bytes.every((byte, at) => file[at] === byte)

async function* openTable(file: Uint8Array, maxBytes: number): AsyncGenerator<RawRow | RowError> {
  if (file.length > maxBytes) {
    yield { row: 1, message: `the file has ${file.length} bytes; ${maxBytes} are the most` }
  } else if (startsWith(file, [0x50, 0x4b])) {
    yield* readXlsx(file)
  } else if (startsWith(file, [0xd0, 0xcf, 0x11, 0xe0])) {
    yield { row: 1, message: 'the file is an old or a protected workbook: save it as .xlsx without a password' }
  } else {
    yield* readCsv(file)
  }
}

type HeaderMap<C extends TableColumns> = ReadonlyMap<keyof C & string, number>

const foldName = (name: string) => name.replaceAll(/\s+/g, '').toLowerCase()

function readHeader<C extends TableColumns>(
  { row, cells }: RawRow,
  columns: C,
  fail: (error: RowError) => void,
): HeaderMap<C> | undefined {
  const places = new Map<string, number[]>()
  for (const { text, column } of cells) places.set(foldName(text), [...(places.get(foldName(text)) ?? []), column])
  const header = new Map<keyof C & string, number>()
  let isWhole = true
  for (const [key, { names, isOptional = false }] of Object.entries(columns)) {
    const found = names.flatMap((name) => places.get(foldName(name)) ?? [])
    const [place] = found
    if (found.length > 1) fail({ row, column: names[0] ?? key, message: 'the column stands in the table twice' })
    else if (place === undefined && !isOptional)
      fail({ row, column: names[0] ?? key, message: `the column is missing; it may be called ${names.join(', ')}` })
    if (found.length > 1 || (place === undefined && !isOptional)) isWhole = false
    else if (place !== undefined) header.set(key, place)
  }
  return isWhole ? header : undefined
}

function readValues<C extends TableColumns>(
  { row, cells }: RawRow,
  header: HeaderMap<C>,
  columns: C,
  fail: (error: RowError) => void,
): TableRow<C>['values'] | undefined {
  const byColumn = new Map<number, RawCell>(cells.map((cell) => [cell.column, cell]))
  const values: Record<string, unknown> = {}
  let isWhole = true
  for (const [key, { names, schema, isOptional = false }] of Object.entries(columns)) {
    const place = header.get(key)
    const cell = place === undefined ? undefined : byColumn.get(place)
    const text = cell?.text.trim() ?? ''
    const column = names[0] ?? key
    if (cell?.fault !== undefined) {
      fail({ row, column, message: cell.fault })
      isWhole = false
      continue
    }
    if (text === '' && isOptional) {
      values[key] = undefined
      continue
    }
    const parsed = schema.safeParse(text)
    if (parsed.success) values[key] = parsed.data
    else {
      const [issue] = parsed.error.issues
      fail({ row, column, message: text === '' ? 'is empty' : `“${text.slice(0, 60)}”: ${issue?.message ?? 'wrong'}` })
      isWhole = false
    }
  }
  return isWhole ? (values as TableRow<C>['values']) : undefined
}
