// A list as a CSV file: every row that the filters leave, fetched page by page as the table itself does, so that
// the file holds what the list shows and nothing that its reader may not see.
import { neutralise, quoteCell } from '#shared/tabular/csv-cell.ts'
import { delay, type Clock } from '#shared/time/clock.ts'
import { CallError } from '../common/http/call-error.ts'
import type { FetchPage, Page } from './use-pages.ts'

/** A column of an exported list; `of` gives the text of its cell. */
export interface ExportColumn<T> {
  readonly title: string
  readonly of: (row: T) => string | number | undefined
}

/** More rows than this no spreadsheet holds. */
const maxRows = 1_000_000

/** The file's text: UTF-8 with a byte order mark, which is how spreadsheets know Chinese. Numbers stay numbers. */
export function writeCsvText<T>(columns: readonly ExportColumn<T>[], rows: readonly T[]): string {
  const cell = (value: string | number | undefined) =>
    typeof value === 'number' ? String(value) : quoteCell(neutralise(value ?? ''))
  const lines = rows.map((row) => columns.map((column) => cell(column.of(row))).join(','))
  return `\ufeff${[columns.map(({ title }) => quoteCell(title)).join(','), ...lines, ''].join('\r\n')}`
}

const pageLimit = 200
const pauseMs = 3_000
const maxPauses = 20

export interface FetchAllOptions {
  readonly clock: Clock
  /** Told how many rows there are so far. */
  readonly onProgress: (rows: number) => void
  /** Aborted: its reason is thrown. */
  readonly signal: AbortSignal
}

/** All rows of a paged list. A server that is busy, or that limits how often one asks, is asked again after a pause. */
export async function fetchAllRows<T>(
  fetchPage: FetchPage<T>,
  { clock, onProgress, signal }: FetchAllOptions,
): Promise<T[]> {
  async function fetchPatiently(cursor: string | undefined): Promise<Page<T>> {
    for (let pauses = 0; ; pauses += 1) {
      signal.throwIfAborted()
      try {
        return await fetchPage({ limit: pageLimit, ...(cursor === undefined ? {} : { cursor }) })
      } catch (error) {
        if (!(error instanceof CallError) || !error.isRetryable || pauses === maxPauses) throw error
        await delay(clock, pauseMs, signal)
      }
    }
  }
  const all: T[] = []
  let cursor: string | undefined
  do {
    const page = await fetchPatiently(cursor)
    all.push(...page.rows)
    cursor = page.nextCursor
    onProgress(all.length)
  } while (cursor !== undefined && all.length < maxRows)
  return all
}
