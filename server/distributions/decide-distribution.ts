// How a plan gets from paper to a decision: published for the members to see, put to their meeting, resolved, or withdrawn.
import { sql } from 'drizzle-orm'
import { one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { publishSelectedNotice } from '../disclosure/publish-notice.ts'
import { RefusalError } from '../errors/refusal.ts'
import { requireOrganisation } from '../organisations/require-organisation.ts'
import { legalTypeRows } from '../organisations/rules.ts'
import { membersAt } from '../organisations/snapshot-registers.ts'
import { requireStandingRegisters } from './find-reversed-registers.ts'
import { findResolutionProblem } from './rules.ts'
import type { Resolution } from './rules.ts'
import { movePlan, requirePlan } from './store.ts'
import type { PlanRow } from './store.ts'

const dayMs = 86_400_000

/**
 * Lets the members and everybody see the plan, at least 15 days (co-op) or 10 days (others) before the members meet; what the
 * public sees is a masked copy. Refuses with distribution.move_impossible, distribution.register_reversed,
 * distribution.notice_too_short and disclosure.title_reveals.
 */
export function* publishDistribution(
  ctx: UnitContext,
  input: { readonly planId: string; readonly meetingAtMs: number; readonly publishedBy: string },
): Unit<PlanRow> {
  const plan = yield* requirePlan(ctx, input.planId)
  yield* requireStandingRegisters(ctx, plan)
  const { legalType } = yield* requireOrganisation(ctx, plan.organisationId)
  const { noticeDays } = legalTypeRows[legalType]
  const publishedAtMs = ctx.now()
  const { meetingAtMs, publishedBy } = input
  if (meetingAtMs < publishedAtMs + noticeDays * dayMs)
    throw new RefusalError('distribution.notice_too_short', `members see a plan ${noticeDays} days before they meet`, {
      field: 'meetingAtMs',
      facts: { noticeDays },
    })
  const published = yield* movePlan(ctx, plan, { state: 'published', publishedBy, publishedAtMs, meetingAtMs })
  yield* openNotice(ctx, published, meetingAtMs, publishedBy)
  return published
}

/** The households' lines, one sum each, of a co-op with what each has traded; what the funds get concerns no household, and such a plan alone has no notice. */
function* openNotice(ctx: UnitContext, plan: PlanRow, openUntilMs: number, byAccountId: string): Unit<void> {
  const { distributionLines: l, distributionBasis: b } = ctx.tables
  const isOfHousehold = sql`${l.planId} = ${plan.planId} and ${l.householdCode} is not null`
  const some = yield* one(ctx.db.select({ ordinal: l.ordinal }).from(l).where(isOfHousehold).limit(1))
  if (some === undefined) return
  const { planId: sourceId, title } = plan
  const heading = { kind: 'distribution', sourceId, title, openUntilMs, byAccountId } as const
  const tradedMg = sql`select ${b.weight} from ${b}
    where ${b.planId} = ${plan.planId} and ${b.measure} = 'VOLUME' and ${b.householdCode} = ${l.householdCode}`
  const source = sql`
    select ${l.householdCode} as household_code, sum(${l.amountFen}) as amount_fen, (${tradedMg}) as mass_mg
    from ${l} where ${isOfHousehold} group by ${l.householdCode}`
  yield* publishSelectedNotice(ctx, heading, source)
}

/**
 * Records what the members resolved, once they have met. Refuses with distribution.move_impossible,
 * distribution.meeting_ahead, distribution.resolution_wrong and, of an adopted one, distribution.register_reversed.
 */
export function* recordResolution(
  ctx: UnitContext,
  planId: string,
  resolution: Resolution & { readonly resolutionNumber: string; readonly resolvedBy: string },
): Unit<PlanRow> {
  const plan = yield* requirePlan(ctx, planId)
  const { resolutionNumber, resolvedBy, isAdopted, presentCount, votesFor, votesAgainst } = resolution
  if (plan.meetingAtMs !== null && ctx.now() < plan.meetingAtMs) throw new RefusalError('distribution.meeting_ahead')
  if (isAdopted) yield* requireStandingRegisters(ctx, plan)
  const members = yield* membersAt(ctx, plan.organisationId, plan.meetingAtMs ?? ctx.now())
  const problem = findResolutionProblem(resolution, members.size)
  if (problem !== undefined)
    throw new RefusalError('distribution.resolution_wrong', problem.message, { field: problem.field })
  return yield* movePlan(ctx, plan, {
    state: isAdopted ? 'adopted' : 'rejected',
    resolutionNumber,
    presentCount,
    votesFor,
    votesAgainst,
    resolvedBy,
    resolvedAtMs: ctx.now(),
  })
}

/** Gives a plan up before it ran. Refuses with distribution.move_impossible. */
export function* withdrawDistribution(ctx: UnitContext, planId: string, withdrawnReason: string): Unit<PlanRow> {
  return yield* movePlan(ctx, yield* requirePlan(ctx, planId), { state: 'withdrawn', withdrawnReason })
}
