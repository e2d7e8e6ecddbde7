// Sells surplus produce: an order of one buyer over one or many notices (帮销对接), agreed first, then delivered and paid, which
// books each household's income, or cancelled. The channel stays on the order and in the ledger's account.
import { eq, sql } from 'drizzle-orm'
import type { z } from 'zod'
import type { agreeSurplusOrder, SurplusOrder } from '#shared/contracts/http/surplus.ts'
import { formatYuan } from '#shared/units/fen.ts'
import { exec, insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { accountIdOf } from '../ledger/account-kinds.ts'
import { postTransfers } from '../ledger/post-transfers.ts'
import type { Transfer } from '../ledger/post-transfers.ts'
import { refuseNumbers } from '../personal-data/refuse-numbers.ts'
import type { Viewer } from '../personal-data/row-scope.ts'
import { splitOrder } from './rules.ts'
import type { SurplusChannel } from './schema.ts'
import { linesOfOrder } from './show-surplus.ts'
import { findNoticesById } from './store.ts'
import type { NoticeRow, OrderRow } from './store.ts'

export type OrderView = z.input<typeof SurplusOrder>
type LineOfOrder = UnitContext['tables']['surplusLines']['$inferSelect']
type NewOrder = z.output<(typeof agreeSurplusOrder)['body']>

/** Where the buyers' money comes in, by channel. */
export const moneyFrom: Readonly<Record<SurplusChannel, string>> = {
  UNIT_ORDER: 'surplus-unit-order',
  DEALER: 'surplus-dealer',
  CABINET: 'surplus-cabinet',
  OTHER: 'surplus-other',
}

export function* showOrder(ctx: UnitContext, viewer: Viewer, order: OrderRow): Unit<OrderView> {
  const { orderId, channel, buyerName, pricePerKgFen, massMg, amountFen, paidFen, state } = order
  const lines = yield* linesOfOrder(ctx, viewer, orderId)
  return { orderId, channel, buyerName, pricePerKgFen, massMg, amountFen, paidFen, state, lines }
}

/** Refuses with surplus.order_unknown. */
export function* findOrder(ctx: UnitContext, viewer: Viewer, orderId: string): Unit<OrderView> {
  const { surplusOrders: o } = ctx.tables
  const order = yield* one(ctx.db.select().from(o).where(eq(o.orderId, orderId)))
  if (order === undefined) throw new RefusalError('surplus.order_unknown')
  return yield* showOrder(ctx, viewer, order)
}

/** The notices asked for, in household order, each with its mass. Names the row that cannot be. */
function* matchNotices(
  ctx: UnitContext,
  viewer: Viewer,
  asked: NewOrder['lines'],
): Unit<Array<{ notice: NoticeRow; massMg: number; index: number }>> {
  const askedOf = new Map(asked.map(({ noticeId, massMg }, index) => [noticeId, { massMg, index }]))
  if (askedOf.size < asked.length)
    throw new RefusalError('request.invalid', 'lines: a notice is named twice', { field: 'lines' })
  const found = yield* findNoticesById(ctx, viewer, [...askedOf.keys()])
  const known = new Set(found.map(({ noticeId }) => noticeId))
  const missing = asked.findIndex(({ noticeId }) => !known.has(noticeId))
  if (missing >= 0) throw new RefusalError('surplus.notice_unknown', undefined, { field: `lines.${missing}.noticeId` })
  return found.map((notice) => {
    const { massMg, index } = askedOf.get(notice.noticeId) ?? { massMg: 0, index: 0 }
    const freeMg = notice.massMg - notice.agreedMg - notice.deliveredMg
    if (massMg > freeMg)
      throw new RefusalError('surplus.mass_exceeded', undefined, {
        field: `lines.${index}.massMg`,
        facts: { freeMg },
      })
    return { notice, massMg, index }
  })
}

/**
 * Promises produce to a buyer. Refuses with surplus.notice_unknown, surplus.mass_exceeded (more than has no buyer) and
 * surplus.line_worthless, each naming the row.
 */
export function* agreeOrder(ctx: UnitContext, input: NewOrder & { readonly viewer: Viewer }): Unit<OrderView> {
  const { viewer, channel, buyerName, pricePerKgFen } = input
  const { surplusNotices: n, surplusOrders, surplusLines } = ctx.tables
  refuseNumbers({ buyerName })
  const matched = yield* matchNotices(ctx, viewer, input.lines)
  const { amountFen, linesFen } = splitOrder(
    matched.map(({ massMg }) => massMg),
    pricePerKgFen,
  )
  const worthless = matched.find((_, place) => linesFen[place] === 0)
  if (worthless !== undefined)
    throw new RefusalError('surplus.line_worthless', undefined, { field: `lines.${worthless.index}.massMg` })
  const order: OrderRow = {
    orderId: ctx.newId(),
    channel,
    buyerName,
    pricePerKgFen,
    massMg: matched.reduce((sum, { massMg }) => sum + massMg, 0),
    amountFen,
    paidFen: 0,
    state: 'agreed',
    agreedBy: viewer.accountId,
    agreedAtMs: ctx.now(),
    endedBy: null,
    endedAtMs: null,
    cancelReason: null,
  }
  const { orderId } = order
  yield* insertRows(surplusOrders, [order])
  yield* insertRows(
    surplusLines,
    matched.map(({ notice, massMg }, place) => ({
      lineId: ctx.newId(),
      orderId,
      noticeId: notice.noticeId,
      massMg,
      amountFen: linesFen[place] ?? 0,
    })),
  )
  for (const { notice, massMg } of matched)
    yield* exec(
      ctx.db
        .update(n)
        .set({ agreedMg: sql`${n.agreedMg} + ${massMg}` })
        .where(eq(n.noticeId, notice.noticeId)),
    )
  yield* recordAudit(ctx, {
    accountId: viewer.accountId,
    action: 'surplus.order_agreed',
    subjectId: orderId,
    detail: { channel, buyerName, pricePerKgFen, massMg: order.massMg, amountFen },
  })
  return yield* showOrder(ctx, viewer, order)
}

/** The agreed order with its lines, all of whose households the viewer may see. */
function* requireAgreed(ctx: UnitContext, viewer: Viewer, orderId: string) {
  const { surplusOrders: o, surplusLines: l } = ctx.tables
  const order = yield* one(ctx.db.select().from(o).where(eq(o.orderId, orderId)))
  if (order === undefined) throw new RefusalError('surplus.order_unknown')
  const lines = yield* rows(ctx.db.select().from(l).where(eq(l.orderId, orderId)))
  const notices = yield* findNoticesById(
    ctx,
    viewer,
    lines.map(({ noticeId }) => noticeId),
  )
  if (notices.length < lines.length) throw new RefusalError('surplus.order_unknown')
  if (order.state !== 'agreed') throw new RefusalError('surplus.order_ended')
  return { order, lines, notices: new Map(notices.map((notice) => [notice.noticeId, notice])) }
}

const kilograms = (massMg: number) => (massMg / 1_000_000).toFixed(3)

/** The line's income, from the channel's money to the household. */
function incomeOf(order: OrderRow, line: LineOfOrder, { householdCode, productName }: NoticeRow): Transfer {
  const { channel, buyerName, pricePerKgFen } = order
  return {
    debit: accountIdOf('channel', moneyFrom[channel]),
    credit: accountIdOf('household', householdCode),
    amountFen: line.amountFen,
    cause: { kind: 'surplus-line', id: line.lineId },
    leg: 'household',
    memo: `滞销帮销（${buyerName}）${productName} ${kilograms(line.massMg)} kg × ${formatYuan(pricePerKgFen)} 元/kg`,
  }
}

/**
 * Books the income of every line (cause surplus-line, OPERATING) and takes the produce off its notices; a notice without a
 * kilogram left closes. Refuses with surplus.order_unknown, surplus.order_ended.
 */
export function* deliverOrder(
  ctx: UnitContext,
  input: { readonly viewer: Viewer; readonly orderId: string },
): Unit<OrderView> {
  const { viewer, orderId } = input
  const { surplusNotices: n, surplusOrders: o } = ctx.tables
  const { order, lines, notices } = yield* requireAgreed(ctx, viewer, orderId)
  const endedAtMs = ctx.now()
  const ended = { state: 'delivered' as const, endedBy: viewer.accountId, endedAtMs }
  yield* exec(ctx.db.update(o).set(ended).where(eq(o.orderId, orderId)))
  yield* postTransfers(
    ctx,
    lines.flatMap((line) => {
      const notice = notices.get(line.noticeId)
      return notice === undefined ? [] : [incomeOf(order, line, notice)]
    }),
  )
  for (const { noticeId, massMg } of lines) {
    const notice = notices.get(noticeId)
    if (notice === undefined) continue
    const deliveredMg = notice.deliveredMg + massMg
    const closedAtMs = deliveredMg === notice.massMg ? endedAtMs : null
    const change = { agreedMg: notice.agreedMg - massMg, deliveredMg, closedAtMs }
    yield* exec(ctx.db.update(n).set(change).where(eq(n.noticeId, noticeId)))
  }
  yield* recordAudit(ctx, {
    accountId: viewer.accountId,
    action: 'surplus.order_delivered',
    subjectId: orderId,
    before: { state: 'agreed' },
    after: { state: 'delivered' },
    detail: { channel: order.channel, massMg: order.massMg, amountFen: order.amountFen },
  })
  return yield* showOrder(ctx, viewer, { ...order, ...ended })
}

/** The produce is free for another buyer again. Refuses with surplus.order_unknown, surplus.order_ended, surplus.order_paid. */
export function* cancelOrder(
  ctx: UnitContext,
  input: { readonly viewer: Viewer; readonly orderId: string; readonly reason: string },
): Unit<OrderView> {
  const { viewer, orderId, reason } = input
  const { surplusNotices: n, surplusOrders: o } = ctx.tables
  const { order, lines } = yield* requireAgreed(ctx, viewer, orderId)
  if (order.paidFen > 0) throw new RefusalError('surplus.order_paid', undefined, { facts: { paidFen: order.paidFen } })
  const ended = {
    state: 'cancelled' as const,
    endedBy: viewer.accountId,
    endedAtMs: ctx.now(),
    cancelReason: reason,
  }
  yield* exec(ctx.db.update(o).set(ended).where(eq(o.orderId, orderId)))
  for (const { noticeId, massMg } of lines)
    yield* exec(
      ctx.db
        .update(n)
        .set({ agreedMg: sql`${n.agreedMg} - ${massMg}` })
        .where(eq(n.noticeId, noticeId)),
    )
  yield* recordAudit(ctx, {
    accountId: viewer.accountId,
    action: 'surplus.order_cancelled',
    subjectId: orderId,
    why: reason,
    before: { state: 'agreed' },
    after: { state: 'cancelled' },
  })
  return yield* showOrder(ctx, viewer, { ...order, ...ended })
}
