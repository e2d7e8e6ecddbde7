// Payees' bank accounts: entered by one person, confirmed by another, usable after a cooling-off time. A change is a new row, the old
// one stays as it was for the payouts it served. Account numbers are sealed before the unit begins.
import { and, asc, eq, inArray, isNull, ne } from 'drizzle-orm'
import { exec, insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { behindKey, keyOfCursor } from '../db/keyset.ts'
import type { PageRequest } from '../db/keyset.ts'
import { RefusalError } from '../errors/refusal.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { refuseTakenBack } from '../personal-data/consents.ts'
import { coolingOffMs } from './rules.ts'

export type PayeeAccountRow = UnitContext['tables']['payeeAccounts']['$inferSelect']

/** An account with its number sealed for the row's id (payee-account-seal.ts). */
export interface AccountProposal {
  readonly payeeAccountId: string
  readonly householdCode: string
  readonly name: string
  readonly bankName: string
  readonly bankNo: string
  readonly accountSealed: string
  readonly accountFingerprint: string
  readonly last4: string
  /** Why it is entered or changed. */
  readonly reason: string
}

/** Names that no file could carry as they are: halves of characters, controls, and private characters GB18030 has no place for. */
function isEncodable(name: string): boolean {
  return !/[\p{Cc}\p{Cs}\p{Co}\ufffd]/u.test(name)
}

/** Enters an account for a household; it takes effect when a second person confirms it. A proposal still open is replaced. */
export function* proposeAccount(ctx: UnitContext, proposal: AccountProposal, changedBy: string): Unit<PayeeAccountRow> {
  const { payeeAccounts: p, households: h } = ctx.tables
  const { householdCode, name, reason, payeeAccountId } = proposal
  if (!isEncodable(name))
    throw new RefusalError('payee_account.name_not_encodable', `no bank file can carry the name ${name}`, {
      field: 'name',
    })
  const household = yield* one(
    ctx.db
      .select({ code: h.householdCode })
      .from(h)
      .where(and(eq(h.householdCode, householdCode), isNull(h.takenOutAtMs))),
  )
  if (household === undefined) throw new RefusalError('household.unknown', undefined, { field: 'householdCode' })
  yield* refuseTakenBack(ctx, householdCode, 'SENSITIVE_DATA')
  yield* refuseTaken(ctx, proposal)
  yield* exec(
    ctx.db
      .update(p)
      .set({ state: 'rejected' })
      .where(and(eq(p.householdCode, householdCode), eq(p.state, 'proposed'))),
  )
  const account: PayeeAccountRow = {
    ...proposal,
    state: 'proposed',
    changedBy,
    changedAtMs: ctx.now(),
    confirmedBy: null,
    confirmedAtMs: null,
    usableFromMs: null,
    pausedReason: null,
  }
  yield* insertRows(p, [account])
  yield* recordAudit(ctx, {
    accountId: changedBy,
    action: 'payee_account.proposed',
    subjectId: payeeAccountId,
    detail: { householdCode, last4: proposal.last4, reason },
  })
  return account
}

function* refuseTaken({ db, tables: { payeeAccounts: p } }: UnitContext, proposal: AccountProposal): Unit<void> {
  const taken = yield* one(
    db
      .select({ householdCode: p.householdCode })
      .from(p)
      .where(
        and(
          eq(p.accountFingerprint, proposal.accountFingerprint),
          inArray(p.state, ['active', 'paused']),
          ne(p.householdCode, proposal.householdCode),
        ),
      ),
  )
  if (taken !== undefined) throw new RefusalError('payee_account.taken', undefined, { field: 'account' })
}

function* requireProposed({ db, tables: { payeeAccounts: p } }: UnitContext, id: string): Unit<PayeeAccountRow> {
  const account = yield* one(
    db
      .select()
      .from(p)
      .where(and(eq(p.payeeAccountId, id), eq(p.state, 'proposed'))),
  )
  if (account === undefined) throw new RefusalError('payee_account.unknown')
  return account
}

/** Puts a proposal in force by a second person; money goes there after the cooling-off time. */
export function* confirmAccount(ctx: UnitContext, payeeAccountId: string, confirmedBy: string): Unit<PayeeAccountRow> {
  const { payeeAccounts: p } = ctx.tables
  const account = yield* requireProposed(ctx, payeeAccountId)
  if (account.changedBy === confirmedBy) throw new RefusalError('payee_account.same_person')
  yield* refuseTakenBack(ctx, account.householdCode, 'SENSITIVE_DATA')
  yield* refuseTaken(ctx, account)
  yield* exec(
    ctx.db
      .update(p)
      .set({ state: 'replaced' })
      .where(and(eq(p.householdCode, account.householdCode), inArray(p.state, ['active', 'paused']))),
  )
  const confirmedAtMs = ctx.now()
  const change = { state: 'active' as const, confirmedBy, confirmedAtMs, usableFromMs: confirmedAtMs + coolingOffMs }
  yield* exec(ctx.db.update(p).set(change).where(eq(p.payeeAccountId, payeeAccountId)))
  yield* recordAudit(ctx, {
    accountId: confirmedBy,
    action: 'payee_account.confirmed',
    subjectId: payeeAccountId,
    detail: { householdCode: account.householdCode, last4: account.last4, usableFromMs: change.usableFromMs },
  })
  return { ...account, ...change }
}

/** Turns a proposal down; what was in force stays. */
export function* rejectAccount(ctx: UnitContext, payeeAccountId: string, byAccountId: string): Unit<PayeeAccountRow> {
  const { payeeAccounts: p } = ctx.tables
  const account = yield* requireProposed(ctx, payeeAccountId)
  yield* exec(ctx.db.update(p).set({ state: 'rejected' }).where(eq(p.payeeAccountId, payeeAccountId)))
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'payee_account.rejected',
    subjectId: payeeAccountId,
    detail: { householdCode: account.householdCode, last4: account.last4 },
  })
  return { ...account, state: 'rejected' }
}

export interface AccountQuery extends PageRequest {
  readonly state?: PayeeAccountRow['state'] | undefined
  readonly householdCode?: string | undefined
}

/** Accounts by household, newest first within one; one more than the limit when there are more. */
export function* listAccounts(ctx: UnitContext, query: AccountQuery): Unit<PayeeAccountRow[]> {
  const { payeeAccounts: p } = ctx.tables
  const { state, householdCode } = query
  return yield* rows(
    ctx.db
      .select()
      .from(p)
      .where(
        and(
          behindKey([p.householdCode, p.payeeAccountId], keyOfCursor(query.cursor, 2), 'ascending'),
          state === undefined ? undefined : eq(p.state, state),
          householdCode === undefined ? undefined : eq(p.householdCode, householdCode),
        ),
      )
      .orderBy(asc(p.householdCode), asc(p.payeeAccountId))
      .limit(query.limit + 1),
  )
}
