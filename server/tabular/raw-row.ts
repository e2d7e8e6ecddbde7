// What the readers of both formats hand to the table: cells of text as they stand in the file.

export interface RawCell {
  /** From 0. */
  readonly column: number
  readonly text: string
  /** Why its content cannot be believed, in words that follow the cell's name. */
  readonly fault?: string
}

export interface RawRow {
  /** As a person sees it in the file; the first is 1. */
  readonly row: number
  readonly cells: readonly RawCell[]
}

export interface RowError {
  /** As in the file; the header is row 1. */
  readonly row: number
  /** The header of the column, or the cell's name. */
  readonly column?: string
  readonly message: string
}
