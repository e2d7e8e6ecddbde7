// What a household's word on its sensitive data does to its payee account (personal-data/consent-texts.ts: taken back, the account
// serves no new payout). The account waits and the money stays owed; given again, it goes on as two people had entered it.
import { and, eq } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import { exec } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'

/** Tells this pause from that of an account which the bank refused: no consent ends that one. */
const pausedReason = 'the household took its consent back'

/** Pauses the account of a household that took its consent back, or lets it go on. */
export function* followConsent(
  ctx: UnitContext,
  said: { readonly householdCode: string; readonly isGiven: boolean; readonly byAccountId: string },
): Unit<void> {
  const { payeeAccounts: p } = ctx.tables
  const { householdCode, isGiven, byAccountId } = said
  const isWaiting = and(eq(p.state, 'paused'), eq(p.pausedReason, pausedReason))
  const moved = yield* exec(
    ctx.db
      .update(p)
      .set(isGiven ? { state: 'active', pausedReason: null } : { state: 'paused', pausedReason })
      .where(and(eq(p.householdCode, householdCode), isGiven ? isWaiting : eq(p.state, 'active'))),
  )
  if (moved === 0) return
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: isGiven ? 'payee_account.resumed' : 'payee_account.paused',
    subjectId: householdCode,
    why: isGiven ? 'the household gave its consent again' : pausedReason,
  })
}
