// The floor price of a SKU, for whoever lowers what its goods are sold for.
import type { Unit, UnitContext } from '../db/unit.ts'
import { findTerms } from './store.ts'

export interface PromisedPrice {
  readonly supplierId: string
  /** What its households get at least for a unit, fen. */
  readonly floorFen: number
}

/** By the terms that hold; undefined where nobody is called to harvest the SKU. */
export function* findPromisedPrice(ctx: UnitContext, skuId: string): Unit<PromisedPrice | undefined> {
  const terms = yield* findTerms(ctx, skuId)
  return terms === undefined ? undefined : { supplierId: terms.supplierId, floorFen: terms.floorFen }
}
