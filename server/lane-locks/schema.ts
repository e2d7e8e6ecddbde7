// Locks of lanes: which lane may not be sold from, since when, why, by whom, and who let it go. A lane with an open lock whose
// instant has come is off the shelf, whatever the planogram says (domain.md, food, price, weight).
import { sql } from 'drizzle-orm'
import { LaneLockReason } from '#shared/contracts/mqtt/twin.ts'
import type { catalogTables } from '../catalog/schema.ts'
import type { Kit } from '../db/kit.ts'

const laneLockReasons = LaneLockReason.options as readonly LaneLockReason[] as readonly [
  LaneLockReason,
  ...LaneLockReason[],
]

export function laneLockTables(
  { table, column: c, index, uniqueIndex, check }: Kit,
  { skus }: Pick<ReturnType<typeof catalogTables>, 'skus'>,
) {
  const laneLocks = table(
    'lane_lock',
    {
      lockId: c.text().primaryKey(),
      cabinetId: c.text().notNull(),
      laneId: c.text().notNull(),
      reason: c.choice(laneLockReasons).notNull(),
      /** What it is about: the lot that expires, the recall, the SKU whose label lacks something, the check of a scale. */
      causeId: c.text().notNull(),
      /** It holds from this instant on; that of an expiry may lie ahead. */
      fromMs: c.int().notNull(),
      note: c.text(),
      /** Empty: the server itself. */
      lockedBy: c.text(),
      lockedAtMs: c.int().notNull(),
      releasedBy: c.text(),
      releasedAtMs: c.int(),
      releaseNote: c.text(),
    },
    (t) => [
      uniqueIndex('lane_lock_once_per_cause')
        .on(t.cabinetId, t.laneId, t.reason, t.causeId)
        .where(sql`${t.releasedAtMs} is null`),
      index('lane_lock_by_cause').on(t.causeId, t.lockId),
      check('lane_lock_ends_after_it_began', sql`${t.releasedAtMs} is null or ${t.releasedAtMs} >= ${t.lockedAtMs}`),
    ],
  )
  /** What may be sold at school sites; anything else is locked there. */
  const schoolSkus = table('school_sku', {
    skuId: c
      .text()
      .primaryKey()
      .references(() => skus.skuId),
    allowedBy: c.text().notNull(),
    allowedAtMs: c.int().notNull(),
  })
  return { laneLocks, schoolSkus }
}
