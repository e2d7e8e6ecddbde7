// Tries again what the bank refused: a follow-up batch that holds only refused lines of the batch before, each as its next attempt
// to the household's present account. It posts nothing; like any batch it is approved and released by other people.
import { and, eq, sql } from 'drizzle-orm'
import { one, sqlExec, sqlRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { accountReasons, insertBatch } from './draft-batch.ts'
import { enterChangers, keepSkipped, stageCandidates } from './stage-candidates.ts'
import { changeBatch, requireBatch, requireProfile } from './store.ts'
import type { BatchRow } from './store.ts'

/**
 * Drafts the follow-up of a batch that the bank has answered. Lines whose household has no usable account, or whose money a refund
 * has taken meanwhile, are left out with their reason and stay refused. Refuses with payout.nothing_failed.
 */
export function* reissueFailed(ctx: UnitContext, batchId: string, preparedBy: string): Unit<BatchRow> {
  const before = yield* requireBatch(ctx, batchId)
  const { incomeKind, cutoffMs, minimumFen, profileId, scopePrefix } = before
  yield* refuseSecondFollowUp(ctx, batchId)
  const profile = yield* requireProfile(ctx, profileId)
  const batch = yield* insertBatch(ctx, {
    incomeKind,
    cutoffMs,
    minimumFen,
    profileId,
    profileVersion: profile.version,
    scopePrefix,
    note: `${before.batchNo} 失败重发`,
    followsBatchId: batchId,
    preparedBy,
    draftCursor: null,
    householdTotal: 0,
  })
  const staged = yield* stageCandidates(ctx, refusedCandidates(ctx, batch, batchId))
  if (staged.paidCount === 0)
    throw new RefusalError('payout.nothing_failed', undefined, { facts: yield* countReasons() })
  yield* enterChangers(ctx, batch.batchId)
  yield* addAttempts(batch, batchId)
  yield* keepSkipped(batch.batchId)
  yield* recordAudit(ctx, {
    accountId: preparedBy,
    action: 'payout.reissue_drafted',
    subjectId: batch.batchId,
    detail: { followsBatchId: batchId, lineCount: staged.paidCount, totalFen: staged.paidFen },
  })
  return yield* changeBatch(ctx, batch, {
    householdTotal: staged.paidCount + staged.skippedCount,
    householdCount: staged.paidCount + staged.skippedCount,
    lineCount: staged.paidCount,
    totalFen: staged.paidFen,
    skippedCount: staged.skippedCount,
    skippedFen: staged.skippedFen,
  })
}

/** A batch that is being tried again already is not tried twice at once. */
function* refuseSecondFollowUp({ db, tables: { payoutBatches: b } }: UnitContext, batchId: string): Unit<void> {
  const open = yield* one(
    db
      .select({ batchNo: b.batchNo })
      .from(b)
      .where(
        and(
          eq(b.followsBatchId, batchId),
          sql`${b.state} not in ('EXPORTED', 'BANK_RETURNED', 'SETTLED', 'CANCELLED')`,
        ),
      )
      .limit(1),
  )
  if (open !== undefined) throw new RefusalError('payout.state_wrong', `${open.batchNo} tries again already`)
}

/** The batch's attempts that stand refused, with none behind them; one household has one of the kind in it. */
const refused = (batchId: string) => sql`
  payout_attempt f where f.batch_id = ${batchId} and f.outcome = 'failed' and f.is_live`

const refusedCandidates = (ctx: UnitContext, batch: BatchRow, followedId: string) => sql`
    select r.household_code, r.amount_fen,
      case
        when coalesce(h.balance_fen, 0) < r.amount_fen then 'not_covered'
        ${accountReasons(ctx, batch.preparedBy)}
      end as reason, p.payee_account_id, p.changed_by, p.confirmed_by
    from (select f.household_code, f.amount_fen from ${refused(followedId)}) r
    left join ledger_account h on h.id = 'household:' || r.household_code
    left join payee_account p on p.household_code = r.household_code and p.state in ('active', 'paused')`

/** Why the refused lines have to wait, and how many each: such as `account_paused` until two people have entered it anew. */
function* countReasons(): Unit<Record<string, number>> {
  const counted = yield* sqlRows<{ reason: string; count: number }>(sql`
    select reason, cast(count(*) as integer) as count from payout_staged where reason is not null group by reason`)
  return Object.fromEntries(counted.map(({ reason, count }) => [reason, Number(count)]))
}

/** The next attempt lives in place of the refused one. */
function* addAttempts({ batchId, incomeKind }: BatchRow, followedId: string): Unit<void> {
  const isStaged = sql`household_code in (select c.household_code from payout_staged c where c.reason is null)`
  yield* sqlExec(sql`
    update payout_attempt set is_live = null
    where batch_id = ${followedId} and outcome = 'failed' and is_live and ${isStaged}`)
  yield* sqlExec(sql`
    insert into payout_attempt (batch_id, seq, line_id, attempt, household_code, income_kind, amount_fen, is_live,
      payee_account_id, changed_by, confirmed_by, outcome)
    select cast(${batchId} as text), c.seq, f.line_id, f.attempt + 1, f.household_code, cast(${incomeKind} as text), f.amount_fen,
      1 = 1, c.payee_account_id, c.changed_by, c.confirmed_by, 'unanswered'
    from payout_staged c join payout_attempt f on f.household_code = c.household_code and f.income_kind = ${incomeKind}
      and f.batch_id = ${followedId}
    where c.reason is null`)
}
