/**
 * Where a key leads in a grid that is filled row by row; undefined for keys that move nothing. At an edge one stays, so
 * that nobody is carried to another row unawares.
 */
export function moveInGrid(
  key: string,
  { at, columns, count }: { readonly at: number; readonly columns: number; readonly count: number },
): number | undefined {
  const rowStart = at - (at % columns)
  const targets: Record<string, number> = {
    ArrowLeft: Math.max(rowStart, at - 1),
    ArrowRight: Math.min(rowStart + columns - 1, count - 1, at + 1),
    ArrowUp: at - columns < 0 ? at : at - columns,
    ArrowDown: at + columns >= count ? at : at + columns,
    Home: 0,
    End: count - 1,
    PageUp: Math.max(at % columns, at - 5 * columns),
    PageDown: Math.min(at + 5 * columns, lastInColumn(at % columns, columns, count)),
  }
  return count === 0 ? undefined : targets[key]
}

function lastInColumn(column: number, columns: number, count: number): number {
  const lastRow = Math.floor((count - 1) / columns)
  const last = lastRow * columns + column
  return last < count ? last : last - columns
}
