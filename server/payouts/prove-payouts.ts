// Proves that what went to the bank in a payout is booked, line by line and to the fen. Part of the nightly self-check; what a
// person must look at every hour is in check-payouts.ts.
import { and, eq, inArray, or, sql } from 'drizzle-orm'
import { rows } from '../db/unit.ts'
import { namedAccounts } from '../ledger/account-kinds.ts'
import { proofOver, shownProblems } from '../ledger/proof.ts'
import type { Proof } from '../ledger/proof.ts'
import { isInTransit } from './attempts.ts'

const attemptsAreBooked = proofOver({
  name: 'every payout line at the bank is booked as it says',
  from: ({ tables: { payoutAttempts: a } }) => ({ table: a, key: [a.batchId, a.seq] }),
  *findWrong({ db, tables }, within) {
    const { payoutAttempts: a, payoutBatches: b, ledgerTransfers: t } = tables
    const isBooked = and(
      sql`${t.id} = 'payout-line:' || ${a.lineId} || ':out.' || cast(${a.attempt} as text)`,
      sql`${t.debitAccountId} = 'household:' || ${a.householdCode}`,
      eq(t.amountFen, a.amountFen),
    )
    const wrong = yield* rows(
      db
        .select({ lineId: a.lineId, attempt: a.attempt })
        .from(a)
        .innerJoin(b, eq(b.batchId, a.batchId))
        .where(
          and(
            within,
            or(eq(a.outcome, 'paid'), isInTransit(tables)),
            sql`not exists (select 1 from ${t} where ${isBooked})`,
          ),
        )
        .limit(shownProblems),
    )
    return wrong.map(({ lineId, attempt }) => `attempt ${attempt} of payout line ${lineId} is not booked as it says`)
  },
})

const answersAreBooked = proofOver({
  name: 'every answer of the bank is booked as it says',
  from: ({ tables: { payoutAttempts: a } }) => ({ table: a, key: [a.batchId, a.seq] }),
  *findWrong({ db, tables: { payoutAttempts: a, ledgerTransfers: t } }, within) {
    const isPaid = eq(a.outcome, 'paid')
    const isBooked = and(
      sql`${t.id} = case when ${isPaid} then 'payout-line:' else 'payout-return:' end || ${a.lineId} || ':' || ${a.outcome} || '.' || cast(${a.attempt} as text)`,
      sql`${t.creditAccountId} = case when ${isPaid} then ${namedAccounts.mainBank} else 'household:' || ${a.householdCode} end`,
      eq(t.amountFen, a.amountFen),
    )
    const attempt = sql`cast(${a.attempt} as text)`
    const isAnswered = sql`${t.id} in ('payout-line:' || ${a.lineId} || ':paid.' || ${attempt},
      'payout-return:' || ${a.lineId} || ':failed.' || ${attempt})`
    const wrong = yield* rows(
      db
        .select({ lineId: a.lineId, outcome: a.outcome })
        .from(a)
        .where(
          and(
            within,
            or(
              and(
                inArray(a.outcome, ['paid', 'failed', 'returned']),
                sql`not exists (select 1 from ${t} where ${isBooked})`,
              ),
              // A line that forgot its answer would be asked for, and paid, once more.
              and(inArray(a.outcome, ['unanswered', 'unknown']), sql`exists (select 1 from ${t} where ${isAnswered})`),
            ),
          ),
        )
        .limit(shownProblems),
    )
    return wrong.map(({ lineId, outcome }) => `payout line ${lineId} is ${outcome}, and not booked so`)
  },
})

const batchesAreTheirLines = proofOver({
  name: 'every payout batch is the sum of its lines',
  // A batch may have a million lines.
  rowsPerSlice: 1,
  from: ({ tables: { payoutBatches: b } }) => ({ table: b, key: [b.batchId] }),
  *findWrong({ db, tables: { payoutBatches: b, payoutAttempts: a } }, within) {
    const linesFen = sql`(select coalesce(sum(${a.amountFen}), 0) from ${a} where ${eq(a.batchId, b.batchId)})`
    const wrong = yield* rows(
      db
        .select({ batchNo: b.batchNo })
        .from(b)
        .where(and(within, sql`${b.totalFen} <> ${linesFen}`))
        .limit(shownProblems),
    )
    return wrong.map(({ batchNo }) => `payout batch ${batchNo} does not sum to its lines`)
  },
})

export const payoutProofs: readonly Proof[] = [attemptsAreBooked, answersAreBooked, batchesAreTheirLines]
