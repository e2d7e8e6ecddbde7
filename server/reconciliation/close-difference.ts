// A difference is closed by a posting and by nothing else: one person proposes it with the account that takes the other side
// and the reason, another approves it, and then it is booked. The amount and the direction follow from the difference.
import { and, eq } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import { exec, one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { accountKindNames, namedAccounts } from '../ledger/account-kinds.ts'
import type { AccountId, AccountKind } from '../ledger/account-kinds.ts'
import { postTransfers } from '../ledger/post-transfers.ts'
import type { Transfer } from '../ledger/post-transfers.ts'
import type { DifferenceRow } from './keep-findings.ts'

/** Who may take the other side: never a household, whose money is not at issue between us and a bank. */
const otherKinds: readonly AccountKind[] = ['wallet', 'transit', 'fee', 'writeoff', 'rounding', 'fund']

/** Refuses with reconciliation.difference_unknown. */
function* requireDifference(ctx: UnitContext, differenceId: string): Unit<DifferenceRow> {
  const { reconciliationDifferences: d } = ctx.tables
  const found = yield* one(ctx.db.select().from(d).where(eq(d.differenceId, differenceId)))
  if (found === undefined) throw new RefusalError('reconciliation.difference_unknown')
  return found
}

/** The wallet of nobody would take money that nobody can spend. Refuses with reconciliation.account_wrong. */
function* requireWallet({ db, tables: { ledgerAccounts: a } }: UnitContext, accountId: string): Unit<void> {
  if ((yield* one(db.select({ id: a.id }).from(a).where(eq(a.id, accountId)))) === undefined)
    throw new RefusalError('reconciliation.account_wrong', 'there is no such wallet', { field: 'otherAccountId' })
}

/** What closes it: money the statement has beyond the books comes to the bank's account, money it lacks leaves it. */
export function closingTransfer(difference: DifferenceRow, otherAccountId: AccountId, reason: string): Transfer {
  const amountFen = difference.statementFen - difference.booksFen
  const bank = namedAccounts.mainBank
  return {
    debit: amountFen > 0 ? bank : otherAccountId,
    credit: amountFen > 0 ? otherAccountId : bank,
    amountFen: Math.abs(amountFen),
    cause: { kind: 'reconciliation', id: difference.differenceId },
    leg: 'close',
    memo: `${difference.channel} ${difference.subject} ${difference.reference}：${reason}`,
  }
}

export interface ClosingProposal {
  readonly differenceId: string
  readonly otherAccountId: string
  readonly reason: string
  readonly byAccountId: string
}

/** Refuses with reconciliation.difference_unknown, difference_not_open and account_wrong. */
export function* proposeClosing(ctx: UnitContext, proposal: ClosingProposal): Unit<DifferenceRow> {
  const { differenceId, otherAccountId, reason, byAccountId } = proposal
  const difference = yield* requireDifference(ctx, differenceId)
  if (difference.state !== 'open' && difference.state !== 'proposed')
    throw new RefusalError('reconciliation.difference_not_open', undefined, { facts: { state: difference.state } })
  if (difference.statementFen === difference.booksFen)
    throw new RefusalError('reconciliation.nothing_to_post', undefined, { field: 'differenceId' })
  const kind = otherAccountId.slice(0, otherAccountId.indexOf(':')) as AccountKind
  if (!accountKindNames.includes(kind) || !otherKinds.includes(kind))
    throw new RefusalError('reconciliation.account_wrong', `the other side may be ${otherKinds.join(', ')}`, {
      field: 'otherAccountId',
    })
  if (kind === 'wallet') yield* requireWallet(ctx, otherAccountId)
  const change = {
    state: 'proposed',
    otherAccountId,
    reason,
    proposedBy: byAccountId,
    proposedAtMs: ctx.now(),
  } as const
  yield* changeDifference(ctx, difference, change)
  const action = 'reconciliation.closing_proposed'
  const after = { otherAccountId, amountFen: difference.statementFen - difference.booksFen }
  yield* recordAudit(ctx, { accountId: byAccountId, action, subjectId: differenceId, why: reason, after })
  return { ...difference, ...change }
}

/** Books the proposed posting. Refuses with reconciliation.same_person, not_proposed and ledger.balance_insufficient. */
export function* approveClosing(
  ctx: UnitContext,
  { differenceId, byAccountId }: { readonly differenceId: string; readonly byAccountId: string },
): Unit<DifferenceRow> {
  const difference = yield* requireDifference(ctx, differenceId)
  const { state, proposedBy, otherAccountId, reason } = difference
  if (state !== 'proposed' || otherAccountId === null || reason === null)
    throw new RefusalError('reconciliation.difference_not_open', undefined, { facts: { state } })
  if (proposedBy === byAccountId) throw new RefusalError('reconciliation.same_person')
  yield* postTransfers(ctx, [closingTransfer(difference, otherAccountId as AccountId, reason)])
  const change = { state: 'closed', approvedBy: byAccountId, approvedAtMs: ctx.now() } as const
  yield* changeDifference(ctx, difference, change)
  yield* countOff(ctx, difference)
  const action = 'reconciliation.difference_closed'
  yield* recordAudit(ctx, { accountId: byAccountId, action, subjectId: differenceId, why: reason })
  return { ...difference, ...change }
}

function* changeDifference(ctx: UnitContext, difference: DifferenceRow, change: Partial<DifferenceRow>): Unit<void> {
  const { reconciliationDifferences: d } = ctx.tables
  const isUnchanged = and(eq(d.differenceId, difference.differenceId), eq(d.state, difference.state))
  if ((yield* exec(ctx.db.update(d).set(change).where(isUnchanged))) === 0) throw new RefusalError('request.conflict')
}

/** Takes a closed difference off its subject's sums. */
function* countOff(ctx: UnitContext, { channel, subject, statementFen, booksFen }: DifferenceRow): Unit<void> {
  const { reconciliations: r } = ctx.tables
  const isSubject = and(eq(r.channel, channel), eq(r.subject, subject))
  const row = yield* one(ctx.db.select().from(r).where(isSubject))
  if (row === undefined) return
  const differenceFen = row.differenceFen - (statementFen - booksFen)
  yield* exec(
    ctx.db
      .update(r)
      .set({ differenceFen, openCount: row.openCount - 1 })
      .where(isSubject),
  )
}
