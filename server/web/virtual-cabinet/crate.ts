// The goods in a restocker's crate: those of the cabinet's shelves, with what a piece weighs by its label. Only who may restock
// has a crate.
import { shallowRef, watch, type ShallowRef } from 'vue'
import type { Shelf } from '#shared/contracts/http/shelf.ts'
import { listSkus } from '#shared/contracts/http/catalog.ts'
import type { WebContext } from '../common/web-context.ts'

export interface CrateGoods {
  readonly skuId: string
  readonly name: string
  readonly unitMassMg: number
  readonly unitMassSdMg: number
}

const restocking = ['restocker', 'operator', 'admin']

/** Fills with whoever signs in on the phone beside, and is gone with them. */
export function useCrate(
  { account, call }: Pick<WebContext, 'account' | 'call'>,
  shelf: ShallowRef<Shelf | undefined>,
): ShallowRef<readonly CrateGoods[]> {
  const crate = shallowRef<readonly CrateGoods[]>([])
  async function fill() {
    const lanes = shelf.value?.lanes ?? []
    const mayRestock = account.me.value?.roles.some((role) => restocking.includes(role)) === true
    if (!mayRestock || lanes.length === 0) {
      crate.value = []
      return
    }
    const skus = await call(listSkus, { query: { limit: 200 } }).catch(() => undefined)
    const wanted = new Set(lanes.map(({ skuId }) => skuId))
    crate.value = (skus?.rows ?? [])
      .filter(({ skuId }) => wanted.has(skuId))
      .map(({ skuId, name, labelUnitMassMg, labelUnitMassSdMg }) => ({
        skuId,
        name,
        unitMassMg: labelUnitMassMg,
        unitMassSdMg: labelUnitMassSdMg,
      }))
  }
  watch([() => account.me.value?.accountId, shelf], () => void fill(), { immediate: true })
  return crate
}
