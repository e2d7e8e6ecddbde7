// A lot comes to the depot: its purchase record (进货查验记录) is written down as it is that day, and its units enter the books.
import type { LotRow, SkuRow } from '../catalog/find-goods.ts'
import { insertRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { bookMoves } from './book-moves.ts'
import { fixedPlaces } from './rules.ts'

export interface Receipt {
  readonly lot: LotRow
  readonly sku: SkuRow
  readonly supplier: { readonly name: string; readonly address: string; readonly contact: string }
}

export function* bookReceipt(
  ctx: UnitContext,
  { lot, sku, supplier }: Receipt,
  sources: ReadonlyArray<{ readonly massMg?: number | undefined }>,
): Unit<void> {
  const { lotId, unitsReceived, certificateNumber, harvestedAtMs, receivedAtMs, receivedBy } = lot
  const massMg = sources.reduce((sum, source) => sum + (source.massMg ?? 0), 0)
  yield* insertRows(ctx.tables.purchaseRecords, [
    {
      lotId,
      skuName: sku.name,
      spec: sku.spec,
      unitsReceived,
      massMg: massMg > 0 ? massMg : null,
      supplierName: supplier.name,
      supplierAddress: supplier.address,
      supplierContact: supplier.contact,
      certificateNumber,
      harvestedAtMs,
      receivedAtMs,
      receivedBy,
    },
  ])
  const { supplier: from, depot: to } = fixedPlaces
  yield* bookMoves(ctx, [{ kind: 'received', lotId, from, to, units: unitsReceived, causeId: lotId, by: receivedBy }])
}
