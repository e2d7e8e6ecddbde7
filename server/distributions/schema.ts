// Tables of distributions: a plan with what it was computed from (its frozen basis, of a co-op with the lots behind the trade
// volume) and the lines that follow, then the runs that booked or took back those lines. Only a plan's state changes.
import { sql } from 'drizzle-orm'
import type { Kit, Storage } from '../db/kit.ts'
import type { organisationTables } from '../organisations/schema.ts'
import { templates } from '../organisations/rules.ts'
import { incomeKinds } from '../attribution/schema.ts'
import { measures, planStates, steps, volumeBases } from './rules.ts'

type Organisations = Pick<ReturnType<typeof organisationTables>, 'organisations' | 'charters'>

function planTable({ table, column: c, index, check }: Kit, { organisations, charters }: Organisations) {
  return table(
    'distribution_plan',
    {
      planId: c.text().primaryKey(),
      organisationId: c
        .text()
        .notNull()
        .references(() => organisations.organisationId),
      charterId: c
        .text()
        .notNull()
        .references(() => charters.charterId),
      template: c.choice(templates).notNull(),
      title: c.text().notNull(),
      /** The period whose income is distributed, and for co-ops whose trade volume counts. */
      periodFromMs: c.int().notNull(),
      periodToMs: c.int().notNull(),
      /** The distribution date: the registers are frozen as they stood then. */
      atMs: c.int().notNull(),
      incomeFen: c.int().notNull(),
      lossesFen: c.int().notNull(),
      /** The document that says what the income was. */
      documentNumber: c.text().notNull(),
      /** Of co-ops only: what counts as trade. */
      volumeBasis: c.choice(volumeBases),
      /** What the members share, and what leaves the organisation's account with the deductions. */
      distributableFen: c.int().notNull(),
      totalFen: c.int().notNull(),
      /** SHA-256 over terms and basis. */
      basisHash: c.text().notNull(),
      state: c.choice(planStates).notNull(),
      preparedBy: c.text().notNull(),
      preparedAtMs: c.int().notNull(),
      publishedBy: c.text(),
      publishedAtMs: c.int(),
      meetingAtMs: c.int(),
      resolutionNumber: c.text(),
      presentCount: c.int(),
      votesFor: c.int(),
      votesAgainst: c.int(),
      resolvedBy: c.text(),
      resolvedAtMs: c.int(),
      withdrawnReason: c.text(),
      runBy: c.text(),
      runAtMs: c.int(),
      /** What the lines count as for the households: by the mapping at the run, and for good. */
      incomeKind: c.choice(incomeKinds),
    },
    (t) => [
      index('distribution_plan_by_organisation').on(t.organisationId, t.planId),
      check('distribution_plan_period', sql`${t.periodFromMs} < ${t.periodToMs}`),
      check('distribution_plan_positive', sql`${t.totalFen} > 0 and ${t.incomeFen} > 0 and ${t.lossesFen} >= 0`),
      check('distribution_plan_volume', sql`(${t.template} = 'PATRONAGE') = (${t.volumeBasis} is not null)`),
      check('distribution_plan_two_people', sql`${t.runBy} is null or ${t.runBy} <> ${t.preparedBy}`),
      check(
        'distribution_plan_published',
        sql`${t.state} in ('draft', 'withdrawn') or (${t.publishedAtMs} is not null and ${t.meetingAtMs} > ${t.publishedAtMs})`,
      ),
      check(
        'distribution_plan_resolved',
        sql`${t.state} not in ('adopted', 'rejected', 'run', 'reversed') or (${t.resolutionNumber} is not null and ${t.resolvedAtMs} >= ${t.meetingAtMs})`,
      ),
      check('distribution_plan_run', sql`(${t.state} in ('run', 'reversed')) = (${t.runBy} is not null)`),
      check('distribution_plan_counts', sql`(${t.incomeKind} is null) = (${t.runBy} is null)`),
    ],
  )
}

export function distributionTables(kit: Kit, organisations: Organisations) {
  const { table, column: c, primaryKey, index, unique, check } = kit
  const distributionPlans = planTable(kit, organisations)
  const planId = () =>
    c
      .text()
      .notNull()
      .references(() => distributionPlans.planId)
  const distributionBasis = table(
    'distribution_basis',
    {
      planId: planId(),
      measure: c.choice(measures).notNull(),
      /** Empty text: the organisation itself. */
      householdCode: c.text().notNull(),
      weight: c.int().notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.planId, t.measure, t.householdCode] }),
      check('distribution_basis_positive', sql`${t.weight} > 0`),
    ],
  )
  const distributionVolumes = table(
    'distribution_volume',
    {
      planId: planId(),
      lotId: c.text().notNull(),
      householdCode: c.text().notNull(),
      massMg: c.int().notNull(),
      /** Only members' trade counts. */
      isMember: c.bool().notNull(),
    },
    (t) => [primaryKey({ columns: [t.planId, t.lotId, t.householdCode] })],
  )
  const distributionLines = table(
    'distribution_line',
    {
      planId: planId(),
      ordinal: c.int().notNull(),
      step: c.choice(steps).notNull(),
      /** Empty: a fund of the organisation. */
      householdCode: c.text(),
      accountId: c.text().notNull(),
      amountFen: c.int().notNull(),
      poolFen: c.int().notNull(),
      weight: c.int().notNull(),
      weightTotal: c.int().notNull(),
      /** 1 when the largest remainder gave this line a fen beyond its floor. */
      roundingFen: c.int().notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.planId, t.ordinal] }),
      index('distribution_line_by_household').on(t.householdCode, t.planId),
      check('distribution_line_not_negative', sql`${t.amountFen} >= 0`),
    ],
  )
  const distributionRuns = table(
    'distribution_run',
    {
      runId: c.text().primaryKey(),
      planId: planId(),
      kind: c.choice(['run', 'reversal']).notNull(),
      byAccountId: c.text().notNull(),
      reason: c.text(),
      atMs: c.int().notNull(),
    },
    (t) => [unique('distribution_run_once').on(t.planId, t.kind)],
  )
  const distributionBookings = table(
    'distribution_booking',
    {
      runId: c
        .text()
        .notNull()
        .references(() => distributionRuns.runId),
      ordinal: c.int().notNull(),
      planId: planId(),
      householdCode: c.text(),
      accountId: c.text().notNull(),
      /** Given (> 0) by a run, taken back (≤ 0) by its reversal. */
      amountFen: c.int().notNull(),
      /** What a reversal could not take back and the named account bears. */
      borneFen: c.int().notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.runId, t.ordinal] }),
      index('distribution_booking_by_household').on(t.householdCode, t.runId),
      check('distribution_booking_borne', sql`${t.borneFen} >= 0 and (${t.borneFen} = 0 or ${t.amountFen} <= 0)`),
    ],
  )
  return {
    distributionPlans,
    distributionBasis,
    distributionVolumes,
    distributionLines,
    distributionRuns,
    distributionBookings,
  }
}

export const distributionStorage: Storage = {
  appendOnly: [
    'distribution_basis',
    'distribution_volume',
    'distribution_line',
    'distribution_run',
    'distribution_booking',
  ],
  clustered: ['distribution_basis', 'distribution_volume', 'distribution_line', 'distribution_booking'],
}
