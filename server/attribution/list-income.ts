// One household's income, line by line from the ledger, each explained down to the sale it came from.
import { and, desc, eq, inArray } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { z } from 'zod'
import type { IncomeLine } from '#shared/contracts/http/money.ts'
import { formatYuan } from '#shared/units/fen.ts'
import { sumOf } from '../db/expressions.ts'
import { behindKey, keyOfCursor, pageOfRows } from '../db/keyset.ts'
import type { Page, PageRequest } from '../db/keyset.ts'
import { one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { accountIdOf } from '../ledger/account-kinds.ts'
import type { CauseKind } from '../ledger/causes.ts'
import { explainPart } from './explain-part.ts'
import type { IncomeKind } from './schema.ts'

export type IncomeView = z.input<typeof IncomeLine>

/** Which causes are income, and of which kind (domain.md, income kinds). Payouts move income on and are not in it. */
export const incomeKindByCause: Partial<Record<CauseKind, IncomeKind>> = {
  'sale-line': 'OPERATING',
  'sale-refund': 'OPERATING',
  'surplus-line': 'OPERATING',
  'distribution-line': 'PROPERTY',
  'wage-line': 'WAGE',
}
export const incomeCauses = Object.keys(incomeKindByCause) as CauseKind[]

/** Attributed income of each household, in fen; households without any are not in it. */
export function* incomeOfHouseholds(ctx: UnitContext, householdCodes: readonly string[]): Unit<Map<string, number>> {
  if (householdCodes.length === 0) return new Map()
  const { ledgerEntries: e, ledgerTransfers: t, ledgerAccounts: a } = ctx.tables
  const ids = householdCodes.map((code) => accountIdOf('household', code))
  const sums = yield* rows(
    ctx.db
      .select({ householdCode: a.ownerId, incomeFen: sumOf(e.amountFen) })
      .from(e)
      .innerJoin(t, eq(t.id, e.transferId))
      .innerJoin(a, eq(a.id, e.accountId))
      .where(and(inArray(e.accountId, ids), inArray(t.causeKind, incomeCauses)))
      .groupBy(a.ownerId),
  )
  return new Map(sums.map(({ householdCode, incomeFen }) => [householdCode, incomeFen]))
}

/** A page of a household's income, newest first, and the total over all of it. */
export function* listIncome(
  ctx: UnitContext,
  householdCode: string,
  request: PageRequest,
): Unit<Page<IncomeView> & { totalFen: number }> {
  const { ledgerEntries: e, ledgerTransfers: t } = ctx.tables
  const isIncome = and(eq(e.accountId, accountIdOf('household', householdCode)), inArray(t.causeKind, incomeCauses))
  const found = yield* rows(
    ctx.db
      .select({
        transferId: e.transferId,
        atMs: e.atMs,
        amountFen: e.amountFen,
        causeKind: t.causeKind,
        causeId: t.causeId,
        leg: t.leg,
        memo: t.memo,
      })
      .from(e)
      .innerJoin(t, eq(t.id, e.transferId))
      .where(and(isIncome, behindKey([e.atMs, e.transferId], keyOfCursor(request.cursor, 2), 'descending')))
      .orderBy(desc(e.atMs), desc(e.transferId))
      .limit(request.limit + 1),
  )
  const total = yield* one(
    ctx.db
      .select({ totalFen: sumOf(e.amountFen) })
      .from(e)
      .innerJoin(t, eq(t.id, e.transferId))
      .where(isIncome),
  )
  const refundedLines = yield* linesOfRefunds(ctx, found)
  const saleLineOf = (row: BookedIncome) =>
    row.causeKind === 'sale-line' ? row.causeId : refundedLines.get(row.causeId)
  const saleLineIds = found.map(saleLineOf).filter((id) => id !== undefined)
  const sales = yield* findSales(ctx, [...new Set(saleLineIds)], householdCode)
  const page = pageOfRows(
    found,
    request.limit,
    (row) => [row.atMs, row.transferId],
    (row) => toLine(row, sales.get(`${saleLineOf(row) ?? ''}:${Number.parseInt(row.leg, 10)}`)),
  )
  return { ...page, totalFen: total?.totalFen ?? 0 }
}

interface BookedIncome {
  readonly transferId: string
  readonly atMs: number
  readonly amountFen: number
  readonly causeKind: CauseKind
  readonly causeId: string
  readonly leg: string
  readonly memo: string | null
}

function* linesOfRefunds(ctx: UnitContext, booked: readonly BookedIncome[]): Unit<Map<string, string>> {
  const refundIds = booked.filter((row) => row.causeKind === 'sale-refund').map((row) => row.causeId)
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

function toLine(row: BookedIncome, sale: Sale | undefined): IncomeView {
  const base = {
    transferId: row.transferId,
    atMs: row.atMs,
    incomeKind: incomeKindByCause[row.causeKind] ?? 'OPERATING',
    amountFen: row.amountFen,
  }
  if (sale === undefined) return { ...base, explanation: row.memo === null ? [] : [row.memo] }
  const { saleLineId, sessionId, skuName, lotTraceCode, cabinetCode } = sale
  const { lineFen, isCertified, fundFen, planVersion, sourceUnits } = sale
  const measure: 'mass' | 'units' = sourceUnits === null ? 'mass' : 'units'
  const line = { amountFen: lineFen, isCertified, fundFen: fundFen ?? 0, planVersion, measure } as const
  const explanation = explainPart(sale, line)
  if (row.causeKind === 'sale-refund')
    explanation.push(`退款冲销 ${formatYuan(row.amountFen)} 元${row.memo === null ? '' : `（${row.memo}）`}`)
  return {
    ...base,
    saleLineId,
    ...(sessionId === null ? {} : { sessionId }),
    ...(skuName === null ? {} : { skuName }),
    ...(lotTraceCode === null ? {} : { lotTraceCode }),
    ...(cabinetCode === null ? {} : { cabinetCode }),
    explanation,
  }
}
