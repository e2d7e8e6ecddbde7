// Books an adopted plan: one transfer per line from the organisation's account, exactly as the members saw it. What the frozen
// basis gives now must be what was shown then. A run happens once; a second try finds it done.
import { eq } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import { insertRows, one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { accountIdOf } from '../ledger/account-kinds.ts'
import type { AccountId } from '../ledger/account-kinds.ts'
import { balanceOf } from '../ledger/balances.ts'
import { listMappings } from '../incomes/income-mapping.ts'
import { kindOf, sourceOfTemplate } from '../incomes/rules.ts'
import type { Cause } from '../ledger/causes.ts'
import { postTransfers } from '../ledger/post-transfers.ts'
import type { Transfer } from '../ledger/post-transfers.ts'
import { termsOf } from '../organisations/charters.ts'
import { requireOrganisation } from '../organisations/require-organisation.ts'
import { explainLine } from './explain-line.ts'
import { requireStandingRegisters } from './find-reversed-registers.ts'
import { hashBasis } from './freeze-basis.ts'
import { distribute } from './rules.ts'
import type { Line, Terms } from './rules.ts'
import { findBasis, findLines, movePlan, requirePlan } from './store.ts'
import type { LineRow, PlanRow, RunRow } from './store.ts'

/** Why a line's money moves; a run and its reversal are legs of the same cause. */
export function causeOfLine(planId: string, ordinal: number): Cause {
  return { kind: 'distribution-line', id: `${planId}.${ordinal}` }
}

/** What a run of these lines books; lines of nothing book nothing. */
export function postingsOf(
  plan: Pick<PlanRow, 'planId' | 'organisationId' | 'title'>,
  lines: readonly Line[],
): Transfer[] {
  const debit = accountIdOf('organisation', plan.organisationId)
  return lines
    .filter((line) => line.amountFen > 0)
    .map((line) => ({
      debit,
      credit: line.accountId,
      amountFen: line.amountFen,
      cause: causeOfLine(plan.planId, line.ordinal),
      leg: 'run',
      memo: `${plan.title}：${explainLine(line)}`,
    }))
}

/** The terms a plan was worked out by. */
export function* findTerms(ctx: UnitContext, plan: PlanRow): Unit<Terms> {
  const { template, organisationId, incomeFen, lossesFen } = plan
  const { charters: t } = ctx.tables
  const charter = yield* one(ctx.db.select().from(t).where(eq(t.charterId, plan.charterId)))
  if (charter === undefined) throw new Error(`plan ${plan.planId} names no charter`)
  const { legalType } = yield* requireOrganisation(ctx, organisationId)
  return { template, organisationId, legalType, incomeFen, lossesFen, charter: termsOf(charter) }
}

export function toLine(row: LineRow): Line {
  const { ordinal, step, householdCode, accountId, amountFen, poolFen, weight, weightTotal, roundingFen } = row
  return {
    ordinal,
    step,
    householdCode: householdCode ?? undefined,
    accountId: accountId as AccountId,
    amountFen,
    poolFen,
    weight,
    weightTotal,
    roundingFen,
  }
}

/** The plan's lines, after proving that its frozen basis still gives them. Refuses with distribution.snapshot_broken. */
function* requireSameLines(ctx: UnitContext, plan: PlanRow): Unit<Line[]> {
  const terms = yield* findTerms(ctx, plan)
  const basis = yield* findBasis(ctx, plan.planId)
  const shown = (yield* findLines(ctx, plan.planId)).map(toLine)
  if (hashBasis(terms, basis) !== plan.basisHash) throw new RefusalError('distribution.snapshot_broken')
  const { lines } = distribute(terms, basis)
  const isSame =
    lines.length === shown.length &&
    lines.every(({ accountId, amountFen }, index) => {
      const line = shown[index]
      return line?.accountId === accountId && line.amountFen === amountFen
    })
  if (!isSame) throw new RefusalError('distribution.snapshot_broken')
  return shown
}

export interface RunOutcome {
  readonly plan: PlanRow
  readonly run: RunRow
  readonly lineCount: number
}

/**
 * Refuses with distribution.move_impossible unless adopted, distribution.same_person, distribution.register_reversed,
 * distribution.not_funded and distribution.snapshot_broken.
 */
export function* runDistribution(ctx: UnitContext, planId: string, byAccountId: string): Unit<RunOutcome> {
  const plan = yield* requirePlan(ctx, planId)
  if (plan.state !== 'adopted') throw new RefusalError('distribution.move_impossible', `${plan.state} → run`)
  if (plan.preparedBy === byAccountId) throw new RefusalError('distribution.same_person')
  yield* requireStandingRegisters(ctx, plan)
  const availableFen = yield* balanceOf(ctx, accountIdOf('organisation', plan.organisationId))
  if (availableFen < plan.totalFen)
    throw new RefusalError('distribution.not_funded', undefined, { facts: { availableFen, neededFen: plan.totalFen } })
  const lines = yield* requireSameLines(ctx, plan)
  const run: RunRow = { runId: ctx.newId(), planId, kind: 'run', byAccountId, reason: null, atMs: ctx.now() }
  yield* postTransfers(ctx, postingsOf(plan, lines), run.atMs)
  yield* insertRows(ctx.tables.distributionRuns, [run])
  yield* insertRows(
    ctx.tables.distributionBookings,
    lines.map(({ ordinal, householdCode, accountId, amountFen }) => ({
      runId: run.runId,
      ordinal,
      planId,
      householdCode,
      accountId,
      amountFen,
      borneFen: 0,
    })),
  )
  const incomeKind = kindOf(yield* listMappings(ctx), sourceOfTemplate[plan.template], run.atMs)
  const moved = yield* movePlan(ctx, plan, { state: 'run', runBy: byAccountId, runAtMs: run.atMs, incomeKind })
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'distribution.run',
    subjectId: planId,
    before: { state: plan.state },
    after: { state: moved.state, runId: run.runId, incomeKind, lineCount: lines.length, totalFen: plan.totalFen },
  })
  return { plan: moved, run, lineCount: lines.length }
}
