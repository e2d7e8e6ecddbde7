import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { Fen, NonNegativeFen } from '../../units/fen.ts'
import { MassMg } from '../../units/mass.ts'
import { IncomeKind } from './money.ts'
import { HouseholdCode } from './organisations.ts'
import { defineRoute } from './route.ts'
import { pageOf, PageQuery, TimedPageQuery } from './paging.ts'
import { Reason } from './reason.ts'

/** How an organisation distributes; its legal type says which of them it may (domain.md, distribution). */
export const Template = z.enum(['PATRONAGE', 'SHARE', 'GUARANTEE_FLOAT', 'SECOND']).meta({ id: 'Template' })
export const PlanState = z
  .enum(['draft', 'published', 'adopted', 'rejected', 'withdrawn', 'run', 'reversed'])
  .meta({ id: 'DistributionState' })
export const DistributionStep = z
  .enum([
    'reserve',
    'welfare',
    'reinvestment',
    'LAND',
    'CAPITAL',
    'BASIC',
    'COLLECTIVE',
    'MU',
    'VOLUME',
    'CONTRIBUTION',
    'PAYEE',
  ])
  .meta({ id: 'DistributionStep' })

/** The most an organisation distributes at once: 10 milliard yuan. */
const IncomeFen = NonNegativeFen.max(1e12)

export const DistributionRequest = z
  .object({
    template: Template,
    title: z.string().trim().min(1).max(80),
    /** The period whose income is distributed: from, up to but without to. */
    periodFromMs: EpochMs,
    periodToMs: EpochMs,
    /** The distribution date, not in the future: the registers count as they stood then. */
    atMs: EpochMs,
    /** Surplus, net income, or the base of a second distribution. */
    incomeFen: IncomeFen.min(1),
    lossesFen: IncomeFen.default(0),
    /** The document that says what the income was. */
    documentNumber: z.string().trim().min(1).max(60),
    /** PATRONAGE only: what counts as trade; default what was delivered. */
    volumeBasis: z.enum(['delivered', 'sold']).optional(),
    /** SECOND only: its own payees; weights when the charter splits by weight. */
    payees: z
      .array(z.object({ householdCode: HouseholdCode, weight: z.int().min(1).max(1e9).optional() }))
      .min(1)
      .max(5_000)
      .optional(),
  })
  .meta({ id: 'DistributionRequest' })
export const DistributionLine = z
  .object({
    ordinal: z.int(),
    step: DistributionStep,
    /** Absent: a fund of the organisation. */
    householdCode: HouseholdCode.optional(),
    accountId: z.string(),
    amountFen: NonNegativeFen,
    poolFen: NonNegativeFen,
    weight: z.int(),
    weightTotal: z.int(),
    roundingFen: z.int(),
    /** The sum spelled out: pool × weight ÷ all weights = amount. */
    explanation: z.string(),
  })
  .meta({ id: 'DistributionLine' })
export const DistributionPosting = z
  .object({ debitAccountId: z.string(), creditAccountId: z.string(), amountFen: NonNegativeFen, memo: z.string() })
  .meta({ id: 'DistributionPosting' })
export const DistributionPreview = z
  .object({
    distributableFen: NonNegativeFen,
    /** Σ lines: what would leave the organisation’s account. */
    totalFen: NonNegativeFen,
    availableFen: Fen,
    isFunded: z.boolean(),
    /** SHA-256 over terms and registers; equal for equal snapshots. */
    basisHash: z.string(),
    /** From income to what is shared. */
    explanation: z.array(z.string()),
    lines: z.array(DistributionLine),
    /** Exactly what a run would book. */
    postings: z.array(DistributionPosting),
  })
  .meta({ id: 'DistributionPreview' })
export const DistributionPlan = z
  .object({
    planId: Id,
    organisationId: Id,
    charterId: Id,
    template: Template,
    title: z.string(),
    periodFromMs: EpochMs,
    periodToMs: EpochMs,
    atMs: EpochMs,
    incomeFen: NonNegativeFen,
    lossesFen: NonNegativeFen,
    documentNumber: z.string(),
    volumeBasis: z.enum(['delivered', 'sold']).optional(),
    distributableFen: NonNegativeFen,
    totalFen: NonNegativeFen,
    basisHash: z.string(),
    state: PlanState,
    preparedBy: z.string(),
    preparedAtMs: EpochMs,
    publishedBy: z.string().optional(),
    publishedAtMs: EpochMs.optional(),
    meetingAtMs: EpochMs.optional(),
    resolution: z
      .object({
        resolutionNumber: z.string(),
        presentCount: z.int(),
        votesFor: z.int(),
        votesAgainst: z.int(),
        resolvedBy: z.string(),
        resolvedAtMs: EpochMs,
      })
      .optional(),
    withdrawnReason: z.string().optional(),
    runBy: z.string().optional(),
    runAtMs: EpochMs.optional(),
    /** As which kind of income the households' lines count and are paid out; fixed by the run. */
    incomeKind: IncomeKind.optional(),
    /** A register import that it was drafted on has been taken back since: it can only be withdrawn, or rejected by the members. */
    isOnReversedRegister: z.boolean(),
  })
  .meta({ id: 'DistributionPlan' })
