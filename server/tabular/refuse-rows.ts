// What readers of tables found wrong, as the refusal of the whole file: a problem that names each row and column.
import { RefusalError } from '../errors/refusal.ts'
import type { RowError } from './raw-row.ts'

/** Most errors that one refusal names. */
const maxErrors = 200

/** Refuses with tabular.invalid unless there are no errors; `rows.3.金额` is the column 金额 of the file's third row. */
export function refuseRows(errors: readonly RowError[]): void {
  const fields = errors.slice(0, maxErrors).map(({ row, column, message }) => ({
    field: column === undefined ? `rows.${row}` : `rows.${row}.${column}`,
    message,
  }))
  const [first] = fields
  if (first === undefined) return
  throw new RefusalError('tabular.invalid', `${first.field}: ${first.message}`, { field: first.field, errors: fields })
}
