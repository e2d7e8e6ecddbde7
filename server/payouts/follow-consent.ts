// What a household's word on its sensitive data does to its payee account (personal-data/consent-texts.ts: taken back, the account
// serves no new payout). The account waits and the money stays owed; given again, it goes on as two people had entered it.
import { and, asc, eq, sql } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import type { Database } from '../db/database.ts'
import { exec, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'

/** Tells this pause from that of an account which the bank refused: no consent ends that one. */
const pausedReason = 'the household took its consent back'

/** Pauses the account of a household that took its consent back, or lets it go on. */
export function* followConsent(
  ctx: UnitContext,
  said: { readonly householdCode: string; readonly isGiven: boolean; readonly byAccountId: string | undefined },
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

/** Accounts of one commit. */
const pageRows = 200

/** Households that said no last and whose account is not paused. */
function* findUnpaused({ db, tables: { payeeAccounts: p, consents: c } }: UnitContext): Unit<string[]> {
  const newest = sql`(
    select max(d.ordinal) from ${c} d where d.household_code = ${p.householdCode} and d.purpose = 'SENSITIVE_DATA')`
  const standing = and(eq(c.householdCode, p.householdCode), eq(c.purpose, 'SENSITIVE_DATA'), eq(c.ordinal, newest))
  const found = yield* rows(
    db
      .select({ householdCode: p.householdCode })
      .from(p)
      .innerJoin(c, standing)
      .where(and(eq(p.state, 'active'), eq(c.isGiven, false)))
      .orderBy(asc(p.householdCode))
      .limit(pageRows),
  )
  return found.map(({ householdCode }) => householdCode)
}

/**
 * At start, before anything is paid: pauses the accounts of households that took their consent back while no version did so by itself.
 * Returns how many; several processes at once pause each of them once.
 */
export async function pauseTakenBack(database: Database): Promise<number> {
  let paused = 0
  for (;;) {
    const done = await database.run(function* (ctx): Unit<number> {
      const codes = yield* findUnpaused(ctx)
      for (const householdCode of codes)
        yield* followConsent(ctx, { householdCode, isGiven: false, byAccountId: undefined })
      return codes.length
    })
    paused += done
    if (done < pageRows) return paused
  }
}
