// Keyset paging: a page's cursor is the sort key of its last row, so that pages neither skip nor repeat rows while others
// insert. Queries read one row more than the page holds, which tells whether another page follows.
import { asc, desc, sql } from 'drizzle-orm'
import type { AnyColumn, SQL } from 'drizzle-orm'
import { findJsonFault } from '#shared/contracts/json-fault.ts'
import { RefusalError } from '../errors/refusal.ts'

export type KeyPart = string | number
type Key = readonly KeyPart[]

/** What lists take: shared/contracts/http/paging.ts, PageQuery. */
export interface PageRequest {
  readonly cursor?: string | undefined
  readonly limit: number
}

/** How a list is sorted that goes by time, the newest first unless asked otherwise, or by a code or name, ascending. */
export interface TimeSorted {
  readonly order?: 'newest' | 'oldest' | undefined
}
export interface NameSorted {
  readonly order?: 'ascending' | 'descending' | undefined
}

/** What such lists take: TimedPageQuery and NamedPageQuery there. */
export interface TimedPageRequest extends PageRequest, TimeSorted {}
export interface NamedPageRequest extends PageRequest, NameSorted {}

export interface Page<TRow> {
  rows: TRow[]
  nextCursor?: string
}

/** The key a cursor carries, or undefined on the first page. A cursor that no page gave is refused with its field. */
export function keyOfCursor(cursor: string | undefined, length: number): KeyPart[] | undefined {
  if (cursor === undefined) return undefined
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    const isKey =
      Array.isArray(key) &&
      key.length === length &&
      key.every((part) => typeof part === 'string' || Number.isSafeInteger(part)) &&
      findJsonFault(key) === undefined
    if (isKey) return key as KeyPart[]
  } catch {
    // Not JSON: refused below like any other text that is no cursor.
  }
  throw foreignCursor()
}

/** What is said of a cursor that the list has not given. */
export function foreignCursor(): RefusalError {
  return new RefusalError('request.invalid', 'cursor: not a cursor of this list', { field: 'cursor' })
}

/**
 * Rows behind the key, all columns in the same direction: one comparison of rows, (a, b) > (x, y), for which both dialects go
 * down the index once. A cursor of another list is refused.
 */
export function behindKey(
  columns: readonly AnyColumn[],
  key: Key | undefined,
  direction: 'ascending' | 'descending',
): SQL | undefined {
  if (key === undefined) return undefined
  // A number where the list is sorted by text, or the other way round: PostgreSQL would not compare them.
  if (columns.some(({ dataType }, index) => dataType !== typeof key[index])) throw foreignCursor()
  return direction === 'ascending' ? sql`${rowOf(columns)} > ${rowOf(key)}` : sql`${rowOf(columns)} < ${rowOf(key)}`
}

/** Rows behind the cursor of a list by columns that grow with time. */
export function behindInTime(columns: readonly AnyColumn[], { cursor, order }: TimedPageRequest): SQL | undefined {
  return behindKey(columns, keyOfCursor(cursor, columns.length), order === 'oldest' ? 'ascending' : 'descending')
}

/** The same columns for ORDER BY. */
export function inTimeOrder(columns: readonly AnyColumn[], { order }: TimeSorted): SQL[] {
  return columns.map((column) => (order === 'oldest' ? asc(column) : desc(column)))
}

/** Rows behind the cursor of a list by codes or names. */
export function behindName(columns: readonly AnyColumn[], { cursor, order }: NamedPageRequest): SQL | undefined {
  return behindKey(columns, keyOfCursor(cursor, columns.length), order ?? 'ascending')
}

/** The same columns for ORDER BY. */
export function inNameOrder(columns: readonly AnyColumn[], { order }: NameSorted): SQL[] {
  return columns.map((column) => (order === 'descending' ? desc(column) : asc(column)))
}

/** Rows up to and including the key, in the same sense. */
export function throughKey(columns: readonly AnyColumn[], key: Key): SQL {
  return sql`${rowOf(columns)} <= ${rowOf(key)}`
}

function rowOf(parts: ReadonlyArray<AnyColumn | KeyPart>): SQL {
  return sql`(${sql.join(
    parts.map((part) => sql`${part}`),
    sql`, `,
  )})`
}

/** Cuts `limit + 1` rows read into a page. */
export function pageOfRows<TRow, TOut>(
  found: readonly TRow[],
  limit: number,
  keyOf: (row: TRow) => Key,
  show: (row: TRow) => TOut,
): Page<TOut> {
  const kept = found.slice(0, limit)
  const last = kept.at(-1)
  const page: Page<TOut> = { rows: kept.map(show) }
  if (found.length > limit && last !== undefined) {
    page.nextCursor = Buffer.from(JSON.stringify(keyOf(last)), 'utf8').toString('base64url')
  }
  return page
}
