// Takes back what a sale line gave that was refunded or will never be paid: the same graph in reverse, each part in proportion
// to what is left of it. A household is never debited below zero; what it has been paid already is borne by a named account.
import { asc, eq } from 'drizzle-orm'
import { insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { accountKindOf, accountKinds, namedAccounts } from '../ledger/account-kinds.ts'
import type { AccountId } from '../ledger/account-kinds.ts'
import { balanceOf } from '../ledger/balances.ts'
import { postTransfers } from '../ledger/post-transfers.ts'
import type { Transfer } from '../ledger/post-transfers.ts'
import { splitRefund } from './rules.ts'
import { findParts } from './store.ts'
import type { PartRow } from './store.ts'

export interface SaleLineRefund {
  /** Made once with the decision to refund; a repeat does nothing. */
  readonly refundId: string
  readonly saleLineId: string
  /** Whole fen, > 0, at most what is left of the line. */
  readonly amountFen: number
  readonly reason: string
  /** Default: the buyer gets the money back. */
  readonly causeKind?: keyof typeof bearers
}

/** Who bears what a household has been paid already. */
const bearers = { 'sale-refund': namedAccounts.refundsBorne, 'write-off': namedAccounts.salesBorne } as const

/**
 * Books the refund of part or all of a line, back to the channel the sale came from; paying it out is the payment port's
 * refund. Refuses with attribution.sale_line_unknown, attribution.refund_exceeds, or ledger.cause_conflict when the refund is
 * booked with another amount.
 */
export function* refundSaleLine(ctx: UnitContext, refund: SaleLineRefund): Unit<'posted' | 'already'> {
  const { refundId, saleLineId, amountFen, causeKind = 'sale-refund' } = refund
  const { attributedLines, refundedParts } = ctx.tables
  const line = yield* one(ctx.db.select().from(attributedLines).where(eq(attributedLines.saleLineId, saleLineId)))
  if (line === undefined) throw new RefusalError('attribution.sale_line_unknown')
  const earlier = yield* rows(
    ctx.db
      .select()
      .from(refundedParts)
      .where(eq(refundedParts.saleLineId, saleLineId))
      .orderBy(asc(refundedParts.refundId), asc(refundedParts.ordinal)),
  )
  const booked = earlier.filter((row) => row.refundId === refundId)
  if (booked.length > 0) {
    if (totalOf(booked) !== amountFen) throw new RefusalError('ledger.cause_conflict', `refund ${refundId}`)
    return 'already'
  }
  const leftFen = line.amountFen - totalOf(earlier)
  if (amountFen > leftFen)
    throw new RefusalError('attribution.refund_exceeds', undefined, { field: 'amountFen', facts: { leftFen } })
  const parts = yield* findParts(ctx, [saleLineId])
  const shares = splitRefund(
    amountFen,
    parts.map((part) => part.amountFen - totalOf(earlier.filter((row) => row.ordinal === part.ordinal))),
  )
  const taken = yield* planTakings(ctx, parts, shares)
  yield* postTransfers(
    ctx,
    taken.flatMap((taking) => transfersOfTaking(taking, refund, line.channelAccountId as AccountId)),
  )
  const atMs = ctx.now()
  yield* insertRows(
    refundedParts,
    taken.map(({ part, takenFen, borneFen }) => ({
      refundId,
      causeKind,
      saleLineId,
      ordinal: part.ordinal,
      takenFen,
      borneFen,
      atMs,
    })),
  )
  return 'posted'
}

interface Taking {
  readonly part: PartRow
  readonly takenFen: number
  readonly borneFen: number
}

const totalOf = (refunded: ReadonlyArray<{ takenFen: number; borneFen: number }>) =>
  refunded.reduce((sum, row) => sum + row.takenFen + row.borneFen, 0)

/** From whom each share comes. Two parts of one account share its balance. */
function* planTakings(ctx: UnitContext, parts: readonly PartRow[], shares: readonly number[]): Unit<Taking[]> {
  const balances = new Map<string, number>()
  const takings: Taking[] = []
  for (const [index, part] of parts.entries()) {
    const shareFen = shares[index] ?? 0
    if (shareFen === 0) continue
    const accountId = part.accountId as AccountId
    if (!accountKinds[accountKindOf(accountId)].isNeverNegative) {
      takings.push({ part, takenFen: shareFen, borneFen: 0 })
      continue
    }
    const balanceFen = balances.get(accountId) ?? (yield* balanceOf(ctx, accountId))
    const takenFen = Math.min(balanceFen, shareFen)
    balances.set(accountId, balanceFen - takenFen)
    takings.push({ part, takenFen, borneFen: shareFen - takenFen })
  }
  return takings
}

function transfersOfTaking(taking: Taking, refund: SaleLineRefund, channel: AccountId): Transfer[] {
  const { part, takenFen, borneFen } = taking
  const causeKind = refund.causeKind ?? 'sale-refund'
  const cause = { kind: causeKind, id: refund.refundId }
  const transfers: Transfer[] = []
  const base = { credit: channel, cause, memo: refund.reason }
  const leg = String(part.ordinal)
  if (takenFen > 0) transfers.push({ ...base, debit: part.accountId as AccountId, amountFen: takenFen, leg })
  if (borneFen > 0) transfers.push({ ...base, debit: bearers[causeKind], amountFen: borneFen, leg: `${leg}.borne` })
  return transfers
}
