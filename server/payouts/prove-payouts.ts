// Proves that what went to the bank in a payout is booked, line by line and to the fen. Part of the nightly self-check; what a
// person must look at every hour is in check-payouts.ts.
import { and, eq, inArray, sql } from 'drizzle-orm'
import { rows } from '../db/unit.ts'
import { proofOver, shownProblems } from '../ledger/proof.ts'
import type { Proof } from '../ledger/proof.ts'

const attemptsAreBooked = proofOver({
  name: 'every payout line at the bank is booked as it says',
  from: ({ tables: { payoutAttempts: a } }) => ({ table: a, key: [a.batchId, a.seq] }),
  *findWrong({ db, tables: { payoutAttempts: a, payoutLines: l, ledgerTransfers: t } }, within) {
    const isBooked = and(
      sql`${t.id} = 'payout-line:' || ${a.lineId} || ':out.' || cast(${a.attempt} as text)`,
      sql`${t.debitAccountId} = 'household:' || ${l.householdCode}`,
      eq(t.amountFen, l.amountFen),
    )
    const wrong = yield* rows(
      db
        .select({ lineId: a.lineId, attempt: a.attempt })
        .from(a)
        .innerJoin(l, eq(l.lineId, a.lineId))
        .where(
          and(
            within,
            inArray(a.outcome, ['exported', 'unknown', 'paid']),
            sql`not exists (select 1 from ${t} where ${isBooked})`,
          ),
        )
        .limit(shownProblems),
    )
    return wrong.map(({ lineId, attempt }) => `attempt ${attempt} of payout line ${lineId} is not booked as it says`)
  },
})

export const payoutProofs: readonly Proof[] = [attemptsAreBooked]
