// What readers of tables found wrong, as the refusal of the whole file: a problem that names each row and column.
import { InvalidRequestError } from '../http/problem.ts'
import type { RowError } from './raw-row.ts'

/** Refuses unless there are no errors; `rows.3.金额` is the column 金额 of the file's third row. */
export function refuseRows(errors: readonly RowError[]): void {
  if (errors.length === 0) return
  const fieldOf = ({ row, column }: RowError) => (column === undefined ? `rows.${row}` : `rows.${row}.${column}`)
  throw new InvalidRequestError(errors.map((error) => ({ field: fieldOf(error), message: error.message })))
}
