// Days as the district reckons them (UTC+8, no summer time): what people write on statements and journals.

const dayMs = 86_400_000
const districtOffsetMs = 8 * 3_600_000

/** `2026-11-27`, the district's day of an instant. */
export function dayOf(atMs: number): string {
  return new Date(atMs + districtOffsetMs).toISOString().slice(0, 10)
}

/** `2026-11-27 09:05:11`, the district's time of an instant. */
export function timeOf(atMs: number): string {
  return new Date(atMs + districtOffsetMs).toISOString().slice(0, 19).replace('T', ' ')
}

/** The first and last instant of a district's day; undefined when the text is no such day. */
export function spanOfDay(day: string): { readonly firstMs: number; readonly lastMs: number } | undefined {
  const startMs = /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN
  if (Number.isNaN(startMs)) return undefined
  return { firstMs: startMs - districtOffsetMs, lastMs: startMs - districtOffsetMs + dayMs - 1 }
}
