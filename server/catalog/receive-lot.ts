// Receives a lot at the depot: its purchase record, certificate and the households behind it.
import type { z } from 'zod'
import type { receiveLot as receiveLotRoute } from '#shared/contracts/http/catalog.ts'
import { insertRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { findUnknownHousehold } from '../households/find-unknown-household.ts'
import { bookReceipt } from '../stock/book-receipt.ts'
import { expiryOf, findSourceProblem, makeTraceCode } from './rules.ts'
import { findSku, findSupplier } from './store.ts'
import type { LotRow, SkuRow, SupplierRow } from './store.ts'

export interface ReceivedLot {
  readonly lot: LotRow
  readonly sku: SkuRow
  readonly supplier: SupplierRow
}

export function* receiveLot(
  ctx: UnitContext,
  input: z.output<(typeof receiveLotRoute)['body']> & { readonly byAccountId: string },
): Unit<ReceivedLot> {
  const sku = yield* findSku(ctx, input.skuId)
  if (sku === undefined) throw new RefusalError('catalog.sku_unknown', undefined, { field: 'skuId' })
  const supplier = yield* findSupplier(ctx, input.supplierId)
  if (supplier === undefined) throw new RefusalError('catalog.supplier_unknown', undefined, { field: 'supplierId' })
  const expiresAtMs = expiryOf(input.harvestedAtMs, sku.shelfLifeDays)
  checkDates(input.harvestedAtMs, expiresAtMs, ctx.now())
  const problem = findSourceProblem(input.sources, {
    unitsReceived: input.unitsReceived,
    labelUnitMassMg: sku.labelUnitMassMg,
  })
  if (problem !== undefined)
    throw new RefusalError('catalog.lot_sources_wrong', problem.message, { field: problem.field })
  const unknown = yield* findUnknownHousehold(
    ctx,
    input.sources.map((source) => source.householdCode),
  )
  if (unknown !== undefined) {
    throw new RefusalError(
      'household.unknown',
      `row ${unknown.index + 1} names household ${unknown.householdCode}, which is not registered`,
      {
        field: `sources.${unknown.index}.householdCode`,
      },
    )
  }
  const lot = yield* insertLot(ctx, input, expiresAtMs)
  yield* bookReceipt(ctx, { lot, sku, supplier }, input.sources)
  return { lot: { ...lot, unitsAtDepot: lot.unitsReceived }, sku, supplier }
}

function checkDates(harvestedAtMs: number, expiresAtMs: number, nowMs: number): void {
  if (harvestedAtMs > nowMs) {
    throw new RefusalError('catalog.lot_date_wrong', 'The harvest lies in the future.', { field: 'harvestedAtMs' })
  }
  if (expiresAtMs < nowMs) {
    throw new RefusalError('catalog.lot_date_wrong', 'Goods of this harvest are past their date already.', {
      field: 'harvestedAtMs',
    })
  }
}

function* insertLot(
  ctx: UnitContext,
  input: z.output<(typeof receiveLotRoute)['body']> & { readonly byAccountId: string },
  expiresAtMs: number,
): Unit<LotRow> {
  const t = ctx.tables
  const lotId = ctx.newId()
  const atMs = ctx.now()
  const { skuId, supplierId, harvestedAtMs, unitsReceived, certificateNumber, sources, byAccountId } = input
  const lot: LotRow = {
    lotId,
    traceCode: makeTraceCode(lotId, harvestedAtMs),
    skuId,
    supplierId,
    harvestedAtMs,
    receivedAtMs: atMs,
    expiresAtMs,
    unitsReceived,
    unitsAtDepot: 0,
    certificateNumber,
    receivedBy: byAccountId,
    closedAtMs: null,
    closedBy: null,
  }
  yield* insertRows(t.lots, [lot])
  yield* insertRows(
    t.lotSources,
    sources.map(({ householdCode, massMg, units }, ordinal) => ({ lotId, ordinal, householdCode, massMg, units })),
  )
  return lot
}
