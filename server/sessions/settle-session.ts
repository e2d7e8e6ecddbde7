// Settles a session, once: prices what was taken by the contract, books and attributes each line, takes the money from the
// hold and gives the rest back, takes the goods off the books. One unit, in one transaction with the event that caused it.
import type { Effect } from '../context.ts'
import { insertRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { attributeSaleLines } from '../attribution/attribute-sale-lines.ts'
import type { PaymentPort } from '../payments/payment-port.ts'
import { addFinding } from './findings.ts'
import { priceBill, pricingVersion } from './pricing.ts'
import type { Bill, BillLine, TakenLine } from './pricing.ts'
import { readBooks } from './read-books.ts'
import { holdReturned, makeReceiptNumber } from './rules.ts'
import { newsOf } from './session-news.ts'
import { bookSale } from '../stock/book-sale.ts'
import { advance } from './store.ts'
import type { Contracted } from './store.ts'

export interface Settlement {
  readonly taken: readonly TakenLine[]
  /** Journal position of the event it rests on; null when a person decided without one. */
  readonly seq: number | null
  readonly confidence?: number | undefined
  readonly flags: readonly string[]
  readonly reason?: string | undefined
}

/** The session must be one that may settle; the caller has checked (rules.ts). */
export function* settleSession(
  ctx: UnitContext,
  payments: PaymentPort,
  session: Contracted,
  settlement: Settlement,
): Unit<readonly Effect[]> {
  const books = yield* readBooks(session)
  const bill = priceBill(settlement.taken, session.lanes, session.heldFen, books)
  const atMs = ctx.now()
  const lines = bill.lines.map((line) => ({ ...line, saleLineId: ctx.newId() }))
  yield* insertRows(
    ctx.tables.saleLines,
    lines.map((line) => toRow(session.sessionId, line, atMs)),
  )
  yield* attributeSaleLines(ctx, {
    lines: lines.map(({ saleLineId, amountFen, isCertified, lotId }) => ({
      saleLineId,
      amountFen,
      isCertified,
      lotId,
    })),
    channel: payments.channel,
    soldAtMs: session.authorisedAtMs,
  })
  const wasReturned = session.flags?.includes(holdReturned) === true
  yield* wasReturned
    ? payments.captureLate(ctx, session.sessionId, bill.totalFen)
    : payments.capture(ctx, session.sessionId, bill.totalFen)
  const { cabinetId, sessionId } = session
  const locked = yield* bookSale(ctx, { cabinetId, sessionId, lines, lots: books.lots })
  const flags = [...new Set([...(session.flags ?? []), ...settlement.flags, ...bill.flags])]
  const settled = yield* advance(session, {
    state: 'settled',
    totalFen: bill.totalFen,
    shortfallFen: bill.shortfallFen,
    reason: settlement.reason ?? session.reason,
    flags,
    receiptNumber: makeReceiptNumber(session.cabinetCode, settlement.seq, session.sessionId),
    pricingVersion,
    confidencePpm: settlement.confidence === undefined ? null : Math.round(settlement.confidence * 1_000_000),
    // After the capture: the receipt shows the wallet as it was at this instant.
    endedAtMs: ctx.now(),
    deadlineAtMs: null,
    outcomeSeq: settlement.seq,
  })
  yield* keepFindings(ctx, session, settlement.seq ?? 0, bill)
  return [...newsOf(settled), ...locked]
}

function toRow(sessionId: string, line: BillLine & { readonly saleLineId: string }, atMs: number) {
  const { saleLineId, laneId, contract, lotId, isCertified, count, massMg, unitPriceFen, listFen, amountFen } = line
  const { skuId, mode } = contract
  return {
    saleLineId,
    sessionId,
    laneId,
    skuId,
    lotId,
    mode,
    count,
    massMg,
    unitPriceFen,
    listFen,
    amountFen,
    isCertified,
    atMs,
  }
}

/** What the bill left out stays visible: nothing is lost in silence. */
function* keepFindings(ctx: UnitContext, session: Contracted, seq: number, bill: Bill): Unit<void> {
  const place = { cabinetId: session.cabinetId, seq, sessionId: session.sessionId }
  if (bill.shortfallFen > 0) {
    const detail = `goods for ${bill.totalFen + bill.shortfallFen} fen, held ${session.heldFen} fen`
    yield* addFinding(ctx, { ...place, finding: 'capped_at_hold', detail })
  }
  if (bill.unpriced.length > 0) {
    const detail = bill.unpriced
      .map((line) => `${line.laneId} ${line.skuId} ×${line.count ?? line.massMg ?? 0}`)
      .join('; ')
    yield* addFinding(ctx, { ...place, finding: 'unpriced', detail })
  }
  if (bill.flags.includes('expired_item')) {
    yield* addFinding(ctx, {
      ...place,
      finding: 'expired_item',
      detail: 'an item past its date was taken; not charged',
    })
  }
  if (bill.flags.includes('locked_item')) {
    const locked = new Map(session.lanes.map(({ laneId, lockReason }) => [laneId, lockReason]))
    const detail = bill.lines
      .filter(({ laneId }) => locked.get(laneId) !== undefined)
      .map((line) => `${line.laneId} (${locked.get(line.laneId)}) ×${line.count ?? line.massMg ?? 0}; not charged`)
      .join('; ')
    yield* addFinding(ctx, { ...place, finding: 'locked_item', detail })
  }
}
