// Proves that every sale line equals the sum of its parts, that the ledger booked exactly those parts, that every sale was
// attributed, and that every refund took back what it says. Reads only; part of the nightly self-check.
import { and, eq, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { namedAccounts } from '../ledger/account-kinds.ts'
import { proofOver, proveAtOnce, shownProblems } from '../ledger/proof.ts'
import type { Proof } from '../ledger/proof.ts'

const linesAreTheirParts = proofOver({
  name: 'every sale line is the sum of its parts',
  from: ({ tables: { attributedLines: l } }) => ({ table: l, key: [l.saleLineId] }),
  *findWrong({ db, tables: { attributedLines: l, attributionParts: p } }, within) {
    const summed = sql<number>`(select coalesce(sum(${p.amountFen}), 0) from ${p} where ${eq(p.saleLineId, l.saleLineId)})`
    const wrong = yield* rows(
      db
        .select({ saleLineId: l.saleLineId, amountFen: l.amountFen, partsFen: summed.mapWith(Number) })
        .from(l)
        .where(and(within, sql`${l.amountFen} <> ${summed}`))
        .limit(shownProblems),
    )
    return wrong.map(
      ({ saleLineId, amountFen, partsFen }) =>
        `sale line ${saleLineId} is ${amountFen} fen, its parts sum to ${partsFen}`,
    )
  },
})

const partsAreBooked = proofOver({
  name: 'every part of a sale line is booked as it says',
  from: ({ tables: { attributionParts: p } }) => ({ table: p, key: [p.saleLineId, p.ordinal] }),
  *findWrong({ db, tables: { attributionParts: p, ledgerTransfers: t } }, within) {
    const isBooked = and(
      sql`${t.id} = 'sale-line:' || ${p.saleLineId} || ':' || cast(${p.ordinal} as text)`,
      eq(t.creditAccountId, p.accountId),
      eq(t.amountFen, p.amountFen),
    )
    const wrong = yield* rows(
      db
        .select({ saleLineId: p.saleLineId, ordinal: p.ordinal })
        .from(p)
        .where(and(within, sql`not exists (select 1 from ${t} where ${isBooked})`))
        .limit(shownProblems),
    )
    return wrong.map(({ saleLineId, ordinal }) => `part ${ordinal} of sale line ${saleLineId} is not booked as it says`)
  },
})

const salesAreAttributed = proofOver({
  name: 'every sale is attributed as sold',
  from: ({ tables: { saleLines: s } }) => ({ table: s, key: [s.saleLineId] }),
  *findWrong({ db, tables: { saleLines: s, attributedLines: l } }, within) {
    const wrong = yield* rows(
      db
        .select({ saleLineId: s.saleLineId })
        .from(s)
        .leftJoin(l, eq(l.saleLineId, s.saleLineId))
        .where(and(within, sql`${s.amountFen} <> coalesce(${l.amountFen}, 0)`))
        .limit(shownProblems),
    )
    return wrong.map(({ saleLineId }) => `sale line ${saleLineId} is not attributed as sold`)
  },
})

const refundsAreBooked = proofOver({
  name: 'every refund, write-off and recovery of a sale line is booked as it says',
  from: ({ tables: { refundedParts: r } }) => ({ table: r, key: [r.refundId, r.ordinal] }),
  *findWrong({ db, tables: { refundedParts: r, attributionParts: p, ledgerTransfers: t } }, within) {
    const isRecovery = eq(r.causeKind, 'write-off-recovery')
    const booked = (suffix: string, payer: typeof p.accountId | SQL) =>
      sql`coalesce((select case when ${isRecovery} then -${t.amountFen} else ${t.amountFen} end from ${t} where ${t.id} = ${r.causeKind} || ':' || ${r.refundId} || ':' || cast(${r.ordinal} as text) || ${suffix} and case when ${isRecovery} then ${t.creditAccountId} else ${t.debitAccountId} end = ${payer}), 0)`
    const bearer = sql`case ${r.causeKind} when 'sale-refund' then ${namedAccounts.refundsBorne} else ${namedAccounts.salesBorne} end`
    const wrong = yield* rows(
      db
        .select({ refundId: r.refundId, ordinal: r.ordinal })
        .from(r)
        .innerJoin(p, and(eq(p.saleLineId, r.saleLineId), eq(p.ordinal, r.ordinal)))
        .where(
          and(
            within,
            sql`(${r.takenFen} <> ${booked('', p.accountId)} or ${r.borneFen} <> ${booked('.borne', bearer)})`,
          ),
        )
        .limit(shownProblems),
    )
    return wrong.map(({ refundId, ordinal }) => `refund ${refundId} of part ${ordinal} is not booked as it says`)
  },
})

export const attributionProofs: readonly Proof[] = [
  linesAreTheirParts,
  partsAreBooked,
  salesAreAttributed,
  refundsAreBooked,
]

/** All proofs of the attribution over one snapshot: sentences that name what is wrong; empty when nothing is. */
export function* checkAttribution(ctx: UnitContext): Unit<string[]> {
  return (yield* proveAtOnce(ctx, attributionProofs)).flatMap(({ problems }) => problems)
}
