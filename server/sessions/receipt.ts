// The receipt (小票): every line with the price it was agreed on, and where every fen of it went. Household names are
// masked; a receipt is for buyers.
import type { z } from 'zod'
import type { Receipt } from '#shared/contracts/http/sessions.ts'
import { showAttribution } from '../attribution/show-attribution.ts'
import type { LineAttribution } from '../attribution/show-attribution.ts'
import { findLotsById } from '../catalog/find-goods.ts'
import type { LotWithSupplier } from '../catalog/find-goods.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { accountIdOf } from '../ledger/account-kinds.ts'
import { balanceAt } from '../ledger/balances.ts'
import { findContracted, findSaleLines } from './store.ts'
import type { Contracted, SaleLineRow } from './store.ts'

type ReceiptView = z.input<typeof Receipt>
type LineView = ReceiptView['lines'][number]

interface Facts {
  readonly session: Contracted
  readonly attribution: ReadonlyMap<string, LineAttribution>
  readonly lots: ReadonlyMap<string, LotWithSupplier>
}

/** The receipt of a settled session; undefined for any other. */
export function* makeReceipt(ctx: UnitContext, sessionId: string): Unit<Receipt | undefined> {
  const session = yield* findContracted(sessionId)
  if (session === undefined || session.receiptNumber === null || session.endedAtMs === null) return undefined
  const lines = yield* findSaleLines(ctx, sessionId)
  const attribution = yield* showAttribution(
    ctx,
    lines.map((line) => line.saleLineId),
  )
  const lots = yield* findLotsById(
    ctx,
    lines.flatMap(({ lotId }) => (lotId === null ? [] : [lotId])),
  )
  const walletAfterFen = yield* balanceAt(ctx, accountIdOf('wallet', session.accountId), session.endedAtMs)
  const facts = { session, attribution, lots }
  return {
    sessionId,
    receiptNumber: session.receiptNumber,
    cabinetCode: session.cabinetCode,
    hostSiteName: session.hostSiteName,
    ...(session.openedAtMs === null ? {} : { openedAtMs: session.openedAtMs }),
    settledAtMs: session.endedAtMs,
    lines: lines.map((line) => showLine(line, facts)),
    totalFen: session.totalFen ?? 0,
    heldFen: session.heldFen,
    walletAfterFen,
    pricingVersion: session.pricingVersion ?? '',
    ...(session.confidencePpm === null ? {} : { confidence: session.confidencePpm / 1_000_000 }),
    flags: session.flags ?? [],
  }
}

function showLine(line: SaleLineRow, { session, attribution, lots }: Facts): LineView {
  const contract =
    session.lanes.find((lane) => lane.laneId === line.laneId && lane.skuId === line.skuId) ??
    session.lanes.find((lane) => lane.skuId === line.skuId)
  const split = attribution.get(line.saleLineId)
  const lot = line.lotId === null ? undefined : lots.get(line.lotId)
  return {
    saleLineId: line.saleLineId,
    laneId: line.laneId,
    skuId: line.skuId,
    name: contract?.name ?? '',
    spec: contract?.spec ?? '',
    origin: contract?.origin ?? '',
    mode: line.mode,
    ...(line.count === null ? {} : { count: line.count }),
    ...(line.massMg === null ? {} : { massMg: line.massMg }),
    unitPriceFen: line.unitPriceFen,
    amountFen: line.amountFen,
    isCertified: line.isCertified,
    ...(lot === undefined ? {} : { lotTraceCode: lot.traceCode }),
    ...(split === undefined ? {} : { revenuePlanVersion: split.planVersion }),
    parts: split === undefined ? [] : [...split.parts],
  }
}
