import type { TownName } from './towns.ts'

/**
 * The nineteen SKUs and their suppliers (domain.md, data for the demo). Unit weights vary as weighing.md measured:
 * machine packs 0.8–1.5 %, hand-packed 500 g bags 3.6 %, larger hand-packed bags less, ten graded eggs 1.9 %.
 */
export interface DemoSupplier {
  readonly key: string
  readonly name: string
  readonly kind: 'enterprise' | 'cooperative' | 'share_cooperative' | 'village_collective' | 'family_farm'
  readonly town: TownName
  readonly isCertified: boolean
}

export const demoSuppliers = [
  {
    key: 'dasheng-citrus',
    name: '大盛镇青龙村柑橘股份经济合作联合社',
    kind: 'share_cooperative',
    town: '大盛镇',
    isCertified: true,
  },
  {
    key: 'tongjing-fruit',
    name: '统景镇果业专业合作社（演示）',
    kind: 'cooperative',
    town: '统景镇',
    isCertified: true,
  },
  { key: 'cizhu-pear', name: '茨竹镇梨业专业合作社（演示）', kind: 'cooperative', town: '茨竹镇', isCertified: true },
  { key: 'shichuan-grape', name: '石船镇葡萄家庭农场（演示）', kind: 'family_farm', town: '石船镇', isCertified: true },
  {
    key: 'xinglong-pepper',
    name: '兴隆镇花椒李子专业合作社（演示）',
    kind: 'cooperative',
    town: '兴隆镇',
    isCertified: true,
  },
  {
    key: 'yufengshan-berry',
    name: '玉峰山镇蓝莓种植有限公司（演示）',
    kind: 'enterprise',
    town: '玉峰山镇',
    isCertified: true,
  },
  {
    key: 'muer-vegetable',
    name: '木耳镇蔬菜专业合作社（演示）',
    kind: 'cooperative',
    town: '木耳镇',
    isCertified: true,
  },
  {
    key: 'gulu-vegetable',
    name: '古路镇蔬菜专业合作社（演示）',
    kind: 'cooperative',
    town: '古路镇',
    isCertified: true,
  },
  {
    key: 'dawan-egg',
    name: '大湾镇演示一村股份经济合作社',
    kind: 'village_collective',
    town: '大湾镇',
    isCertified: true,
  },
  {
    key: 'luoqi-food',
    name: '洛碛镇农产品加工有限公司（演示）',
    kind: 'enterprise',
    town: '洛碛镇',
    isCertified: true,
  },
  {
    key: 'longxing-honey',
    name: '龙兴镇蜂蜜花茶专业合作社（演示）',
    kind: 'cooperative',
    town: '龙兴镇',
    isCertified: true,
  },
  { key: 'city-drinks', name: '渝北饮品经销有限公司（演示）', kind: 'enterprise', town: '龙兴镇', isCertified: false },
] as const satisfies readonly DemoSupplier[]
export type SupplierKey = (typeof demoSuppliers)[number]['key']

export interface DemoSku {
  readonly key: string
  readonly name: string
  readonly spec: string
  readonly grade?: string
  readonly category: 'fruit' | 'vegetable' | 'egg' | 'dry_goods' | 'condiment' | 'drink'
  readonly foodClass: 'EDIBLE_AGRI' | 'PREPACKAGED'
  readonly supplierKey: SupplierKey
  readonly priceFen: number
  /** What a piece weighs by its label, grams. */
  readonly labelMassG: number
  /** Coefficient of variation of a piece's weight, in tenths of a percent. */
  readonly variationPermille: number
  readonly shelfLifeDays: number
}

const produce = { category: 'fruit', foodClass: 'EDIBLE_AGRI' } as const
const greens = { category: 'vegetable', foodClass: 'EDIBLE_AGRI' } as const
const packed = { foodClass: 'PREPACKAGED' } as const

