import type { BenchRow } from './bench-row.ts'

/** Three significant digits, without an exponent. */
function showNumber(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value)
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))
  return value.toFixed(Math.min(digits, 6))
}

/** Whether a row meets its goal; undefined when it has none. */
export function judgeRow({ ratio, keepsLimit }: BenchRow): boolean | undefined {
  if (ratio === undefined || (ratio.atLeast === undefined && ratio.atMost === undefined)) return keepsLimit
  return ratio.value >= (ratio.atLeast ?? -Infinity) && ratio.value <= (ratio.atMost ?? Infinity)
}

function showRatio({ ratio }: BenchRow): string {
  if (ratio === undefined) return ''
  const goal =
    ratio.atLeast !== undefined
      ? ` (goal ≥ ${showNumber(ratio.atLeast)})`
      : ratio.atMost !== undefined
        ? ` (goal ≤ ${showNumber(ratio.atMost)})`
        : ''
  return `${showNumber(ratio.value)}${goal}`
}

function cellsOf(row: BenchRow): string[] {
  const isOk = judgeRow(row)
  const limit = row.limit === undefined ? '' : `${showNumber(row.limit)} ${row.unit}`
  return [
    row.name,
    `${showNumber(row.value)} ${row.unit}`,
    [limit, row.limitName ?? ''].filter((text) => text !== '').join(' · '),
    showRatio(row),
    isOk === undefined ? 'no goal' : isOk ? 'yes' : 'NO',
  ]
}

const head = ['what', 'measured', 'limit or peer', 'ratio', 'ok']

/** The table as Markdown, for the README. */
export function renderMarkdown(rows: readonly BenchRow[]): string {
  const lines = [head, head.map(() => '---'), ...rows.map((row) => cellsOf(row))]
  return lines.map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`).join('\n')
}

/** The table with aligned columns, for a terminal. */
export function renderText(rows: readonly BenchRow[]): string {
  const lines = [head, ...rows.map((row) => cellsOf(row))]
  const widths = head.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)))
  return lines
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
