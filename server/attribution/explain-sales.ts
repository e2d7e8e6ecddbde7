// Sales behind a household's income: each part of a sale line, and each refund of one, spelled out with what was sold where.
import { and, eq, inArray } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { formatYuan } from '#shared/units/fen.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import type { TakeBackCause } from './schema.ts'
import { explainPart } from './explain-part.ts'

/** A transfer that booked a part of a sale line or its refund. */
export interface BookedPart {
  readonly transferId: string
  readonly amountFen: number
  readonly causeKind: string
  readonly causeId: string
  readonly leg: string
  readonly memo: string | null
}

export interface ExplainedSale {
  readonly saleLineId: string
  readonly sessionId?: string
  readonly skuName?: string
  readonly lotTraceCode?: string
  readonly cabinetCode?: string
  readonly explanation: string[]
}

/** By transfer id; what is no sale of the household's is not in it. */
export function* explainSales(
  ctx: UnitContext,
  booked: readonly BookedPart[],
  householdCode: string,
): Unit<Map<string, ExplainedSale>> {
  const refundedLines = yield* linesOfRefunds(ctx, booked)
  const saleLineOf = (row: BookedPart) => (row.causeKind === 'sale-line' ? row.causeId : refundedLines.get(row.causeId))
  const saleLineIds = booked.map(saleLineOf).filter((id) => id !== undefined)
  const sales = yield* findSales(ctx, [...new Set(saleLineIds)], householdCode)
  const explained = new Map<string, ExplainedSale>()
  for (const row of booked) {
    const sale = sales.get(`${saleLineOf(row) ?? ''}:${Number.parseInt(row.leg, 10)}`)
    if (sale !== undefined) explained.set(row.transferId, explain(row, sale))
  }
  return explained
}

const takeBackWords: Readonly<Record<string, string>> = {
  'sale-refund': '退款冲销',
  'write-off': '坏账核销',
  'write-off-recovery': '核销收回',
} satisfies Record<TakeBackCause, string>

function* linesOfRefunds(ctx: UnitContext, booked: readonly BookedPart[]): Unit<Map<string, string>> {
  const refundIds = booked.filter((row) => row.causeKind in takeBackWords).map((row) => row.causeId)
  if (refundIds.length === 0) return new Map()
  const { refundedParts: t } = ctx.tables
  const found = yield* rows(
    ctx.db.select({ refundId: t.refundId, saleLineId: t.saleLineId }).from(t).where(inArray(t.refundId, refundIds)),
  )
  return new Map(found.map(({ refundId, saleLineId }) => [refundId, saleLineId]))
}

type Sale = ReturnType<typeof findSales> extends Unit<Map<string, infer TSale>> ? TSale : never

/** The household's parts of sale lines with what was sold where, by `<sale line>:<ordinal>`. */
function* findSales(ctx: UnitContext, saleLineIds: readonly string[], householdCode: string) {
  const { attributionParts: p, attributedLines: l, revenuePlans, lotSources, lots } = ctx.tables
  const fund = alias(p, 'fund')
  const { saleLines, skus, shoppingSessions } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select({
        saleLineId: p.saleLineId,
        ordinal: p.ordinal,
        role: p.role,
        amountFen: p.amountFen,
        shareBp: p.shareBp,
        shareFen: p.shareFen,
        weight: p.weight,
        weightTotal: p.weightTotal,
        roundingFen: p.roundingFen,
        lineFen: l.amountFen,
        isCertified: l.isCertified,
        fundFen: fund.amountFen,
        planVersion: revenuePlans.version,
        sourceUnits: lotSources.units,
        lotTraceCode: lots.traceCode,
        skuName: skus.name,
        sessionId: saleLines.sessionId,
        cabinetCode: shoppingSessions.cabinetCode,
      })
      .from(p)
      .innerJoin(l, eq(l.saleLineId, p.saleLineId))
      .innerJoin(revenuePlans, eq(revenuePlans.planId, l.planId))
      .leftJoin(fund, and(eq(fund.saleLineId, p.saleLineId), eq(fund.role, 'fund')))
      .leftJoin(lots, eq(lots.lotId, l.lotId))
      .leftJoin(lotSources, and(eq(lotSources.lotId, l.lotId), eq(lotSources.ordinal, p.sourceOrdinal)))
      .leftJoin(saleLines, eq(saleLines.saleLineId, p.saleLineId))
      .leftJoin(skus, eq(skus.skuId, saleLines.skuId))
      .leftJoin(shoppingSessions, eq(shoppingSessions.sessionId, saleLines.sessionId))
      .where(and(inArray(p.saleLineId, [...saleLineIds]), eq(p.householdCode, householdCode))),
  )
  return new Map(found.map((sale) => [`${sale.saleLineId}:${sale.ordinal}`, sale]))
}

function explain(row: BookedPart, sale: Sale): ExplainedSale {
  const { saleLineId, sessionId, skuName, lotTraceCode, cabinetCode } = sale
  const { lineFen, isCertified, fundFen, planVersion, sourceUnits } = sale
  const measure: 'mass' | 'units' = sourceUnits === null ? 'mass' : 'units'
  const line = { amountFen: lineFen, isCertified, fundFen: fundFen ?? 0, planVersion, measure } as const
  const explanation = explainPart(sale, line)
  const takenBack = takeBackWords[row.causeKind]
  if (takenBack !== undefined)
    explanation.push(`${takenBack} ${formatYuan(row.amountFen)} 元${row.memo === null ? '' : `（${row.memo}）`}`)
  return {
    saleLineId,
    ...(sessionId === null ? {} : { sessionId }),
    ...(skuName === null ? {} : { skuName }),
    ...(lotTraceCode === null ? {} : { lotTraceCode }),
    ...(cabinetCode === null ? {} : { cabinetCode }),
    explanation,
  }
}
