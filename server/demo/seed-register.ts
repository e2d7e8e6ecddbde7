/**
 * Enters the invented people, organisations, goods, revenue plans and lots through the nouns' own use cases: what a use case
 * would refuse cannot be seeded either.
 */
import { gramsToMg } from '#shared/units/mass.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { approveRevenuePlan, draftRevenuePlan } from '../attribution/revenue-plans.ts'
import type { PlanShares } from '../attribution/rules.ts'
import { receiveLot } from '../catalog/receive-lot.ts'
import { registerSku } from '../catalog/register-sku.ts'
import { registerSupplier } from '../catalog/register-supplier.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { enterHouseholds, enterVillages } from '../households/enter-households.ts'
import type { SealedPhone } from '../households/phone.ts'
import type { DemoData } from './data/demo-data.ts'
import { skuOf, supplierOf, type DemoSupplier, type SkuKey, type SupplierKey } from './data/goods.ts'
import { townCodeOf, towns, villages } from './data/towns.ts'

/** Who prepares revenue plans and who approves them. */
export interface PlanPeople {
  readonly financeId: Id
  readonly adminId: Id
}

const hourMs = 3_600_000
/** The union began to share this way … */
const unionFirstShares: PlanShares = {
  householdBp: 6_500,
  supplierBp: 1_500,
  organisationBp: 1_000,
  operatorBp: 1_000,
  fundBp: 100,
}
/** … and gave its members more in the second version. */
const unionShares: PlanShares = { ...unionFirstShares, householdBp: 7_000, organisationBp: 500 }

export function* seedHouseholds(
  ctx: UnitContext,
  data: DemoData,
  helperId: Id,
  phones: ReadonlyMap<string, SealedPhone>,
): Unit<void> {
  yield* enterVillages(
    ctx,
    villages.map(({ code, name, townCode }) => ({
      villageCode: code,
      name,
      townCode,
      townName: towns.find((town) => town.code === townCode)?.name ?? '',
    })),
  )
  const helpers = new Map(data.helpers.map((helper) => [helper.key, helper]))
  const unionCodes = new Set(data.unionMemberCodes)
  yield* enterHouseholds(
    ctx,
    data.households.map((household) => {
      const { householdCode, headName, population, kind, identifiedYear, exitedYear, helperKey } = household
      const helper = helperKey === undefined ? undefined : helpers.get(helperKey)
      const isHelpedByDemo = helperKey !== undefined && unionCodes.has(householdCode)
      return {
        householdCode,
        headName,
        phone: phones.get(householdCode),
        population,
        kind,
        identifiedYear,
        exitedYear,
        helperAccountId: isHelpedByDemo ? helperId : undefined,
        helperName: helper?.name,
        helperUnit: helper?.unit,
      }
    }),
  )
}

function addressOf(supplier: DemoSupplier): string {
  return `重庆市渝北区${supplier.town}演示路 1 号`
}

/** Households that a certified supplier of the demo is linked with: three of its town. */
function linksOf(data: DemoData, { isCertified, kind, town }: DemoSupplier, signedAtMs: number) {
  if (!isCertified) return []
  const townCode = townCodeOf(town)
  const linked = data.households.filter(
    (household) => household.kind !== 'ORDINARY' && household.village.townCode === townCode,
  )
  return linked.slice(0, 3).map(({ householdCode }, index) => ({
    householdCode,
    kind: kind === 'share_cooperative' ? ('ASSET' as const) : ('OPERATING' as const),
    documentNumber: `演示联结-${index + 1}`,
    signedAtMs,
  }))
}

export function* seedSuppliers(ctx: UnitContext, data: DemoData, byAccountId: Id): Unit<Map<SupplierKey, Id>> {
  const ids = new Map<SupplierKey, Id>()
  for (const supplier of data.suppliers) {
    const { name, kind, isCertified, town } = supplier
    const { supplierId } = yield* registerSupplier(ctx, {
      name,
      kind,
      isCertified,
      townCode: townCodeOf(town),
      address: addressOf(supplier),
      contact: '演示联系人',
      benefitLinks: linksOf(data, supplier, ctx.now()),
      byAccountId,
    })
    ids.set(supplier.key, supplierId)
  }
  return ids
}

export function* seedSkus(ctx: UnitContext, data: DemoData): Unit<Map<SkuKey, Id>> {
  const ids = new Map<SkuKey, Id>()
  for (const { key } of data.skus) {
    const sku = skuOf(key)
    const supplier = supplierOf(sku.supplierKey)
    const labelUnitMassMg = gramsToMg(sku.labelMassG)
    const { skuId } = yield* registerSku(ctx, {
      name: sku.name,
      spec: sku.spec,
      ...(sku.grade === undefined ? {} : { grade: sku.grade }),
      origin: `渝北${supplier.town}`,
      category: sku.category,
      foodClass: sku.foodClass,
      mode: 'piece',
      priceFen: sku.priceFen,
      isCertified: supplier.isCertified,
      labelUnitMassMg,
      labelUnitMassSdMg: Math.round((labelUnitMassMg * sku.variationPermille) / 1_000),
      shelfLifeDays: sku.shelfLifeDays,
    })
    ids.set(key, skuId)
  }
  return ids
}

export function* seedLots(
  ctx: UnitContext,
  data: DemoData,
  ids: { readonly skus: ReadonlyMap<SkuKey, Id>; readonly suppliers: ReadonlyMap<SupplierKey, Id> },
  byAccountId: Id,
): Unit<void> {
  for (const { skuKey, unitsReceived, certificateNumber, ageHours, sources } of data.lots) {
    const skuId = ids.skus.get(skuKey)
    const supplierId = ids.suppliers.get(skuOf(skuKey).supplierKey)
    if (skuId === undefined || supplierId === undefined) throw new Error(`a lot of ${skuKey} came before its SKU`)
    yield* receiveLot(ctx, {
      skuId,
      supplierId,
      harvestedAtMs: ctx.now() - ageHours * hourMs,
      unitsReceived,
      certificateNumber,
      sources: [...sources],
      byAccountId,
    })
  }
}

/** The union has a plan of its own in its second version; everyone else goes by the shipped default plan. */
export function* seedRevenuePlans(ctx: UnitContext, unionId: Id, people: PlanPeople): Unit<void> {
  const drafts = [
    { shares: unionFirstShares, effectiveFromMs: 0, note: '联合社第一版分配方案（演示）' },
    { shares: unionShares, effectiveFromMs: ctx.now(), note: '联合社第二版分配方案：提高农户份额（演示）' },
  ]
  for (const draft of drafts) {
    const { planId } = yield* draftRevenuePlan(ctx, {
      ...draft,
      supplierId: unionId,
      preparedBy: people.financeId,
    })
    yield* approveRevenuePlan(ctx, planId, people.adminId)
  }
}
