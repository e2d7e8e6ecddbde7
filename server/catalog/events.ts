// What the catalog's stock learns from cabinets: water that goods lost on the shelf, and how fast each SKU dries there. Not a
// stock move: the pieces are all still there. Source: weighing.md, rule 8.
import { sql } from 'drizzle-orm'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { command, exec, insertRows } from '../db/unit.ts'
import type { Params } from '../db/unit.ts'
import type { EventHandlers } from '../mqtt/event-handlers.ts'

interface LearnedRate {
  cabinetId: Id
  skuId: Id
  ppmPerHour: number
  sdPpmPerHour: number
  looks: number
  atMs: number
}

const keepRate = command(({ db, tables: { dryingRates: t } }, p: Params<LearnedRate>) =>
  db
    .insert(t)
    .values({
      cabinetId: p.cabinetId,
      skuId: p.skuId,
      ppmPerHour: p.ppmPerHour,
      sdPpmPerHour: p.sdPpmPerHour,
      looks: p.looks,
      atMs: p.atMs,
    })
    .onConflictDoUpdate({
      target: [t.cabinetId, t.skuId],
      set: {
        ppmPerHour: sql`excluded.ppm_per_hour`,
        sdPpmPerHour: sql`excluded.sd_ppm_per_hour`,
        looks: sql`excluded.looks`,
        atMs: sql`excluded.at_ms`,
      },
    }),
)

export const catalogEvents: EventHandlers = {
  *'stock.dried'(ctx, { cabinetId, seq, atMs, body }) {
    const { sessionId, lanes, rates } = body
    yield* insertRows(
      ctx.tables.moistureLosses,
      lanes.map((lane) => ({ ...lane, cabinetId, seq, sessionId })),
      'ignore',
    )
    for (const rate of rates) yield* exec(keepRate.with({ ...rate, cabinetId, atMs }))
    return []
  },
}
