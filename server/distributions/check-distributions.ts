// Proves that every distribution run booked what its plan shows, to the fen, and that the ledger holds those bookings. Part of
// the nightly self-check.
import { and, eq, gt, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { rows } from '../db/unit.ts'
import { namedAccounts } from '../ledger/account-kinds.ts'
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

const bookingsAreTheirLines = proofOver({
  name: 'every line of a distribution run is its plan’s line',
  from: ({ tables: { distributionBookings: b } }) => ({ table: b, key: [b.runId, b.ordinal] }),
  *findWrong({ db, tables: { distributionRuns: r, distributionBookings: b, distributionLines: l } }, within) {
    const isLine = and(
      eq(l.planId, b.planId),
      eq(l.ordinal, b.ordinal),
      eq(l.accountId, b.accountId),
      sql`(${r.kind} = 'reversal' or ${l.amountFen} = ${b.amountFen})`,
    )
    const wrong = yield* rows(
      db
        .select({ planId: b.planId, ordinal: b.ordinal })
        .from(b)
        .innerJoin(r, eq(r.runId, b.runId))
        .where(and(within, sql`not exists (select 1 from ${l} where ${isLine})`))
        .limit(shownProblems),
    )
    return wrong.map(({ planId, ordinal }) => `line ${ordinal} of distribution ${planId} is not the one of its plan`)
  },
})

const reversalsAreBooked = proofOver({
  name: 'every reversal of a distribution takes back each line, as it says',
  from: ({ tables: { distributionRuns: r } }) => ({ table: r, key: [r.runId] }),
  *findWrong({ db, tables: { distributionRuns: r, distributionBookings: b, ledgerTransfers: t } }, within) {
    const given = alias(b, 'given')
    const run = alias(r, 'given_run')
    const booked = (leg: string, debit: SQL) =>
      sql`coalesce((select ${t.amountFen} from ${t} where ${t.id} = 'distribution-line:' || ${given.planId} || '.' || cast(${given.ordinal} as text) || ${leg} and ${t.debitAccountId} = ${debit}), 0)`
    const isTakenBack = and(
      eq(b.runId, r.runId),
      eq(b.ordinal, given.ordinal),
      eq(b.accountId, given.accountId),
      sql`${b.borneFen} - ${b.amountFen} = ${given.amountFen}`,
      sql`${b.amountFen} = -${booked(':reversal', sql`${given.accountId}`)}`,
      sql`${b.borneFen} = ${booked(':reversal.borne', sql`${namedAccounts.distributionsBorne}`)}`,
    )
    const wrong = yield* rows(
      db
        .select({ planId: given.planId, ordinal: given.ordinal })
        .from(r)
        .innerJoin(run, and(eq(run.planId, r.planId), eq(run.kind, 'run')))
        .innerJoin(given, eq(given.runId, run.runId))
        .where(
          and(
            within,
            eq(r.kind, 'reversal'),
            gt(given.amountFen, 0),
            sql`not exists (select 1 from ${b} where ${isTakenBack})`,
          ),
        )
        .limit(shownProblems),
    )
    return wrong.map(({ planId, ordinal }) => `line ${ordinal} of distribution ${planId} is not taken back as it says`)
  },
})

export const distributionProofs: readonly Proof[] = [
  runsAreTheirPlans,
  linesAreBooked,
  bookingsAreTheirLines,
  reversalsAreBooked,
]
