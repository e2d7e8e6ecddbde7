// What the simulation sells and to whom, seeded once by the product's own use cases and copied for every run.
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { CabinetConfig } from '#shared/contracts/mqtt/twin.ts'
import { seededRandom } from '#shared/ids/random.ts'
import type { Clock } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { ensureDefaultPlan } from '#server/attribution/revenue-plans.ts'
import { changeConfig, changePlanogram } from '#server/cabinets/change-twin.ts'
import { addCabinets, addHostSites } from '#server/cabinets/register-cabinets.ts'
import { receiveLot } from '#server/catalog/receive-lot.ts'
import { registerSku } from '#server/catalog/register-sku.ts'
import { registerSupplier } from '#server/catalog/register-supplier.ts'
import { openSqlite } from '#server/db/sqlite-database.ts'
import { exec, insertRows, type Unit, type UnitContext } from '#server/db/unit.ts'
import { enterHouseholds, enterVillages } from '#server/households/enter-households.ts'
import { topUpWallet } from '#server/payments/wallets.ts'
import { seedAccount } from '#tests/support/seed-account.ts'
import { makeKey } from './keys.ts'

/** 2026-03-01T00:00:00Z. */
export const epochMs = 1_772_323_200_000
export const laneIds = ['L01', 'L02'] as const
export const unitMg: Readonly<Record<string, number>> = { L01: 500_000, L02: 760_000 }
export const laneCapacity = 40
export const walletFen = 50_000_000
const villageCode = '500112142201'
const lotUnits = 600_000

export interface Shop {
  readonly cabinets: ReadonlyArray<{ readonly cabinetId: string; readonly code: string }>
  readonly buyerIds: readonly string[]
  readonly restockerId: string
  readonly operatorId: string
  /** By lane. */
  readonly goods: Readonly<
    Record<string, { readonly skuId: string; readonly lotId: string; readonly priceFen: number }>
  >
}

function* seedGoods(ctx: UnitContext) {
  yield* enterVillages(ctx, [{ villageCode, name: '青龙村', townCode: '500112142', townName: '大盛镇' }])
  const households = [1, 2, 3].map((serial) => `${villageCode}${String(serial).padStart(4, '0')}`)
  yield* enterHouseholds(
    ctx,
    households.map((householdCode, index) => ({
      householdCode,
      headName: ['王甲', '李乙', '张丙'][index] ?? '赵丁',
      population: index + 1,
      kind: 'EXITED' as const,
    })),
  )
  const { supplierId } = yield* registerSupplier(ctx, {
    name: '大盛镇青龙村柑橘股份经济合作联合社',
    kind: 'family_farm',
    isCertified: true,
    townCode: '500112142',
    address: '大盛镇青龙村',
    contact: '023-00000000',
    benefitLinks: [
      {
        householdCode: households[0] ?? '',
        kind: 'OPERATING',
        documentNumber: '联结-1',
        signedAtMs: epochMs - 86_400_000,
      },
    ],
    byAccountId: 'operator',
  })
  const goods: Record<string, Shop['goods'][string]> = {}
  for (const [index, laneId] of laneIds.entries()) {
    const priceFen = 880 + 333 * index
    const { skuId } = yield* registerSku(ctx, {
      name: ['红薯粉', '火锅底料'][index] ?? '',
      spec: '袋装',
      origin: '大盛镇',
      category: 'fruit',
      foodClass: 'EDIBLE_AGRI',
      isCertified: true,
      mode: 'piece',
      priceFen,
      labelUnitMassMg: unitMg[laneId] ?? 0,
      labelUnitMassSdMg: 5_000,
      shelfLifeDays: 3_650,
    })
    const { lot } = yield* receiveLot(ctx, {
      skuId,
      supplierId,
      harvestedAtMs: epochMs - 3_600_000,
      unitsReceived: lotUnits,
      certificateNumber: `YSCN-000${index}`,
      sources: households.map((householdCode) => ({ householdCode, units: lotUnits / 3 })),
      byAccountId: 'keeper',
    })
    goods[laneId] = { skuId, lotId: lot.lotId, priceFen }
  }
  return goods
}

function* seedCabinets(ctx: UnitContext, count: number, goods: Shop['goods']): Unit<Shop['cabinets']> {
  const codes = Array.from({ length: count }, (_, index) => `YB-${String(index + 1).padStart(4, '0')}`)
  const sites = yield* addHostSites(
    ctx,
    codes.map((code) => ({ name: `点位 ${code}`, kind: 'hospital', address: '渝北区', joinCode: `J${code}` })),
  )
  const cabinetIds = yield* addCabinets(
    ctx,
    codes.map((code, index) => ({ code, hostSiteId: sites[index]?.hostSiteId ?? '', rolloutState: 'live' as const })),
  )
  const { cabinets } = ctx.tables
  for (const [index, cabinetId] of cabinetIds.entries()) {
    const { publicKey } = makeKey(100 + index)
    yield* exec(
      ctx.db.update(cabinets).set({ publicKey, enrolledAtMs: ctx.now() }).where(eq(cabinets.cabinetId, cabinetId)),
    )
    yield* changePlanogram(ctx, {
      cabinetId,
      changedBy: 'operator',
      lanes: laneIds.map((laneId) => ({
        laneId,
        skuId: goods[laneId]?.skuId ?? '',
        capacity: laneCapacity,
        isOnSale: true,
      })),
    })
    const { noOpenTimeoutMs: _, ...config } = CabinetConfig.parse({
      liveIntervalMs: 3_000,
      telemetryIntervalMs: 600_000,
      heartbeatIntervalMs: 60_000,
    })
    yield* changeConfig(ctx, { cabinetId, changedBy: 'operator', config })
  }
  return cabinetIds.map((cabinetId, index) => ({ cabinetId, code: codes[index] ?? '' }))
}

/** Makes the database file that every run with so many cabinets begins with. */
export async function makeShop(folder: string, cabinetCount: number, serverPublicKey: string): Promise<Shop> {
  mkdirSync(folder, { recursive: true })
  const random = seededRandom(2020)
  const clock: Clock = { ...systemClock, now: () => epochMs - 600_000 }
  const database = openSqlite(join(folder, 'server.db'), { url: '', clock, random })
  const shop = await database.run(function* (ctx) {
    yield* ensureDefaultPlan(ctx)
    yield* seedAccount(ctx, 'admin', 'admin')
    const restockerId = yield* seedAccount(ctx, 'restocker', 'restocker')
    const operatorId = yield* seedAccount(ctx, 'operator', 'operator')
    const goods = yield* seedGoods(ctx)
    const cabinets = yield* seedCabinets(ctx, cabinetCount, goods)
    const buyerIds: string[] = []
    for (let serial = 0; serial < cabinetCount + 2; serial += 1) {
      const accountId = yield* seedAccount(ctx, `buyer-${serial}`, 'buyer')
      yield* topUpWallet(ctx, { accountId, amountFen: walletFen, reference: `first-${serial}`, by: 'finance' })
      buyerIds.push(accountId)
    }
    yield* insertRows(ctx.tables.serverKeys, [{ publicKey: serverPublicKey, createdAtMs: ctx.now() }])
    return { cabinets, buyerIds, restockerId, operatorId, goods }
  })
  await database.close()
  return shop
}

export function copyShop(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  copyFileSync(join(from, 'server.db'), join(to, 'server.db'))
}
