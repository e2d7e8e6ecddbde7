// One cell of a CSV file as banks and spreadsheets read it, for the server's files and the pages' exports alike.

/** What spreadsheets take for the beginning of a formula (OWASP, CSV injection: the full-width signs too), or what we made of one. */
const formulaStart = /^'*[=+\-@\t\r\n＝＋－＠]/

/** An apostrophe keeps a spreadsheet from running the cell; `restoreNeutralised` takes it off again. */
export function neutralise(text: string): string {
  return formulaStart.test(text) ? `'${text}` : text
}

export function restoreNeutralised(text: string): string {
  return text.startsWith("'") && formulaStart.test(text) ? text.slice(1) : text
}

/** The cell between commas: quoted where it has to be. */
export function quoteCell(text: string): string {
  return /[",\r\n]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text
}
