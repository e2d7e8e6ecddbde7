// The scales' record of a session (traces/FORMAT.md), for drawing: what each lane showed, and when the door moved.
import { gunzipSync, strFromU8 } from 'fflate'
import { z } from 'zod'

const Header = z.object({
  type: z.literal('trace'),
  lanes: z
    .array(z.object({ lane: z.string(), sku: z.string() }))
    .min(1)
    .max(99),
})
const Line = z.union([
  z.object({ t: z.number(), w: z.array(z.number().nullable()) }),
  z.object({ t: z.number(), door: z.enum(['open', 'closed']) }),
])

export interface Trace {
  readonly lanes: ReadonlyArray<{
    readonly laneId: string
    readonly skuId: string
    /** Instant in the record's own ms, and grams; null where a frame was lost. */
    readonly points: ReadonlyArray<readonly [atMs: number, grams: number | null]>
  }>
  readonly doors: ReadonlyArray<{ readonly atMs: number; readonly state: 'open' | 'closed' }>
}

/** From NDJSON, gzipped, base64. Undefined when it is no such record: then the levels alone are drawn. */
export function readTrace(text: string): Trace | undefined {
  try {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
    const [first = '', ...rest] = strFromU8(gunzipSync(bytes)).trimEnd().split('\n')
    const header = Header.parse(JSON.parse(first))
    const lanes = header.lanes.map(({ lane, sku }) => ({
      laneId: lane,
      skuId: sku,
      points: [] as Array<readonly [number, number | null]>,
    }))
    const doors: Array<Trace['doors'][number]> = []
    for (const row of rest) {
      const line = Line.parse(JSON.parse(row))
      if ('door' in line) doors.push({ atMs: line.t, state: line.door })
      else for (const [index, lane] of lanes.entries()) lane.points.push([line.t, line.w[index] ?? null])
    }
    return { lanes, doors }
  } catch {
    return undefined
  }
}
