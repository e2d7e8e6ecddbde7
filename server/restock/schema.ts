// What a restock taught the server about a lane: its count and the unit weight learned there. Written from the cabinet's
// restock.completed event only.
import type { Kit } from '../db/kit.ts'

export function restockTables({ table, column: c, primaryKey }: Kit) {
  const laneWeights = table(
    'lane_weight',
    {
      cabinetId: c.text().notNull(),
      laneId: c.text().notNull(),
      skuId: c.text().notNull(),
      unitMassMg: c.int().notNull(),
      unitMassSdMg: c.int().notNull(),
      samples: c.int().notNull(),
      grossAfterMg: c.int().notNull(),
      countAfter: c.int().notNull(),
      isCountDoubtful: c.bool().notNull(),
      sessionId: c.text().notNull(),
      atMs: c.int().notNull(),
    },
    (t) => [primaryKey({ columns: [t.cabinetId, t.laneId] })],
  )
  return { laneWeights }
}
