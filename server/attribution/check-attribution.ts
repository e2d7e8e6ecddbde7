// Proves that every sale line equals the sum of its parts and that the ledger booked exactly those parts. Reads only; part
// of the nightly self-check.
import { and, eq, sql } from 'drizzle-orm'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'

const shown = 20

/** Sentences that name what is wrong; empty when nothing is. At most 20 of each kind. */
export function* checkAttribution(ctx: UnitContext): Unit<string[]> {
  return [...(yield* wrongSums(ctx)), ...(yield* unbookedParts(ctx)), ...(yield* unattributedSales(ctx))]
}

function* wrongSums(ctx: UnitContext): Unit<string[]> {
  const { attributedLines: l, attributionParts: p } = ctx.tables
  const summed = sql<number>`(select coalesce(sum(${p.amountFen}), 0) from ${p} where ${eq(p.saleLineId, l.saleLineId)})`
  const wrong = yield* rows(
    ctx.db
      .select({ saleLineId: l.saleLineId, amountFen: l.amountFen, partsFen: summed.mapWith(Number) })
      .from(l)
      .where(sql`${l.amountFen} <> ${summed}`)
      .limit(shown),
  )
  return wrong.map(
    ({ saleLineId, amountFen, partsFen }) =>
      `sale line ${saleLineId} is ${amountFen} fen, its parts sum to ${partsFen}`,
  )
}

function* unbookedParts(ctx: UnitContext): Unit<string[]> {
  const { attributionParts: p, ledgerTransfers: t } = ctx.tables
  const isBooked = and(
    sql`${t.id} = 'sale-line:' || ${p.saleLineId} || ':' || cast(${p.ordinal} as text)`,
    eq(t.creditAccountId, p.accountId),
    eq(t.amountFen, p.amountFen),
  )
  const wrong = yield* rows(
    ctx.db
      .select({ saleLineId: p.saleLineId, ordinal: p.ordinal })
      .from(p)
      .where(sql`not exists (select 1 from ${t} where ${isBooked})`)
      .limit(shown),
  )
  return wrong.map(({ saleLineId, ordinal }) => `part ${ordinal} of sale line ${saleLineId} is not booked as it says`)
}

/** Sale lines with an amount that nothing was attributed for, or another amount was. */
function* unattributedSales(ctx: UnitContext): Unit<string[]> {
  const { saleLines: s, attributedLines: l } = ctx.tables
  const wrong = yield* rows(
    ctx.db
      .select({ saleLineId: s.saleLineId })
      .from(s)
      .leftJoin(l, eq(l.saleLineId, s.saleLineId))
      .where(sql`${s.amountFen} <> coalesce(${l.amountFen}, 0)`)
      .limit(shown),
  )
  return wrong.map(({ saleLineId }) => `sale line ${saleLineId} is not attributed as sold`)
}