export const DistributionRun = z
  .object({
    runId: Id,
    kind: z.enum(['run', 'reversal']),
    byAccountId: z.string(),
    reason: z.string().optional(),
    atMs: EpochMs,
  })
  .meta({ id: 'DistributionRun' })
/** What a household traded by one lot: the evidence behind a distribution by trade volume. */
export const TradedLot = z
  .object({
    lotId: Id,
    traceCode: z.string(),
    skuName: z.string(),
    householdCode: HouseholdCode,
    massMg: MassMg,
    /** Only members’ trade counts. */
    isMember: z.boolean(),
  })
  .meta({ id: 'TradedLot' })

const readers = ['operator', 'finance', 'auditor', 'admin'] as const
const keepers = ['finance', 'admin'] as const
const ofOrganisation = z.object({ organisationId: Id })
const ofPlan = z.object({ planId: Id })

export const previewDistribution = defineRoute({
  method: 'POST',
  path: '/api/organisations/:organisationId/distribution-previews',
  tag: 'distributions',
  summary: 'Work a distribution out and keep nothing: every line with its arithmetic, and what a run would book',
  access: keepers,
  params: ofOrganisation,
  body: DistributionRequest,
  reply: DistributionPreview,
  status: 200,
  audit: { none: 'A preview reads the registers and the books and keeps nothing.' },
})
export const draftDistribution = defineRoute({
  method: 'POST',
  path: '/api/organisations/:organisationId/distributions',
  tag: 'distributions',
  summary: 'Draft a plan: registers frozen at the distribution date, lines fixed',
  access: keepers,
  params: ofOrganisation,
  body: DistributionRequest,
  reply: DistributionPlan,
  status: 201,
})
export const listDistributions = defineRoute({
  method: 'GET',
  path: '/api/distributions',
  tag: 'distributions',
  summary: 'Distribution plans by their date, newest first',
  access: readers,
  query: TimedPageQuery.extend({ organisationId: Id.optional(), state: PlanState.optional() }),
  reply: pageOf(DistributionPlan),
  status: 200,
})
export const getDistribution = defineRoute({
  method: 'GET',
  path: '/api/distributions/:planId',
  tag: 'distributions',
  summary: 'One plan with its waterfall spelled out and the runs that booked it or took it back',
  access: readers,
  params: ofPlan,
  reply: DistributionPlan.extend({ explanation: z.array(z.string()), runs: z.array(DistributionRun) }),
  status: 200,
})
export const listDistributionLines = defineRoute({
  method: 'GET',
  path: '/api/distributions/:planId/lines',
  tag: 'distributions',
  summary: 'Lines of a plan with their arithmetic, and what runs booked of each',
  access: readers,
  params: ofPlan,
  query: PageQuery,
  reply: pageOf(
    DistributionLine.extend({
      /** Given by the run, less what its reversal took back. */
      bookedFen: Fen,
      /** Of a reversal: what the household no longer held and the named account bears. */
      borneFen: NonNegativeFen,
    }),
  ),
  status: 200,
})
export const listTradedLots = defineRoute({
  method: 'GET',
  path: '/api/distributions/:planId/trade-volume',
  tag: 'distributions',
  summary: 'The lots behind a distribution by trade volume',
  access: readers,
  params: ofPlan,
  query: PageQuery,
  reply: pageOf(TradedLot),
  status: 200,
})
export const publishDistribution = defineRoute({
  method: 'POST',
  path: '/api/distributions/:planId/publication',
  tag: 'distributions',
  summary: 'Let the members see the plan, 15 days (co-op) or 10 days (others) before they meet at the earliest',
  access: keepers,
  params: ofPlan,
  body: z.object({ meetingAtMs: EpochMs }),
  reply: DistributionPlan,
  status: 200,
})
export const recordResolution = defineRoute({
  method: 'POST',
  path: '/api/distributions/:planId/resolution',
  tag: 'distributions',
  summary: 'Record what the members’ meeting resolved',
  access: keepers,
  params: ofPlan,
  body: z.object({
    resolutionNumber: z.string().trim().min(1).max(60),
    isAdopted: z.boolean(),
    presentCount: z.int().min(1).max(1_000_000),
    votesFor: z.int().min(0).max(1_000_000),
    votesAgainst: z.int().min(0).max(1_000_000),
  }),
  reply: DistributionPlan,
  status: 200,
})
export const withdrawDistribution = defineRoute({
  method: 'POST',
  path: '/api/distributions/:planId/withdrawal',
  tag: 'distributions',
  summary: 'Give a plan up before it ran; its period is free again',
  access: keepers,
  params: ofPlan,
  body: z.object({ reason: Reason }),
  reply: DistributionPlan,
  status: 200,
})
export const runDistribution = defineRoute({
  method: 'POST',
  path: '/api/distributions/:planId/run',
  tag: 'distributions',
  summary: 'Book an adopted plan, by another person than who prepared it',
  access: keepers,
  params: ofPlan,
  reply: DistributionPlan,
  status: 200,
})
export const reverseDistribution = defineRoute({
  method: 'POST',
  path: '/api/distributions/:planId/reversal',
  tag: 'distributions',
  summary: 'Take a distribution back by a negative run; what households no longer hold a named account bears',
  access: keepers,
  params: ofPlan,
  body: z.object({ reason: Reason }),
  reply: z.object({ plan: DistributionPlan, takenFen: NonNegativeFen, borneFen: NonNegativeFen }),
  status: 200,
})
