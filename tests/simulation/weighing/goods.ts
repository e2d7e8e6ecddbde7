import { nextBelow, nextGaussian, nextUnit, type Random } from '#shared/ids/random.ts'

/** Goods of the weighing simulator: kinds as weighing.md measured them, and lanes filled with single true pieces. */

export interface GoodsKind {
  sku: string
  mode: 'piece' | 'weight'
  /** Fen per piece or per kg. */
  priceFen: number
  meanG: number
  /** Coefficient of variation of single pieces. */
  cv: number
}

/** A lane as it truly is, and as the restocker wrote it down. */
export interface TrueLane {
  laneId: string
  kind: GoodsKind
  /** True mass of every piece, mg. */
  piecesMg: number[]
  /** What the header says. */
  header: { meanMg: number; sdMg: number; samples: number }
  stock: { count: number; grossMg: number }
}

export const fixedPacks: readonly GoodsKind[] = [
  { sku: 'tea-50g', mode: 'piece', priceFen: 1880, meanG: 86, cv: 0.012 },
  { sku: 'pepper-100g', mode: 'piece', priceFen: 1280, meanG: 118, cv: 0.01 },
  { sku: 'hotpot-150g', mode: 'piece', priceFen: 980, meanG: 171, cv: 0.015 },
  { sku: 'honey-250g', mode: 'piece', priceFen: 2580, meanG: 402, cv: 0.008 },
  { sku: 'greens-400g', mode: 'piece', priceFen: 380, meanG: 412, cv: 0.03 },
  { sku: 'plum-500g', mode: 'piece', priceFen: 1280, meanG: 508, cv: 0.02 },
  { sku: 'drink-500ml', mode: 'piece', priceFen: 300, meanG: 528, cv: 0.004 },
  { sku: 'eggs-10', mode: 'piece', priceFen: 1580, meanG: 613, cv: 0.014 },
  { sku: 'pear-1kg', mode: 'piece', priceFen: 1180, meanG: 1020, cv: 0.015 },
]

/** Packs whose weights are at least 6.2 sd apart on a typical scale, so that one piece tells them apart. */
export const distinctPacks = fixedPacks.filter(({ sku }) => !['greens-400g', 'plum-500g'].includes(sku))

export function produce(cv: number): readonly GoodsKind[] {
  return [
    { sku: 'plum-each', mode: 'piece', priceFen: 120, meanG: 90, cv },
    { sku: 'apple-each', mode: 'piece', priceFen: 300, meanG: 190, cv },
    { sku: 'orange-each', mode: 'piece', priceFen: 250, meanG: 210, cv },
    { sku: 'pomelo-each', mode: 'piece', priceFen: 900, meanG: 640, cv },
  ]
}

export const byWeight: readonly GoodsKind[] = [
  { sku: 'potato-kg', mode: 'weight', priceFen: 480, meanG: 160, cv: 0.3 },
  { sku: 'clementine-kg', mode: 'weight', priceFen: 980, meanG: 95, cv: 0.1 },
]

export const everything: readonly GoodsKind[] = [...fixedPacks, ...produce(0.06), ...byWeight]

/** Fills one lane. `headerBias` multiplies what the header says of a piece: a label weight that is wrong. */
export function fillLane(random: Random, index: number, kind: GoodsKind, count: number, headerBias = 1): TrueLane {
  // A lot has its own mean: within one part in fifty of the kind's.
  const lotMeanG = kind.meanG * (1 + 0.02 * nextGaussian(random))
  const piece = () => Math.round(1000 * Math.max(0.2 * lotMeanG, lotMeanG * (1 + kind.cv * nextGaussian(random))))
  const piecesMg = Array.from({ length: count }, piece)
  const samples = 12
  const weighed = Array.from({ length: samples }, piece)
  const meanMg = weighed.reduce((sum, massMg) => sum + massMg, 0) / samples
  const sdMg = Math.sqrt(weighed.reduce((sum, massMg) => sum + (massMg - meanMg) ** 2, 0) / (samples - 1))
  return {
    laneId: `L${String(index + 1).padStart(2, '0')}`,
    kind,
    piecesMg,
    header: { meanMg: Math.round(meanMg * headerBias), sdMg: Math.round(sdMg * headerBias), samples },
    stock: { count, grossMg: piecesMg.reduce((sum, massMg) => sum + massMg, 0) },
  }
}

export function pick<T>(random: Random, list: readonly T[]): T {
  return list[nextBelow(random, list.length)] as T
}

export function between(random: Random, low: number, high: number): number {
  return low + (high - low) * nextUnit(random)
}
