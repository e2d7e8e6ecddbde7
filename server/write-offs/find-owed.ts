// What of a sale is still owed, from the ledger: what was sold, less what came in and what was taken back. A channel that owes
// nothing (a wallet pays at once) has nothing to write off, whatever its lines say.
import { and, eq, sql } from 'drizzle-orm'
import { sumOf } from '../db/expressions.ts'
import { one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { accountIdOf } from '../ledger/account-kinds.ts'
import type { AccountId } from '../ledger/account-kinds.ts'
import { balanceOf } from '../ledger/balances.ts'
import { transfersOf } from '../ledger/transfers-of.ts'
import type { SaleKind } from './schema.ts'

export interface OwedSale {
  /** Where the money would have come in. */
  readonly channelAccountId: AccountId
  /** Fen, ≥ 0. */
  readonly owedFen: number
  /** Whom a surplus line gave its money; a cabinet's line has its attribution. */
  readonly householdCode?: string
}

/** Refuses with write_off.sale_unknown. */
export function* findOwed(ctx: UnitContext, saleKind: SaleKind, saleLineId: string): Unit<OwedSale> {
  const sale =
    saleKind === 'cabinet' ? yield* owedOfCabinetLine(ctx, saleLineId) : yield* owedOfSurplusLine(ctx, saleLineId)
  const channelOwesFen = Math.max(0, -(yield* balanceOf(ctx, sale.channelAccountId)))
  return { ...sale, owedFen: Math.min(sale.owedFen, channelOwesFen) }
}

/** A cabinet's line is owed as far as it is not taken back, and its session as far as no capture brought the money. */
function* owedOfCabinetLine(ctx: UnitContext, saleLineId: string): Unit<OwedSale> {
  const { attributedLines: a, saleLines: s, refundedParts: r, saleRefunds } = ctx.tables
  const line = yield* one(
    ctx.db
      .select({ amountFen: a.amountFen, channelAccountId: a.channelAccountId, sessionId: s.sessionId })
      .from(a)
      .innerJoin(s, eq(s.saleLineId, a.saleLineId))
      .where(eq(a.saleLineId, saleLineId)),
  )
  if (line === undefined) throw new RefusalError('write_off.sale_unknown', undefined, { field: 'saleLineId' })
  const takenBack = sumOf(sql`${r.takenFen} + ${r.borneFen}`)
  const ofLine = yield* one(ctx.db.select({ fen: takenBack }).from(r).where(eq(r.saleLineId, saleLineId)))
  const isOfSession = sql`${r.saleLineId} in (select ${s.saleLineId} from ${s} where ${s.sessionId} = ${line.sessionId})`
  const ofSession = yield* one(ctx.db.select({ fen: takenBack }).from(r).where(isOfSession))
  const sold = yield* one(
    ctx.db
      .select({ fen: sumOf(s.amountFen) })
      .from(s)
      .where(eq(s.sessionId, line.sessionId)),
  )
  const paidBack = yield* one(
    ctx.db
      .select({ fen: sumOf(saleRefunds.amountFen) })
      .from(saleRefunds)
      .where(eq(saleRefunds.sessionId, line.sessionId)),
  )
  const captured = yield* transfersOf(ctx, { kind: 'capture', id: line.sessionId })
  const keptFen = captured.reduce((sum, { amountFen }) => sum + amountFen, 0) - (paidBack?.fen ?? 0)
  const sessionOwesFen = (sold?.fen ?? 0) - (ofSession?.fen ?? 0) - keptFen
  const owedFen = Math.max(0, Math.min(line.amountFen - (ofLine?.fen ?? 0), sessionOwesFen))
  return { channelAccountId: line.channelAccountId as AccountId, owedFen }
}

/** A surplus line is owed once it is delivered; its channel's balance says what has come in. */
function* owedOfSurplusLine(ctx: UnitContext, lineId: string): Unit<OwedSale> {
  const { writeOffs: w } = ctx.tables
  const [booked] = yield* transfersOf(ctx, { kind: 'surplus-line', id: lineId })
  if (booked === undefined) throw new RefusalError('write_off.sale_unknown', undefined, { field: 'saleLineId' })
  const earlier = yield* one(
    ctx.db
      .select({ fen: sumOf(w.amountFen) })
      .from(w)
      .where(and(eq(w.saleLineId, lineId), eq(w.state, 'approved'))),
  )
  return {
    channelAccountId: booked.debitAccountId as AccountId,
    owedFen: booked.amountFen - (earlier?.fen ?? 0),
    householdCode: booked.creditAccountId.slice(accountIdOf('household', '').length),
  }
}
