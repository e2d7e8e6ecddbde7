// Proves that every delivered line and every payment of the surplus desk is booked as it says. Reads only; part of the nightly
// self-check.
import { and, eq, sql } from 'drizzle-orm'
import { rows } from '../db/unit.ts'
import { namedAccounts } from '../ledger/account-kinds.ts'
import { proofOver, shownProblems } from '../ledger/proof.ts'
import type { Proof } from '../ledger/proof.ts'

const linesAreBooked = proofOver({
  name: 'every delivered line of surplus is its household’s income',
  from: ({ tables: { surplusLines: l } }) => ({ table: l, key: [l.lineId] }),
  *findWrong({ db, tables }, within) {
    const { surplusLines: l, surplusOrders: o, surplusNotices: n, ledgerTransfers: t } = tables
    const isBooked = and(
      sql`${t.id} = 'surplus-line:' || ${l.lineId} || ':household'`,
      sql`${t.creditAccountId} = 'household:' || ${n.householdCode}`,
      eq(t.amountFen, l.amountFen),
    )
    const wrong = yield* rows(
      db
        .select({ lineId: l.lineId })
        .from(l)
        .innerJoin(o, eq(o.orderId, l.orderId))
        .innerJoin(n, eq(n.noticeId, l.noticeId))
        .where(and(within, eq(o.state, 'delivered'), sql`not exists (select 1 from ${t} where ${isBooked})`))
        .limit(shownProblems),
    )
    return wrong.map(({ lineId }) => `line ${lineId} of surplus is delivered and not booked so`)
  },
})

const ordersAreTheirPayments = proofOver({
  name: 'every order of surplus is paid as its payments are booked',
  from: ({ tables: { surplusOrders: o } }) => ({ table: o, key: [o.orderId] }),
  *findWrong({ db, tables: { surplusOrders: o, surplusPayments: p, ledgerTransfers: t } }, within) {
    const isBooked = and(
      sql`${t.id} = 'surplus-payment:' || ${p.paymentId} || ':paid'`,
      eq(t.debitAccountId, namedAccounts.mainBank),
    )
    // What the take-back of a payment booked, counted the other way.
    const isTakenBack = and(
      sql`${t.id} = 'reversal:' || ${p.paymentId} || ':surplus-payment.paid'`,
      eq(t.creditAccountId, namedAccounts.mainBank),
    )
    const signedFen = sql`case when ${isBooked} then ${t.amountFen} else -${t.amountFen} end`
    const bookedFen = sql`(select coalesce(sum(${signedFen}), 0) from ${p} inner join ${t} on (${isBooked}) or (${isTakenBack}) where ${eq(p.orderId, o.orderId)})`
    const wrong = yield* rows(
      db
        .select({ orderId: o.orderId })
        .from(o)
        .where(and(within, sql`${o.paidFen} <> ${bookedFen}`))
        .limit(shownProblems),
    )
    return wrong.map(({ orderId }) => `the payments of surplus order ${orderId} are not booked as it says`)
  },
})

export const surplusProofs: readonly Proof[] = [linesAreBooked, ordersAreTheirPayments]
