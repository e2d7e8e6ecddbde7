// Where every fen of sale lines went, for receipts: each part with its payee, masked as the public may see it, and its reason.
import { and, asc, eq, inArray } from 'drizzle-orm'
import type { z } from 'zod'
import type { AttributionPart } from '#shared/contracts/http/sessions.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { maskedHousehold } from '../households/masking.ts'
import { explainPart } from './explain-part.ts'
import type { ExplainedLine } from './explain-part.ts'

export interface LineAttribution {
  readonly planVersion: number
  readonly parts: ReadonlyArray<z.input<typeof AttributionPart>>
}

/** The attribution of sale lines, by sale line id; lines that booked nothing are not in it. */
export function* showAttribution(ctx: UnitContext, saleLineIds: readonly string[]): Unit<Map<string, LineAttribution>> {
  const found = yield* findExplained(ctx, saleLineIds)
  const shown = new Map<string, { planVersion: number; parts: Array<z.input<typeof AttributionPart>> }>()
  for (const row of found) {
    const fund = found.find((other) => other.saleLineId === row.saleLineId && other.role === 'fund')
    const line = shown.get(row.saleLineId) ?? { planVersion: row.planVersion, parts: [] }
    line.parts.push(toPart(row, fund?.amountFen ?? 0))
    shown.set(row.saleLineId, line)
  }
  return shown
}

type ExplainedRow = ReturnType<typeof findExplained> extends Unit<Array<infer TRow>> ? TRow : never

function* findExplained(ctx: UnitContext, saleLineIds: readonly string[]) {
  const {
    attributionParts: p,
    attributedLines: l,
    revenuePlans,
    lotSources,
    lots,
    suppliers,
    organisations,
  } = ctx.tables
  const { households, villages } = ctx.tables
  return yield* rows(
    ctx.db
      .select({
        saleLineId: p.saleLineId,
        role: p.role,
        amountFen: p.amountFen,
        shareBp: p.shareBp,
        shareFen: p.shareFen,
        weight: p.weight,
        weightTotal: p.weightTotal,
        roundingFen: p.roundingFen,
        householdCode: p.householdCode,
        lineFen: l.amountFen,
        isCertified: l.isCertified,
        planVersion: revenuePlans.version,
        sourceUnits: lotSources.units,
        supplierName: suppliers.name,
        organisationName: organisations.name,
        headName: households.headName,
        villageName: villages.name,
      })
      .from(p)
      .innerJoin(l, eq(l.saleLineId, p.saleLineId))
      .innerJoin(revenuePlans, eq(revenuePlans.planId, l.planId))
      .leftJoin(lots, eq(lots.lotId, l.lotId))
      .leftJoin(suppliers, eq(suppliers.supplierId, lots.supplierId))
      .leftJoin(organisations, eq(organisations.organisationId, suppliers.organisationId))
      .leftJoin(lotSources, and(eq(lotSources.lotId, l.lotId), eq(lotSources.ordinal, p.sourceOrdinal)))
      .leftJoin(households, eq(households.householdCode, p.householdCode))
      .leftJoin(villages, eq(villages.villageCode, households.villageCode))
      .where(inArray(p.saleLineId, [...saleLineIds]))
      .orderBy(asc(p.saleLineId), asc(p.ordinal)),
  )
}

function toPart(row: ExplainedRow, fundFen: number): z.input<typeof AttributionPart> {
  const { lineFen, isCertified, planVersion, sourceUnits } = row
  const measure = sourceUnits === null ? 'mass' : 'units'
  const line: ExplainedLine = { amountFen: lineFen, isCertified, fundFen, planVersion, measure }
  const why = explainPart(row, line).join('；')
  const { amountFen, role } = row
  if (role === 'household' && row.householdCode !== null) {
    const { householdCode, headName, villageName } = row
    // A source may name a household that the register does not have yet: no name is invented for it.
    const payee = maskedHousehold({ householdCode, headName: headName ?? '*' })
    return { payeeKind: 'household', ...payee, ...(villageName === null ? {} : { villageName }), amountFen, why }
  }
  if (role === 'supplier') return { payeeKind: 'supplier', payeeName: row.supplierName ?? '供货商', amountFen, why }
  if (role === 'organisation')
    return { payeeKind: 'organisation', payeeName: row.organisationName ?? '合作组织', amountFen, why }
  if (role === 'fund') return { payeeKind: 'fund', payeeName: '帮扶基金', amountFen, why }
  return { payeeKind: 'operator', payeeName: role === 'operator' ? '运营方' : '待归属', amountFen, why }
}
