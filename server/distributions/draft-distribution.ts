// Works out a distribution from the registers as they stood at its date, and drafts it as a plan. The preview is the same work
// without keeping anything: every line with its arithmetic, and the postings a run would make.
import { and, eq, gt, inArray, lt, ne } from 'drizzle-orm'
import { insertRows, one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { accountIdOf } from '../ledger/account-kinds.ts'
import { balanceOf } from '../ledger/balances.ts'
import { findCharterInForce, termsOf } from '../organisations/charters.ts'
import type { Template } from '../organisations/rules.ts'
import { requireOrganisation } from '../organisations/require-organisation.ts'
import { freezeBasis, hashBasis } from './freeze-basis.ts'
import type { FrozenBasis, Payee } from './freeze-basis.ts'
import { distribute, findDistributionProblem, fitsLegalType, liveStates } from './rules.ts'
import type { Distribution, Terms, VolumeBasis } from './rules.ts'
import type { PlanRow } from './store.ts'

export interface DistributionRequest {
  readonly organisationId: string
  readonly template: Template
  readonly title: string
  /** The period whose income is distributed: [from, to), epoch ms. */
  readonly periodFromMs: number
  readonly periodToMs: number
  /** The distribution date, not in the future: the registers are frozen as they stood then. */
  readonly atMs: number
  readonly incomeFen: number
  readonly lossesFen: number
  readonly documentNumber: string
  /** Of PATRONAGE; default: what was delivered. */
  readonly volumeBasis?: VolumeBasis | undefined
  /** Of SECOND: its own payees. */
  readonly payees?: readonly Payee[] | undefined
}

export interface WorkedOut extends FrozenBasis, Distribution {
  readonly terms: Terms
  readonly charterId: string
  readonly basisHash: string
  /** In the organisation's account now. */
  readonly availableFen: number
}

/**
 * Refuses with organisation.unknown, organisation.charter_missing, distribution.template_unfit and distribution.impossible,
 * naming the field.
 */
export function* workOutDistribution(ctx: UnitContext, request: DistributionRequest): Unit<WorkedOut> {
  const { organisationId, template, atMs, incomeFen, lossesFen } = request
  const { legalType } = yield* requireOrganisation(ctx, organisationId)
  if (!fitsLegalType(template, legalType))
    throw new RefusalError('distribution.template_unfit', `${legalType} does not distribute by ${template}`, {
      field: 'template',
    })
  requireDates(request, ctx.now())
  requireFields(request)
  const charter = yield* findCharterInForce(ctx, organisationId, atMs)
  if (charter === undefined) throw new RefusalError('organisation.charter_missing', undefined, { field: 'atMs' })
  const terms: Terms = { template, organisationId, legalType, incomeFen, lossesFen, charter: termsOf(charter) }
  const volumeBasis = template === 'PATRONAGE' ? (request.volumeBasis ?? 'delivered') : undefined
  const frozen = yield* freezeBasis(ctx, terms, { ...request, volumeBasis, payees: request.payees })
  const problem = findDistributionProblem(terms, frozen.basis)
  if (problem !== undefined)
    throw new RefusalError('distribution.impossible', problem.message, { field: problem.field })
  return {
    terms,
    charterId: charter.charterId,
    basisHash: hashBasis(terms, frozen.basis),
    availableFen: yield* balanceOf(ctx, accountIdOf('organisation', organisationId)),
    ...frozen,
    ...distribute(terms, frozen.basis),
  }
}

function requireDates({ periodFromMs, periodToMs, atMs }: DistributionRequest, nowMs: number): void {
  const refuse = (field: string, message: string) => new RefusalError('distribution.impossible', message, { field })
  if (periodFromMs >= periodToMs) throw refuse('periodToMs', 'a period ends after it began')
  if (periodToMs > nowMs) throw refuse('periodToMs', 'the income of a period is known when it is over')
  if (atMs > nowMs) throw refuse('atMs', 'the registers of a day to come are not known')
}

function requireFields({ template, volumeBasis, payees }: DistributionRequest): void {
  const refuse = (field: string, message: string) => new RefusalError('distribution.impossible', message, { field })
  if (volumeBasis !== undefined && template !== 'PATRONAGE')
    throw refuse('volumeBasis', 'only PATRONAGE counts trade volume')
  if ((template === 'SECOND') !== (payees !== undefined))
    throw refuse('payees', template === 'SECOND' ? 'SECOND names its payees' : 'the registers say who is paid')
}

/** Drafts a plan with its frozen basis and lines. Refuses as working it out does, and with distribution.period_taken. */
export function* draftDistribution(ctx: UnitContext, request: DistributionRequest, preparedBy: string): Unit<PlanRow> {
  const worked = yield* workOutDistribution(ctx, request)
  yield* requireFreePeriod(ctx, request)
  const { organisationId, template, title, periodFromMs, periodToMs, atMs, incomeFen, lossesFen } = request
  const planId = ctx.newId()
  const plan: PlanRow = {
    planId,
    organisationId,
    charterId: worked.charterId,
    template,
    title,
    periodFromMs,
    periodToMs,
    atMs,
    incomeFen,
    lossesFen,
    documentNumber: request.documentNumber,
    volumeBasis: template === 'PATRONAGE' ? (request.volumeBasis ?? 'delivered') : null,
    distributableFen: worked.distributableFen,
    totalFen: worked.totalFen,
    basisHash: worked.basisHash,
    state: 'draft',
    preparedBy,
    preparedAtMs: ctx.now(),
    publishedBy: null,
    publishedAtMs: null,
    meetingAtMs: null,
    resolutionNumber: null,
    presentCount: null,
    votesFor: null,
    votesAgainst: null,
    resolvedBy: null,
    resolvedAtMs: null,
    withdrawnReason: null,
    runBy: null,
    runAtMs: null,
    incomeKind: null,
  }
  const t = ctx.tables
  yield* insertRows(t.distributionPlans, [plan])
  yield* insertRows(
    t.distributionBasis,
    worked.basis.map((row) => ({ planId, ...row })),
  )
  yield* insertRows(
    t.distributionVolumes,
    worked.volumes.map((row) => ({ planId, ...row })),
  )
  yield* insertRows(
    t.distributionLines,
    worked.lines.map((line) => ({ planId, ...line })),
  )
  return plan
}

/** The income of a period is distributed once, whichever template it goes by; a second distribution of it stands beside that. */
function* requireFreePeriod(ctx: UnitContext, request: DistributionRequest): Unit<void> {
  const { distributionPlans: t } = ctx.tables
  const taken = yield* one(
    ctx.db
      .select({ title: t.title })
      .from(t)
      .where(
        and(
          eq(t.organisationId, request.organisationId),
          request.template === 'SECOND' ? eq(t.template, 'SECOND') : ne(t.template, 'SECOND'),
          inArray(t.state, [...liveStates]),
          lt(t.periodFromMs, request.periodToMs),
          gt(t.periodToMs, request.periodFromMs),
        ),
      )
      .limit(1),
  )
  if (taken !== undefined)
    throw new RefusalError('distribution.period_taken', `“${taken.title}” covers part of it`, { field: 'periodFromMs' })
}
