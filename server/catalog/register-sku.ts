// Registers a SKU with its price label.
import type { z } from 'zod'
import type { createSku } from '#shared/contracts/http/catalog.ts'
import { insertRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import type { SkuRow } from './store.ts'

export function* registerSku(ctx: UnitContext, input: z.output<(typeof createSku)['body']>): Unit<SkuRow> {
  if (input.foodClass === 'OTHER') {
    throw new RefusalError('catalog.food_class_blocked', undefined, { field: 'foodClass' })
  }
  const sku: SkuRow = { ...input, grade: input.grade ?? null, skuId: ctx.newId(), createdAtMs: ctx.now() }
  yield* insertRows(ctx.tables.skus, [sku])
  return sku
}
