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
import { openDatabase } from '#server/db/open-database.ts'
import { exec, insertRows, type Unit, type UnitContext } from '#server/db/unit.ts'
import { enterHouseholds, enterVillages } from '#server/households/enter-households.ts'
import { topUpWallet } from '#server/payments/wallets.ts'
import { saveProfile, standardProfile } from '#server/payouts/bank-profiles.ts'
import { sealAccount } from '#server/payouts/payee-account-seal.ts'
import { confirmAccount, proposeAccount } from '#server/payouts/payee-accounts.ts'
import { coolingOffMs } from '#server/payouts/rules.ts'
import { accountNumberOf, householdOf, people, villageCode } from '#tests/support/payout-world.ts'
import { seedAccount } from '#tests/support/seed-account.ts'
import { openUnion } from '#tests/support/share-union.ts'
import { testSealer } from '#tests/support/test-sealer.ts'
import { makeKey } from './keys.ts'

/** 2026-03-01T00:00:00Z. */
export const epochMs = 1_772_323_200_000
export const laneIds = ['L01', 'L02'] as const
export const unitMg: Readonly<Record<string, number>> = { L01: 500_000, L02: 760_000 }
export const laneCapacity = 40
export const walletFen = 50_000_000
const farmers = [1, 2, 3]
const lotUnits = 600_000
const cabinetsPerSite = 3
/** What a cabinet may sell on passes before the server has acknowledged it. */
export const offlineRisk = { maxOpenSessions: 4, maxOpenFen: 12_000 }

export interface Shop {
  readonly cabinets: ReadonlyArray<{ readonly cabinetId: string; readonly code: string; readonly groupId: string }>
  /** A co-operative union that distributes. */
  readonly union: { readonly organisationId: string }
  readonly buyerIds: readonly string[]
  readonly restockerId: string
  readonly operatorId: string
  /** Who grew what is sold. */
  readonly householdCodes: readonly string[]
  /** By lane. */
  readonly goods: Readonly<
    Record<string, { readonly skuId: string; readonly lotId: string; readonly priceFen: number }>
  >
}

function* seedGoods(ctx: UnitContext, startMs: number) {
  yield* enterVillages(ctx, [{ villageCode, name: '青龙村', townCode: '500112142', townName: '大盛镇' }])
  const households = farmers.map(householdOf)
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
        signedAtMs: startMs - 86_400_000,
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
      harvestedAtMs: startMs - 3_600_000,
      unitsReceived: lotUnits,
      certificateNumber: `YSCN-000${index}`,
      sources: households.map((householdCode) => ({ householdCode, units: lotUnits / 3 })),
      byAccountId: 'keeper',
    })
    goods[laneId] = { skuId, lotId: lot.lotId, priceFen }
  }
  return goods
}

function* seedCabinets(
  ctx: UnitContext,
  count: number,
  goods: Shop['goods'],
  heartbeatIntervalMs: number,
): Unit<Shop['cabinets']> {
  const codes = Array.from({ length: count }, (_, index) => `YB-${String(index + 1).padStart(4, '0')}`)
  const sites = yield* addHostSites(
    ctx,
    Array.from({ length: Math.ceil(count / cabinetsPerSite) }, (_, index) => ({
      name: `点位 ${index + 1}`,
      kind: 'hospital' as const,
      address: '渝北区',
      joinCode: `J-${String(index + 1).padStart(4, '0')}`,
    })),
  )
  const siteOf = (index: number) => sites[Math.floor(index / cabinetsPerSite)]?.hostSiteId ?? ''
  const cabinetIds = yield* addCabinets(
    ctx,
    codes.map((code, index) => ({ code, hostSiteId: siteOf(index), rolloutState: 'live' as const })),
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
      heartbeatIntervalMs,
      offlineSelling: { groupId: siteOf(index), ...offlineRisk },
    })
    yield* changeConfig(ctx, { cabinetId, changedBy: 'operator', config })
  }
  return cabinetIds.map((cabinetId, index) => ({ cabinetId, code: codes[index] ?? '', groupId: siteOf(index) }))
}

/** Of the farmers and of the union's members, confirmed long enough ago that the bank may pay to them. */
function* openBankAccounts(ctx: UnitContext): Unit<void> {
  const payer = { payerName: '渝北区惠农专户', payerAccount: '99990000000001', payerBankNo: '999653000001' }
  yield* saveProfile(ctx, standardProfile('abc', 'csv', payer), 'admin')
  const before = { ...ctx, now: () => ctx.now() - coolingOffMs }
  for (const [index, householdCode] of farmers.map(householdOf).entries()) {
    const payeeAccountId = ctx.newId()
    const sealed = sealAccount(testSealer, payeeAccountId, accountNumberOf(index + 1))
    const bank = { name: '王小明', bankName: '演示农商行', bankNo: '999653000002', reason: '首次登记' }
    yield* proposeAccount(before, { payeeAccountId, householdCode, ...bank, ...sealed }, people.changer)
    yield* confirmAccount(before, payeeAccountId, people.confirmer)
  }
}

export interface ShopOptions {
  /** When runs begin, epoch ms; default `epochMs`. */
  readonly startMs?: number
  readonly heartbeatIntervalMs?: number
  /** An empty database elsewhere than in the folder. */
  readonly databaseUrl?: string
}

/** Makes the database that every run with so many cabinets begins with: a file in the folder, unless it is told of another. */
export async function makeShop(
  folder: string,
  cabinetCount: number,
  serverPublicKey: string,
  { startMs = epochMs, heartbeatIntervalMs = 60_000, databaseUrl }: ShopOptions = {},
): Promise<Shop> {
  mkdirSync(folder, { recursive: true })
  const random = seededRandom(2020)
  const clock: Clock = { ...systemClock, now: () => startMs - 600_000 }
  const url = databaseUrl ?? `sqlite:${join(folder, 'server.db')}`
  const database = await openDatabase({ url, clock, random })
  const shop = await database.run(function* (ctx) {
    yield* ensureDefaultPlan(ctx)
    yield* seedAccount(ctx, 'admin', 'admin')
    const restockerId = yield* seedAccount(ctx, 'restocker', 'restocker')
    const operatorId = yield* seedAccount(ctx, 'operator', 'operator')
    const goods = yield* seedGoods(ctx, startMs)
    const cabinets = yield* seedCabinets(ctx, cabinetCount, goods, heartbeatIntervalMs)
    const buyerIds: string[] = []
    for (let serial = 0; serial < cabinetCount + 2; serial += 1) {
      const accountId = yield* seedAccount(ctx, `buyer-${serial}`, 'buyer')
      yield* topUpWallet(ctx, { accountId, amountFen: walletFen, reference: `first-${serial}`, by: 'finance' })
      buyerIds.push(accountId)
    }
    yield* insertRows(ctx.tables.serverKeys, [{ publicKey: serverPublicKey, createdAtMs: ctx.now() }])
    yield* openBankAccounts(ctx)
    const householdCodes = farmers.map(householdOf)
    return { cabinets, buyerIds, restockerId, operatorId, householdCodes, goods }
  })
  const organisationId = await openUnion(database, startMs, {
    terms: {
      reserveBp: 500,
      welfareBp: 500,
      reinvestmentBp: 1_000,
      classes: { LAND: 10_000, CAPITAL: 0, BASIC: 0, COLLECTIVE: 0 },
    },
    landMilli: [3_200, 1_750, 900],
    balanceFen: 5_000_000,
  })
  await database.close()
  return { ...shop, union: { organisationId } }
}

export function copyShop(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  copyFileSync(join(from, 'server.db'), join(to, 'server.db'))
}
