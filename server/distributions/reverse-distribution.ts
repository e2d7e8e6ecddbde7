// Takes a distribution back by a new negative run; nothing booked is edited. A household is never debited below zero: what it
// no longer holds is borne by a named account.
import { and, eq } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import { insertRows, one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { accountIdOf, accountKindOf, namedAccounts } from '../ledger/account-kinds.ts'
import type { AccountId } from '../ledger/account-kinds.ts'
import { inlineBalancesOf } from '../ledger/balances.ts'
import { transferIdOf } from '../ledger/causes.ts'
import { postTransfers } from '../ledger/post-transfers.ts'
import type { Transfer } from '../ledger/post-transfers.ts'
import { causeOfLine } from './run-distribution.ts'
import { findBookings, movePlan, requirePlan } from './store.ts'
import type { BookingRow, PlanRow, RunRow } from './store.ts'

interface Taking {
  readonly booking: BookingRow
  readonly takenFen: number
  readonly borneFen: number
}

export interface ReversalOutcome {
  readonly plan: PlanRow
  readonly run: RunRow
  readonly takenFen: number
  readonly borneFen: number
}

/** Refuses with distribution.move_impossible unless the plan has run and was not reversed. */
export function* reverseDistribution(
  ctx: UnitContext,
  input: { readonly planId: string; readonly byAccountId: string; readonly reason: string },
): Unit<ReversalOutcome> {
  const { planId, byAccountId, reason } = input
  const plan = yield* requirePlan(ctx, planId)
  const moved = yield* movePlan(ctx, plan, { state: 'reversed' })
  const takings = yield* planTakings(ctx, yield* bookedLines(ctx, planId))
  const run: RunRow = { runId: ctx.newId(), planId, kind: 'reversal', byAccountId, reason, atMs: ctx.now() }
  const credit = accountIdOf('organisation', plan.organisationId)
  const memo = `冲销 ${plan.title}：${reason}`
  yield* postTransfers(
    ctx,
    takings.flatMap((taking) => transfersOf(taking, credit, memo)),
    run.atMs,
  )
  yield* insertRows(ctx.tables.distributionRuns, [run])
  yield* insertRows(
    ctx.tables.distributionBookings,
    takings.map(({ booking: { ordinal, householdCode, accountId }, takenFen, borneFen }) => ({
      runId: run.runId,
      ordinal,
      planId,
      householdCode,
      accountId,
      amountFen: -takenFen,
      borneFen,
    })),
  )
  const total = (part: 'takenFen' | 'borneFen') => takings.reduce((sum, taking) => sum + taking[part], 0)
  const [takenFen, borneFen] = [total('takenFen'), total('borneFen')]
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'distribution.reversed',
    subjectId: planId,
    why: reason,
    before: { state: plan.state },
    after: { state: moved.state, runId: run.runId, takenFen, borneFen },
  })
  return { plan: moved, run, takenFen, borneFen }
}

function* bookedLines(ctx: UnitContext, planId: string): Unit<BookingRow[]> {
  const { distributionRuns: t } = ctx.tables
  const run = yield* one(
    ctx.db
      .select({ runId: t.runId })
      .from(t)
      .where(and(eq(t.planId, planId), eq(t.kind, 'run'))),
  )
  return run === undefined ? [] : (yield* findBookings(ctx, run.runId)).filter((booking) => booking.amountFen > 0)
}

/** What each line gives back: all of it from funds, of a household at most what it holds. Two lines share one balance. */
function* planTakings(ctx: UnitContext, bookings: readonly BookingRow[]): Unit<Taking[]> {
  const ids = [...new Set(bookings.map((booking) => booking.accountId))].filter(
    (id) => accountKindOf(id) === 'household',
  )
  const heldFen = yield* inlineBalancesOf(ctx, ids)
  return bookings.map((booking) => {
    const { accountId, householdCode, amountFen } = booking
    if (householdCode === null) return { booking, takenFen: amountFen, borneFen: 0 }
    const balanceFen = heldFen.get(accountId) ?? 0
    const takenFen = Math.min(balanceFen, amountFen)
    heldFen.set(accountId, balanceFen - takenFen)
    return { booking, takenFen, borneFen: amountFen - takenFen }
  })
}

function transfersOf({ booking, takenFen, borneFen }: Taking, credit: AccountId, memo: string): Transfer[] {
  const cause = causeOfLine(booking.planId, booking.ordinal)
  const transfers: Transfer[] = []
  if (takenFen > 0)
    transfers.push({
      debit: booking.accountId as AccountId,
      credit,
      amountFen: takenFen,
      cause,
      leg: 'reversal',
      memo,
    })
  if (borneFen > 0)
    transfers.push({
      debit: namedAccounts.distributionsBorne,
      credit,
      amountFen: borneFen,
      cause,
      leg: 'reversal.borne',
      memo,
    })
  const [first, ...rest] = transfers
  // A line is taken back once, whoever asks.
  return first === undefined ? [] : [{ ...first, reversesId: transferIdOf(cause, 'run') }, ...rest]
}
