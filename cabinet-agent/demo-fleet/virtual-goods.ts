import { VirtualItem } from '#shared/contracts/demo/hands.ts'
import { nextGaussian, type Random } from '#shared/ids/random.ts'
import { z } from 'zod'

/** A piece in the demo's world: what a person sees of it, and its own true mass. */
export const Goods = VirtualItem.extend({ massMg: z.int().min(1) })
export type Goods = z.infer<typeof Goods>

export function toVirtualItem({ itemId, name, kind, skuId, labelMassMg }: Goods): VirtualItem {
  return { itemId, name, kind, ...(skuId === undefined ? {} : { skuId }), labelMassMg }
}

/** A piece's true mass: normal about its kind's mean, cut at four sd and never nothing. */
export function drawMassMg(random: Random, meanMg: number, sdMg: number): number {
  const deviate = Math.max(-4, Math.min(4, nextGaussian(random)))
  return Math.max(Math.round(meanMg / 4), 1, Math.round(meanMg + sdMg * deviate))
}
