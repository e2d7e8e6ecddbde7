// Drafts a payout: everything a household has earned of one kind through the cut-off and has not been paid. The database does the
// work, some thousand households to a unit, so that sales go on between and a draft that was killed goes on where it was.
import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { dayOf } from '../calendar/rules.ts'
import { insertRows, sqlExec, sqlRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { ownerIdOf } from '../ledger/account-kinds.ts'
import { isOfKind, isPaidOut } from './income-entries.ts'
import type { PayoutKind } from './rules.ts'
import { enterChangers, keepSkipped, stageCandidates } from './stage-candidates.ts'
import { changeBatch, nextBatchNo, requireBatch, requireProfile, takePart } from './store.ts'
import type { BatchRow } from './store.ts'

export interface BatchRequest {
  readonly incomeKind: PayoutKind
  /** Epoch ms, not in the future; income after it waits for the next batch. */
  readonly cutoffMs: number
  /** Smaller sums are carried over. Whole fen, ≥ 1. */
  readonly minimumFen: number
  readonly profileId: string
  /** Only households whose code begins so (a town's 9 digits, a village's 12); empty: all. */
  readonly scopePrefix: string
  readonly note: string
}

/** Households looked at in one unit. */
const householdsPerUnit = 10_000

/** Before every code of the scope in byte order, a whole code too, and behind every code before them. */
function firstId({ scopePrefix }: { scopePrefix: string }): string {
  const last = scopePrefix.at(-1)
  if (last === undefined) return 'household:'
  return `household:${scopePrefix.slice(0, -1)}${String.fromCodePoint(last.charCodeAt(0) - 1)}~`
}
/** ':' follows '9' in byte order: behind every code of the scope. */
const beyondId = ({ scopePrefix }: { scopePrefix: string }) => `household:${scopePrefix}:`

/** Opens an empty draft; the preparer takes that part in it. */
export function* openBatch(ctx: UnitContext, request: BatchRequest, preparedBy: string): Unit<BatchRow> {
  const nowMs = ctx.now()
  if (request.cutoffMs > nowMs)
    throw new RefusalError('request.invalid', 'the cut-off lies in the future', { field: 'cutoffMs' })
  const profile = yield* requireProfile(ctx, request.profileId)
  const [scope] = yield* sqlRows<{ households: number }>(sql`
    select cast(count(*) as bigint) as households from ledger_account a
    where a.kind = 'household' and a.id > ${firstId(request)} and a.id < ${beyondId(request)}`)
  const batch = yield* insertBatch(ctx, {
    ...request,
    profileVersion: profile.version,
    followsBatchId: null,
    preparedBy,
    draftCursor: firstId(request),
    householdTotal: scope?.households ?? 0,
  })
  yield* recordAudit(ctx, {
    accountId: preparedBy,
    action: 'payout.drafted',
    subjectId: batch.batchId,
    detail: { ...request, batchNo: batch.batchNo },
  })
  return batch
}

type NewBatch = Pick<
  BatchRow,
  | 'incomeKind'
  | 'cutoffMs'
  | 'minimumFen'
  | 'profileId'
  | 'profileVersion'
  | 'scopePrefix'
  | 'note'
  | 'followsBatchId'
  | 'preparedBy'
  | 'draftCursor'
  | 'householdTotal'
>

/** Writes a batch in its first state, with the preparer's part. */
export function* insertBatch(ctx: UnitContext, given: NewBatch): Unit<BatchRow> {
  const createdAtMs = ctx.now()
  const batch: BatchRow = {
    ...given,
    batchId: ctx.newId(),
    batchNo: yield* nextBatchNo(ctx, given.incomeKind, dayOf(createdAtMs)),
    state: 'DRAFT',
    createdAtMs,
    householdCount: 0,
    lineCount: 0,
    totalFen: 0,
    skippedCount: 0,
    skippedFen: 0,
    reviewsRequired: 0,
    approvalsRequired: 1,
    releasesRequired: 1,
    noticeFromMs: null,
    noticeUntilMs: null,
    noticeClosedAtMs: null,
    exportedSeq: 0,
    exportedAtMs: null,
    returnDueMs: null,
    settledAtMs: null,
  }
  yield* insertRows(ctx.tables.payoutBatches, [batch])
  yield* takePart(ctx, batch.batchId, given.preparedBy, 'prepare')
  return batch
}

/**
 * Looks at the next households of a draft. Returns the batch as it is then; `draftCursor` is empty once every household of the
 * scope has been looked at. Refuses with payout.state_wrong when the batch is no draft any more.
 */
export function* draftNext(ctx: UnitContext, batchId: string): Unit<BatchRow> {
  const batch = yield* requireBatch(ctx, batchId)
  if (batch.state !== 'DRAFT')
    throw new RefusalError('payout.state_wrong', undefined, { facts: { state: batch.state } })
  if (batch.draftCursor === null) return batch
  const page = yield* nextPage(batch, batch.draftCursor)
  yield* letGoUncovered(ctx, batch, batch.draftCursor, page.throughId)
  const staged = yield* stageCandidates(ctx, candidates(ctx, batch, batch.draftCursor, page.throughId))
  yield* enterChangers(ctx, batchId)
  yield* makeAttempts(batch)
  yield* keepSkipped(batchId)
  return yield* changeBatch(ctx, batch, {
    draftCursor: page.isLast ? null : page.throughId,
    householdCount: batch.householdCount + page.count,
    lineCount: batch.lineCount + staged.paidCount,
    totalFen: batch.totalFen + staged.paidFen,
    skippedCount: batch.skippedCount + staged.skippedCount,
    skippedFen: batch.skippedFen + staged.skippedFen,
  })
}

interface DraftPage {
  readonly throughId: string
  readonly count: number
  readonly isLast: boolean
}

function* nextPage(batch: BatchRow, afterId: string): Unit<DraftPage> {
  const [page] = yield* sqlRows<{ throughId: string | null; count: number }>(sql`
    select max(p.id) as "throughId", cast(count(*) as bigint) as "count" from (
      select a.id from ledger_account a
      where a.kind = 'household' and a.id > ${afterId} and a.id < ${beyondId(batch)}
      order by a.id limit ${sql.raw(String(householdsPerUnit))}) p`)
  const count = page?.count ?? 0
  return { throughId: page?.throughId ?? beyondId(batch), count, isLast: count < householdsPerUnit }
}

/**
 * A refused line whose money a refund has taken since can never be tried again as it is: it lets go, and what is left falls into the draft.
 * As long as the household holds the line's amount, the line waits for its follow-up.
 */
function* letGoUncovered(ctx: UnitContext, batch: BatchRow, afterId: string, throughId: string): Unit<void> {
  const lines = yield* sqlExec(sql`
    update payout_attempt set is_live = null
    where household_code > ${ownerIdOf(afterId)} and household_code <= ${ownerIdOf(throughId)}
      and income_kind = ${batch.incomeKind} and is_live and outcome = 'failed'
      and amount_fen > (select h.balance_fen from ledger_account h where h.id = 'household:' || payout_attempt.household_code)`)
  if (lines === 0) return
  yield* recordAudit(ctx, {
    accountId: batch.preparedBy,
    action: 'payout.refused_lines_let_go',
    subjectId: batch.batchId,
    detail: { batchNo: batch.batchNo, lines, afterId, throughId },
  })
}

const bigint = (value: number) => sql`cast(${value} as bigint)`

/** The least of numbers of which none is NULL. */
const least = ({ dialect }: UnitContext, ...values: SQL[]) =>
  sql`${sql.raw(dialect === 'sqlite' ? 'min' : 'least')}(${sql.join(values, sql`, `)})`

/**
 * SELECT of what each household of the range is due, and why it is not paid if it is not. Due is what the kind's entries come to
 * at the cut-off, less what was paid since, and still come to now (a refund may have taken some back), at most what the account holds
 * beside the live lines of other kinds. Entries are read in the order they are kept in, and each sum then finds its account: it has one, and the left join only
 * says which comes first.
 */
function candidates(ctx: UnitContext, batch: BatchRow, afterId: string, throughId: string): SQL {
  const { incomeKind, cutoffMs, minimumFen, preparedBy } = batch
  const isPaid = isPaidOut(sql`e.transfer_id`, sql`e.at_ms`, batch.createdAtMs)
  const freeFen = sql`h.balance_fen - coalesce(l.held_fen, 0)`
  const dueFen = least(ctx, sql`x.now_fen`, sql`x.now_fen - x.later_fen`, freeFen)
  return sql`
    with earned as (
      select e.account_id,
        cast(sum(e.amount_fen) as bigint) as now_fen,
        cast(coalesce(sum(e.amount_fen) filter (where e.at_ms > ${bigint(cutoffMs)} and not ${isPaid}), 0) as bigint) as later_fen
      from ledger_entry e
      where e.account_id > ${afterId} and e.account_id <= ${throughId} and ${isOfKind(sql`e.transfer_id`, incomeKind)}
      group by e.account_id
    ), live as materialized (
      select a.household_code,
        cast(sum(case when a.income_kind <> ${incomeKind}
          and (a.outcome = 'failed' or (a.outcome = 'unanswered' and a.seq > b.exported_seq)) then a.amount_fen else 0 end) as bigint) as held_fen,
        max(case when a.income_kind = ${incomeKind} then 1 else 0 end) as has_line
      from payout_attempt a join payout_batch b on b.batch_id = a.batch_id
      where a.household_code > ${ownerIdOf(afterId)} and a.household_code <= ${ownerIdOf(throughId)} and a.is_live
      group by a.household_code
    ), due as materialized (
      select h.owner_id as household_code, coalesce(l.has_line, 0) as has_line, ${dueFen} as amount_fen
      from earned x left join ledger_account h on h.id = x.account_id left join live l on l.household_code = h.owner_id
    )
    select d.household_code, d.amount_fen,
      case
        when d.has_line = 1 then 'line_is_live'
        when d.amount_fen < ${bigint(minimumFen)} then 'below_minimum'
        ${accountReasons(ctx, preparedBy)}
      end as reason, p.payee_account_id, p.changed_by, p.confirmed_by
    from due d
    left join payee_account p on p.household_code = d.household_code and p.state in ('active', 'paused')
    where d.amount_fen > 0`
}

/** WHEN clauses over the payee account `p` of a candidate. */
export function accountReasons(ctx: UnitContext, preparedBy: string): SQL {
  return sql`
        when p.payee_account_id is null then 'no_account'
        when p.state = 'paused' then 'account_paused'
        when p.usable_from_ms > ${bigint(ctx.now())} then 'account_cooling'
        when p.changed_by = ${preparedBy} or p.confirmed_by = ${preparedBy} then 'account_changed_by_preparer'`
}

/** Turns the staged candidates without a reason into lines: their first attempts, numbered on from those the batch has. */
function* makeAttempts({ batchId, batchNo, incomeKind, lineCount }: BatchRow): Unit<void> {
  const seq = sql`${sql.raw(String(lineCount))} + s.seq`
  const lineId = sql`cast(${batchNo} as text) || '-' || substr('0000000' || cast(${seq} as text), length(cast(${seq} as text)) + 1)`
  yield* sqlExec(sql`
    insert into payout_attempt (batch_id, seq, line_id, attempt, household_code, income_kind, amount_fen, is_live,
      payee_account_id, changed_by, confirmed_by, outcome)
    select cast(${batchId} as text), ${seq}, ${lineId}, 1, s.household_code, cast(${incomeKind} as text), s.amount_fen, 1 = 1,
      s.payee_account_id, s.changed_by, s.confirmed_by, 'unanswered'
    from payout_staged s where s.reason is null order by s.seq`)
}