export const demoSkus = [
  {
    key: 'wogan',
    name: '沃柑',
    spec: '1 kg 装',
    grade: '一级',
    ...produce,
    supplierKey: 'dasheng-citrus',
    priceFen: 1280,
    labelMassG: 1000,
    variationPermille: 25,
    shelfLifeDays: 14,
  },
  {
    key: 'licheng',
    name: '统景梨橙',
    spec: '1.5 kg 装',
    grade: '一级',
    ...produce,
    supplierKey: 'tongjing-fruit',
    priceFen: 1580,
    labelMassG: 1500,
    variationPermille: 20,
    shelfLifeDays: 14,
  },
  {
    key: 'waizui-plum',
    name: '歪嘴李',
    spec: '500 g 装',
    grade: '一级',
    ...produce,
    supplierKey: 'tongjing-fruit',
    priceFen: 1280,
    labelMassG: 500,
    variationPermille: 36,
    shelfLifeDays: 5,
  },
  {
    key: 'huanghua-pear',
    name: '放牛坪黄花梨',
    spec: '1 kg 装',
    grade: '一级',
    ...produce,
    supplierKey: 'cizhu-pear',
    priceFen: 1180,
    labelMassG: 1000,
    variationPermille: 25,
    shelfLifeDays: 10,
  },
  {
    key: 'cuiguan-pear',
    name: '翠冠梨',
    spec: '2 个装 600 g',
    grade: '一级',
    ...produce,
    supplierKey: 'cizhu-pear',
    priceFen: 880,
    labelMassG: 600,
    variationPermille: 36,
    shelfLifeDays: 10,
  },
  {
    key: 'grape',
    name: '石船巨峰葡萄',
    spec: '500 g 装',
    ...produce,
    supplierKey: 'shichuan-grape',
    priceFen: 780,
    labelMassG: 500,
    variationPermille: 36,
    shelfLifeDays: 4,
  },
  {
    key: 'xinglong-plum',
    name: '兴隆李子',
    spec: '500 g 装',
    ...produce,
    supplierKey: 'xinglong-pepper',
    priceFen: 880,
    labelMassG: 500,
    variationPermille: 36,
    shelfLifeDays: 5,
  },
  {
    key: 'blueberry',
    name: '蓝莓',
    spec: '125 g 盒装',
    ...produce,
    supplierKey: 'yufengshan-berry',
    priceFen: 1280,
    labelMassG: 125,
    variationPermille: 15,
    shelfLifeDays: 4,
  },
  {
    key: 'leafy',
    name: '时令叶菜',
    spec: '400 g 装',
    ...greens,
    supplierKey: 'muer-vegetable',
    priceFen: 380,
    labelMassG: 400,
    variationPermille: 36,
    shelfLifeDays: 2,
  },
  {
    key: 'tomato',
    name: '西红柿',
    spec: '500 g 装',
    ...greens,
    supplierKey: 'gulu-vegetable',
    priceFen: 480,
    labelMassG: 500,
    variationPermille: 36,
    shelfLifeDays: 7,
  },
  {
    key: 'potato',
    name: '土豆',
    spec: '1 kg 装',
    ...greens,
    supplierKey: 'gulu-vegetable',
    priceFen: 480,
    labelMassG: 1000,
    variationPermille: 25,
    shelfLifeDays: 30,
  },
  {
    key: 'eggs',
    name: '土鸡蛋',
    spec: '10 枚装',
    category: 'egg',
    foodClass: 'EDIBLE_AGRI',
    supplierKey: 'dawan-egg',
    priceFen: 1580,
    labelMassG: 550,
    variationPermille: 19,
    shelfLifeDays: 25,
  },
  {
    key: 'pepper',
    name: '九叶青花椒（干）',
    spec: '100 g 袋装',
    category: 'condiment',
    ...packed,
    supplierKey: 'xinglong-pepper',
    priceFen: 1280,
    labelMassG: 100,
    variationPermille: 12,
    shelfLifeDays: 365,
  },
  {
    key: 'honey',
    name: '蜂蜜',
    spec: '250 g 瓶装',
    category: 'dry_goods',
    ...packed,
    supplierKey: 'longxing-honey',
    priceFen: 2580,
    labelMassG: 250,
    variationPermille: 8,
    shelfLifeDays: 540,
  },
  {
    key: 'pear-candy',
    name: '梨膏糖',
    spec: '200 g 盒装',
    category: 'dry_goods',
    ...packed,
    supplierKey: 'cizhu-pear',
    priceFen: 1680,
    labelMassG: 200,
    variationPermille: 10,
    shelfLifeDays: 360,
  },
  {
    key: 'noodles',
    name: '红薯粉',
    spec: '400 g 袋装',
    category: 'dry_goods',
    ...packed,
    supplierKey: 'luoqi-food',
    priceFen: 880,
    labelMassG: 400,
    variationPermille: 12,
    shelfLifeDays: 360,
  },
  {
    key: 'hotpot',
    name: '火锅底料',
    spec: '150 g 袋装',
    category: 'condiment',
    ...packed,
    supplierKey: 'luoqi-food',
    priceFen: 980,
    labelMassG: 150,
    variationPermille: 8,
    shelfLifeDays: 270,
  },
  {
    key: 'tea',
    name: '花茶',
    spec: '50 g 罐装',
    category: 'dry_goods',
    ...packed,
    supplierKey: 'longxing-honey',
    priceFen: 1880,
    labelMassG: 50,
    variationPermille: 15,
    shelfLifeDays: 540,
  },
  {
    key: 'soda',
    name: '柠檬味苏打水',
    spec: '500 ml 瓶装',
    category: 'drink',
    ...packed,
    supplierKey: 'city-drinks',
    priceFen: 300,
    labelMassG: 520,
    variationPermille: 8,
    shelfLifeDays: 270,
  },
] as const satisfies readonly DemoSku[]
export type SkuKey = (typeof demoSkus)[number]['key']

/** What may lie on a school's shelves: fresh food, eggs, starch noodles and honey; no drinks, sweets or hot condiments. */
export const schoolAllowList: readonly SkuKey[] = [
  ...demoSkus.filter(({ category }) => category === 'fruit' || category === 'vegetable' || category === 'egg'),
  ...demoSkus.filter(({ key }) => key === 'noodles' || key === 'honey'),
].map(({ key }) => key)

export function supplierOf(key: SupplierKey): DemoSupplier {
  const supplier = demoSuppliers.find((candidate) => candidate.key === key)
  if (supplier === undefined) throw new RangeError(`no supplier ${key}`)
  return supplier
}

export function skuOf(key: SkuKey): DemoSku & { key: SkuKey } {
  const sku = demoSkus.find((candidate) => candidate.key === key)
  if (sku === undefined) throw new RangeError(`no SKU ${key}`)
  return sku
}
