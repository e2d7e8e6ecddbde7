// Proves that every distribution run booked what its plan shows, to the fen, and that the ledger holds those bookings. Part of
// the nightly self-check.
import { and, eq, gt, sql } from 'drizzle-orm'
import { rows } from '../db/unit.ts'
import { proofOver, shownProblems } from '../ledger/proof.ts'
import type { Proof } from '../ledger/proof.ts'

const runsAreTheirPlans = proofOver({
  name: 'every distribution run sums to its plan',
  from: ({ tables: { distributionRuns: r } }) => ({ table: r, key: [r.runId] }),
  *findWrong({ db, tables: { distributionRuns: r, distributionPlans: p, distributionBookings: b } }, within) {
    const bookedFen = sql`(select coalesce(sum(${b.amountFen}), 0) from ${b} where ${eq(b.runId, r.runId)})`
    const wrong = yield* rows(
      db
        .select({ runId: r.runId, planId: r.planId })
        .from(r)
        .innerJoin(p, eq(p.planId, r.planId))
        .where(and(within, eq(r.kind, 'run'), sql`${p.totalFen} <> ${bookedFen}`))
        .limit(shownProblems),
    )
    return wrong.map(({ runId, planId }) => `run ${runId} does not sum to its plan ${planId}`)
  },
})

const linesAreBooked = proofOver({
  name: 'every line of a distribution run is booked as it says',
  from: ({ tables: { distributionBookings: b } }) => ({ table: b, key: [b.runId, b.ordinal] }),
  *findWrong({ db, tables: { distributionRuns: r, distributionBookings: b, ledgerTransfers: t } }, within) {
    const isBooked = and(
      sql`${t.id} = 'distribution-line:' || ${b.planId} || '.' || cast(${b.ordinal} as text) || ':run'`,
      eq(t.creditAccountId, b.accountId),
      eq(t.amountFen, b.amountFen),
    )
    const wrong = yield* rows(
      db
        .select({ planId: b.planId, ordinal: b.ordinal })
        .from(b)
        .innerJoin(r, eq(r.runId, b.runId))
        .where(
          and(within, eq(r.kind, 'run'), gt(b.amountFen, 0), sql`not exists (select 1 from ${t} where ${isBooked})`),
        )
        .limit(shownProblems),
    )
    return wrong.map(({ planId, ordinal }) => `line ${ordinal} of distribution ${planId} is not booked as it says`)
  },
})

export const distributionProofs: readonly Proof[] = [runsAreTheirPlans, linesAreBooked]
