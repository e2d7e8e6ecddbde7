// Warnings of a return to poverty (防返贫预警, domain.md A9): monitoring lines with their documents, the season calendar, and
// warnings with the evidence they were raised on. A warning ends by a person's outcome; none changes a household.
import { sql } from 'drizzle-orm'
import type { catalogTables } from '../catalog/schema.ts'
import type { Kit, Storage } from '../db/kit.ts'
import type { householdTables } from '../households/schema.ts'

export const warningRules = ['INCOME_FELL', 'BELOW_LINE', 'NO_SALE_IN_SEASON', 'SURPLUS_OPEN', 'PAYOUT_FAILED'] as const
export type WarningRule = (typeof warningRules)[number]
export const warningOutcomes = ['HELP_ARRANGED', 'WATCHED_ON', 'NO_NEED', 'DATA_WRONG', 'STATUS_REVIEW_ASKED'] as const

/** One figure a rule saw. */
export interface EvidenceRow {
  readonly label: string
  readonly value: string
  /** Where the figure comes from: a document, a notice … */
  readonly source?: string
}

type Others = Pick<ReturnType<typeof householdTables>, 'households'> & Pick<ReturnType<typeof catalogTables>, 'skus'>

export function warningTables(kit: Kit, { households, skus }: Others) {
  const { table, column: c, primaryKey, index, unique, check } = kit
  /** Data entered with a document, shipped empty; the newest version of a year counts. */
  const monitoringLines = table(
    'monitoring_line',
    {
      year: c.int().notNull(),
      version: c.int().notNull(),
      amountFen: c.int().notNull(),
      documentNumber: c.text().notNull(),
      enteredBy: c.text().notNull(),
      enteredAtMs: c.int().notNull(),
    },
    (t) => [primaryKey({ columns: [t.year, t.version] }), check('monitoring_line_positive', sql`${t.amountFen} > 0`)],
  )
  const productSeasons = table('product_season', {
    skuId: c
      .text()
      .primaryKey()
      .references(() => skus.skuId),
    /** MM-DD; a season may run over New Year. */
    fromDay: c.text().notNull(),
    toDay: c.text().notNull(),
  })
  const warnings = table(
    'warning',
    {
      warningId: c.text().primaryKey(),
      rule: c.choice(warningRules).notNull(),
      /** What it is about (month, year, season, notice, payout): the same matter warns once. */
      subject: c.text().notNull(),
      householdCode: c
        .text()
        .notNull()
        .references(() => households.householdCode),
      ruleText: c.text().notNull(),
      evidence: c.json<readonly EvidenceRow[]>().notNull(),
      raisedAtMs: c.int().notNull(),
      outcome: c.choice(warningOutcomes),
      outcomeNote: c.text(),
      outcomeBy: c.text(),
      outcomeAtMs: c.int(),
    },
    (t) => [
      unique('warning_once').on(t.householdCode, t.rule, t.subject),
      index('warning_open')
        .on(t.warningId)
        .where(sql`${t.outcome} is null`),
      check(
        'warning_outcome_by_someone',
        sql`(${t.outcome} is null) = (${t.outcomeBy} is null) and (${t.outcome} is null) = (${t.outcomeAtMs} is null)`,
      ),
    ],
  )
  return { monitoringLines, productSeasons, warnings }
}

export const warningStorage: Storage = { appendOnly: ['monitoring_line'] }
