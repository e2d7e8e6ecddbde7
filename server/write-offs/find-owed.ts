// What of a sale is still owed, from the ledger: what was sold, less what came in and what was taken back. A channel that owes
// nothing (a wallet pays at once) has nothing to write off, whatever its lines say.
import { and, eq, inArray, sql } from 'drizzle-orm'
import { sumOf } from '../db/expressions.ts'
import { one, rows } from '../db/unit.ts'
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

interface SaleDebt extends OwedSale {
  /** Fen that came beyond what the sale is still good for: it was written off, and paid after all. */
  readonly overpaidFen: number
}

/** Refuses with write_off.sale_unknown. */
export function* findOwed(ctx: UnitContext, saleKind: SaleKind, saleLineId: string): Unit<OwedSale> {
  const { overpaidFen: _overpaidFen, ...sale } = yield* findDebt(ctx, saleKind, saleLineId)
  const channelOwesFen = Math.max(0, -(yield* balanceOf(ctx, sale.channelAccountId)))
  return { ...sale, owedFen: Math.min(sale.owedFen, channelOwesFen) }
}

function* findDebt(ctx: UnitContext, saleKind: SaleKind, saleLineId: string): Unit<SaleDebt> {
  return saleKind === 'cabinet' ? yield* debtOfCabinetLine(ctx, saleLineId) : yield* debtOfSurplusLine(ctx, saleLineId)
}

/**
 * What has come for a sale that was written off, fen: by its own payments, or as a credit of its channel that no payment names.
 * Refuses with write_off.sale_unknown.
 */
export function* findArrived(ctx: UnitContext, saleKind: SaleKind, saleLineId: string): Unit<number> {
  const { overpaidFen, channelAccountId } = yield* findDebt(ctx, saleKind, saleLineId)
  return Math.max(overpaidFen, yield* balanceOf(ctx, channelAccountId))
}

/** A cabinet's line is owed as far as it is not taken back, and its session as far as no capture brought the money. */
function* debtOfCabinetLine(ctx: UnitContext, saleLineId: string): Unit<SaleDebt> {
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
  return {
    channelAccountId: line.channelAccountId as AccountId,
    owedFen,
    overpaidFen: Math.max(0, -sessionOwesFen),
  }
}

/** A surplus line is owed once it is delivered, and its order as far as its buyer has not paid. */
function* debtOfSurplusLine(ctx: UnitContext, lineId: string): Unit<SaleDebt> {
  const { surplusLines: l, surplusOrders: o } = ctx.tables
  const [booked] = yield* transfersOf(ctx, { kind: 'surplus-line', id: lineId })
  const order = yield* one(
    ctx.db
      .select({ orderId: o.orderId, amountFen: o.amountFen, paidFen: o.paidFen })
      .from(l)
      .innerJoin(o, eq(o.orderId, l.orderId))
      .where(eq(l.lineId, lineId)),
  )
  if (booked === undefined || order === undefined)
    throw new RefusalError('write_off.sale_unknown', undefined, { field: 'saleLineId' })
  const writtenOffOfLineFen = yield* writtenOffFen(ctx, [lineId])
  const lines = yield* rows(ctx.db.select({ lineId: l.lineId }).from(l).where(eq(l.orderId, order.orderId)))
  const ids = lines.map((line) => line.lineId)
  const orderOwesFen = order.amountFen - (yield* writtenOffFen(ctx, ids)) - order.paidFen
  return {
    channelAccountId: booked.debitAccountId as AccountId,
    owedFen: Math.max(0, Math.min(booked.amountFen - writtenOffOfLineFen, orderOwesFen)),
    overpaidFen: Math.max(0, -orderOwesFen),
    householdCode: booked.creditAccountId.slice(accountIdOf('household', '').length),
  }
}

/** Written off of surplus lines and not recovered. */
function* writtenOffFen({ db, tables }: UnitContext, lineIds: readonly string[]): Unit<number> {
  const { writeOffs: w, writeOffRecoveries: r } = tables
  const isOfLines = and(inArray(w.saleLineId, [...lineIds]), eq(w.state, 'approved'))
  const off = yield* one(
    db
      .select({ fen: sumOf(w.amountFen) })
      .from(w)
      .where(isOfLines),
  )
  const back = yield* one(
    db
      .select({ fen: sumOf(r.amountFen) })
      .from(r)
      .innerJoin(w, eq(w.writeOffId, r.writeOffId))
      .where(isOfLines),
  )
  return (off?.fen ?? 0) - (back?.fen ?? 0)
}
