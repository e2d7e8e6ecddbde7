// The near-expiry ladder: its rules as data, the prices it has put down, and what it proposes to people.
import { sql } from 'drizzle-orm'
import { categories } from '../catalog/schema.ts'
import type { catalogTables } from '../catalog/schema.ts'
import type { Kit } from '../db/kit.ts'
import type { LadderStep } from './rules.ts'

export const proposalStates = ['open', 'accepted', 'dismissed', 'lapsed'] as const

export function markDownTables(
  { table, column: c, uniqueIndex, check }: Kit,
  { lots }: Pick<ReturnType<typeof catalogTables>, 'lots'>,
) {
  const markDownRules = table('mark_down_rule', {
    category: c.choice(categories).primaryKey(),
    steps: c.json<readonly LadderStep[]>().notNull(),
    transferDaysLeft: c.int().notNull(),
    donationDaysLeft: c.int().notNull(),
    setBy: c.text().notNull(),
    setAtMs: c.int().notNull(),
  })
  /** A price of a cabinet that is down for the lot sold next there. */
  const markDowns = table(
    'mark_down',
    {
      markDownId: c.text().primaryKey(),
      cabinetId: c.text().notNull(),
      skuId: c.text().notNull(),
      lotId: c
        .text()
        .notNull()
        .references(() => lots.lotId),
      percentOff: c.int().notNull(),
      /** Fen per piece or per kg, before and after. */
      listPriceFen: c.int().notNull(),
      priceFen: c.int().notNull(),
      startedAtMs: c.int().notNull(),
      endedAtMs: c.int(),
    },
    (t) => [
      uniqueIndex('mark_down_open')
        .on(t.cabinetId, t.skuId)
        .where(sql`${t.endedAtMs} is null`),
      check('mark_down_is_down', sql`${t.priceFen} between 1 and ${t.listPriceFen}`),
    ],
  )
  const ladderProposals = table(
    'ladder_proposal',
    {
      proposalId: c.text().primaryKey(),
      kind: c.choice(['transfer', 'donation']).notNull(),
      lotId: c
        .text()
        .notNull()
        .references(() => lots.lotId),
      cabinetId: c.text().notNull(),
      laneId: c.text().notNull(),
      toCabinetId: c.text(),
      toLaneId: c.text(),
      units: c.int().notNull(),
      daysLeft: c.int().notNull(),
      milliHere: c.int().notNull(),
      milliThere: c.int().notNull(),
      state: c.choice(proposalStates).notNull(),
      proposedAtMs: c.int().notNull(),
      decidedBy: c.text(),
      decidedAtMs: c.int(),
      note: c.text(),
    },
    (t) => [
      uniqueIndex('ladder_proposal_open')
        .on(t.cabinetId, t.laneId, t.lotId)
        .where(sql`${t.state} = 'open'`),
      check('ladder_proposal_units_positive', sql`${t.units} > 0`),
      check('ladder_proposal_goes_somewhere', sql`(${t.kind} = 'transfer') = (${t.toCabinetId} is not null)`),
    ],
  )
  return { markDownRules, markDowns, ladderProposals }
}
