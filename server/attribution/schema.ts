// Tables of attribution: revenue plans with their versions, the lines that were split, each part with its whole explanation, and
// what refunds and write-offs took back from each part. A part's transfer in the ledger is `sale-line:<sale line>:<ordinal>`.
import { sql } from 'drizzle-orm'
import type { Kit, Storage } from '../db/kit.ts'
import type { ledgerTables } from '../ledger/schema.ts'
import { partRoles, wholeBp } from './rules.ts'

export const incomeKinds = ['OPERATING', 'OPERATING_COST', 'PROPERTY', 'WAGE', 'TRANSFER', 'IN_KIND'] as const
export type IncomeKind = (typeof incomeKinds)[number]

/**
 * Why a sale line is taken back: the buyer got the money back, or will never pay it. A recovery takes a write-off back when the
 * money has come after all: its parts are negative.
 */
export const takeBackCauses = ['sale-refund', 'write-off', 'write-off-recovery'] as const
export type TakeBackCause = (typeof takeBackCauses)[number]

/** The scope of the plan that holds where a supplier has none of its own. */
export const defaultScope = 'default'

type Accounts = Pick<ReturnType<typeof ledgerTables>, 'ledgerAccounts'>

function planTable({ table, column: c, check, unique, uniqueIndex }: Kit) {
  return table(
    'revenue_plan',
    {
      planId: c.text().primaryKey(),
      /** 'default' or a supplier's id. */
      scope: c.text().notNull(),
      version: c.int().notNull(),
      state: c.choice(['draft', 'approved']).notNull(),
      effectiveFromMs: c.int().notNull(),
      householdBp: c.int().notNull(),
      supplierBp: c.int().notNull(),
      organisationBp: c.int().notNull(),
      operatorBp: c.int().notNull(),
      fundBp: c.int().notNull(),
      note: c.text().notNull(),
      preparedBy: c.text().notNull(),
      preparedAtMs: c.int().notNull(),
      approvedBy: c.text(),
      approvedAtMs: c.int(),
    },
    (t) => [
      unique('revenue_plan_version').on(t.scope, t.version),
      uniqueIndex('revenue_plan_in_force')
        .on(t.scope, t.effectiveFromMs)
        .where(sql`${t.state} = 'approved'`),
      check(
        'revenue_plan_adds_up',
        sql`${t.householdBp} + ${t.supplierBp} + ${t.organisationBp} + ${t.operatorBp} = ${sql.raw(String(wholeBp))}`,
      ),
      check(
        'revenue_plan_shares_positive',
        sql`${t.householdBp} >= 0 and ${t.supplierBp} >= 0 and ${t.organisationBp} >= 0 and ${t.operatorBp} >= 0 and ${t.fundBp} between 0 and ${sql.raw(String(wholeBp))}`,
      ),
      check('revenue_plan_two_people', sql`${t.approvedBy} is null or ${t.approvedBy} <> ${t.preparedBy}`),
      check(
        'revenue_plan_approved_by_someone',
        sql`(${t.state} = 'approved') = (${t.approvedBy} is not null) and (${t.approvedBy} is null) = (${t.approvedAtMs} is null)`,
      ),
    ],
  )
}

export function attributionTables(kit: Kit, { ledgerAccounts }: Accounts) {
  const { table, column: c, check, primaryKey, index } = kit
  const revenuePlans = planTable(kit)
  const attributedLines = table(
    'attributed_line',
    {
      saleLineId: c.text().primaryKey(),
      planId: c
        .text()
        .notNull()
        .references(() => revenuePlans.planId),
      amountFen: c.int().notNull(),
      isCertified: c.bool().notNull(),
      lotId: c.text(),
      /** Where the money came from and where refunds go back to. */
      channelAccountId: c.text().notNull(),
      soldAtMs: c.int().notNull(),
    },
    (t) => [check('attributed_line_positive', sql`${t.amountFen} > 0`)],
  )
  const attributionParts = table(
    'attribution_part',
    {
      saleLineId: c
        .text()
        .notNull()
        .references(() => attributedLines.saleLineId),
      ordinal: c.int().notNull(),
      role: c.choice(partRoles).notNull(),
      accountId: c
        .text()
        .notNull()
        .references(() => ledgerAccounts.id),
      householdCode: c.text(),
      sourceOrdinal: c.int(),
      amountFen: c.int().notNull(),
      shareBp: c.int().notNull(),
      shareFen: c.int().notNull(),
      weight: c.int().notNull(),
      weightTotal: c.int().notNull(),
      roundingFen: c.int().notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.saleLineId, t.ordinal] }),
      check('attribution_part_positive', sql`${t.amountFen} > 0`),
      check('attribution_part_household', sql`(${t.role} = 'household') = (${t.householdCode} is not null)`),
    ],
  )
  const refundedParts = table(
    'refunded_part',
    {
      /** Id of the refund, the write-off or its recovery. */
      refundId: c.text().notNull(),
      causeKind: c.choice(takeBackCauses).notNull(),
      saleLineId: c
        .text()
        .notNull()
        .references(() => attributedLines.saleLineId),
      ordinal: c.int().notNull(),
      /** Taken back from the part's own account. */
      takenFen: c.int().notNull(),
      /** Borne by the named write-off account because the household has been paid already. */
      borneFen: c.int().notNull(),
      atMs: c.int().notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.refundId, t.ordinal] }),
      index('refunded_part_by_line').on(t.saleLineId),
      index('refunded_part_by_time').on(t.atMs),
      check(
        'refunded_part_signed',
        sql`case ${t.causeKind} when 'write-off-recovery' then ${t.takenFen} <= 0 and ${t.borneFen} <= 0 else ${t.takenFen} >= 0 and ${t.borneFen} >= 0 end and ${t.takenFen} + ${t.borneFen} <> 0`,
      ),
    ],
  )
  return { revenuePlans, attributedLines, attributionParts, refundedParts }
}

export const attributionStorage: Storage = {
  appendOnly: ['attributed_line', 'attribution_part', 'refunded_part'],
  clustered: ['attributed_line', 'attribution_part', 'refunded_part'],
}
