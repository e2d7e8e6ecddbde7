// The households that a draft looks at, before they become lines: the set is read once into a temporary table of the connection,
// and leaves it as attempts, numbered in the order of household codes, or as the record of who was left out.
import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { insertRows, sqlExec, sqlRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { partsOf } from './store.ts'

/** What was staged: candidates without a reason are to be paid, the others are left out. */
export interface StagedSums extends Record<string, number> {
  readonly paidCount: number
  readonly paidFen: number
  readonly skippedCount: number
  readonly skippedFen: number
}

/**
 * Stages the candidates that a SELECT gives (household_code, amount_fen, reason, payee_account_id, changed_by, confirmed_by; in any
 * order). Those
 * to be paid come first and are numbered from 1 by the order in which they are written, which costs far less than a window.
 */
export function* stageCandidates(ctx: UnitContext, select: SQL): Unit<StagedSums> {
  const isPostgres = ctx.dialect === 'postgres'
  yield* sqlExec(sql`
    create temporary table if not exists payout_staged (
      seq ${isPostgres ? sql`bigint generated always as identity` : sql`integer primary key`}, household_code text not null,
      amount_fen bigint not null, reason text, payee_account_id text, changed_by text, confirmed_by text)`)
  yield* sqlExec(isPostgres ? sql`truncate payout_staged restart identity` : sql`delete from payout_staged`)
  yield* sqlExec(sql`
    insert into payout_staged (household_code, amount_fen, reason, payee_account_id, changed_by, confirmed_by)
    select s.household_code, s.amount_fen, s.reason, s.payee_account_id, s.changed_by, s.confirmed_by
    from (${select}) s order by s.reason nulls first, s.household_code`)
  const [sums] = yield* sqlRows<StagedSums>(sql`
    select cast(count(case when reason is null then 1 end) as bigint) as "paidCount",
      cast(coalesce(sum(case when reason is null then amount_fen end), 0) as bigint) as "paidFen",
      cast(count(reason) as bigint) as "skippedCount",
      cast(coalesce(sum(case when reason is not null then amount_fen end), 0) as bigint) as "skippedFen"
    from payout_staged`)
  return sums ?? { paidCount: 0, paidFen: 0, skippedCount: 0, skippedFen: 0 }
}

/**
 * Whoever changed an account that the batch pays to, by entering or by confirming it, takes that part in it, and with it no other
 * (schema.ts).
 */
export function* enterChangers(ctx: UnitContext, batchId: string): Unit<void> {
  const { payoutParts, payoutChangers } = ctx.tables
  const step = 'account-change'
  const atMs = ctx.now()
  const pairs = yield* sqlRows<{ changedBy: string; confirmedBy: string }>(sql`
    select distinct s.changed_by as "changedBy", s.confirmed_by as "confirmedBy" from payout_staged s where s.reason is null`)
  const known = new Set(
    (yield* partsOf(ctx, batchId)).filter((part) => part.step === step).map((part) => part.accountId),
  )
  const people = new Set(pairs.flatMap(({ changedBy, confirmedBy }) => [changedBy, confirmedBy]))
  const newParts = [...people].filter((accountId) => !known.has(accountId)).toSorted()
  yield* insertRows(
    payoutParts,
    newParts.map((accountId) => ({ batchId, accountId, step, atMs })),
  )
  yield* insertRows(
    payoutChangers,
    pairs.map((pair) => ({ batchId, ...pair, step })),
    'ignore',
  )
}

/** Candidates with a reason stay as the batch's record of who was left out and why. */
export function* keepSkipped(batchId: string): Unit<void> {
  yield* sqlExec(sql`
    insert into payout_candidate (batch_id, household_code, amount_fen, reason)
    select cast(${batchId} as text), s.household_code, s.amount_fen, s.reason
    from payout_staged s where s.reason is not null order by s.household_code`)
}
