// A small market on one database: a village with households, a certified supplier, a SKU by the piece and one by weight with a lot
// each, a live cabinet whose twin and shelf hold them, and a buyer with a wallet. Events go through the ingest's own unit.
import { generateKeyPairSync } from 'node:crypto'
import type { EventBody, EventType } from '#shared/contracts/mqtt/event.ts'
import type { ReportedTwin } from '#shared/contracts/mqtt/twin.ts'
import { CabinetConfig } from '#shared/contracts/mqtt/twin.ts'
import { seededRandom } from '#shared/ids/random.ts'
import { makeId } from '#shared/ids/uuid-v7.ts'
import { ensureDefaultPlan } from '#server/attribution/revenue-plans.ts'
import { receiveLot } from '#server/catalog/receive-lot.ts'
import { registerSku } from '#server/catalog/register-sku.ts'
import { registerSupplier } from '#server/catalog/register-supplier.ts'
import { catalogEvents } from '#server/catalog/events.ts'
import type { Effect } from '#server/context.ts'
import type { Database } from '#server/db/database.ts'
import { insertRows } from '#server/db/unit.ts'
import type { Unit, UnitContext } from '#server/db/unit.ts'
import { enterHouseholds, enterVillages } from '#server/households/enter-households.ts'
import { CommandSigner } from '#server/mqtt/command-signer.ts'
import { commitEntries, makeHandlerTable } from '#server/mqtt/commit-entries.ts'
import { walletPayments } from '#server/payments/wallet-payments.ts'
import { topUpWallet } from '#server/payments/wallets.ts'
import { restockEvents } from '#server/restock/events.ts'
import { bookMoves } from '#server/stock/book-moves.ts'
import { fixedPlaces, lanePlace } from '#server/stock/rules.ts'
import { sessionEvents } from '#server/sessions/events.ts'
import { openCabinet } from '#server/sessions/open-cabinet.ts'
import { defaultSessionSettings } from '#server/sessions/settings.ts'
import { JournalWriter } from './journal-writer.ts'

export const villageCode = '500112142201'
export const householdCode = (serial: number) => `${villageCode}${String(serial).padStart(4, '0')}`

export const marketHandlers = makeHandlerTable([
  sessionEvents(walletPayments, defaultSessionSettings),
  restockEvents,
  catalogEvents,
])

const signer = new CommandSigner(
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
)
export const openDeps = { signer, payments: walletPayments, settings: defaultSessionSettings }

export const versions = { agent: 'test', decoder: 'test', planogram: 1, prices: 1 }
export const noEvidence = { opening: [], closing: [], steps: [], hypotheses: [] }

export interface Market {
  readonly database: Database
  readonly cabinetId: string
  readonly cabinetCode: string
  readonly buyerId: string
  readonly supplierId: string
  readonly citrus: { readonly skuId: string; readonly lotId: string; readonly priceFen: number }
  readonly greens: { readonly skuId: string; readonly lotId: string; readonly priceFen: number }
  /** Commits one event of the cabinet; returns its effects and the flags it was kept with. */
  tell<T extends EventType>(type: T, body: EventBody<T>): Promise<{ effects: readonly Effect[]; flags: string[] }>
  /** Opens the cabinet for the buyer; returns the session's id. */
  open(idempotencyKey?: string): Promise<string>
}

/** Pieces of each SKU that lie in the cabinet at first. */
export const unitsInLane = 20

/** Village, households, supplier, both SKUs and a lot of each, from `units[i]` units of household i + 1. */
export function* seedGoods(ctx: UnitContext, harvestedAtMs: number, units: readonly number[] = [100, 200, 300]) {
  yield* enterVillages(ctx, [{ villageCode, name: '青龙村', townCode: '500112142', townName: '大盛镇' }])
  yield* enterHouseholds(
    ctx,
    units.map((_, index) => ({
      householdCode: householdCode(index + 1),
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
      { householdCode: householdCode(1), kind: 'OPERATING', documentNumber: '联结-1', signedAtMs: harvestedAtMs },
    ],
    byAccountId: 'operator',
  })
  const base = {
    origin: '大盛镇',
    foodClass: 'EDIBLE_AGRI',
    isCertified: true,
    labelUnitMassMg: 1_000_000,
    labelUnitMassSdMg: 20_000,
    shelfLifeDays: 14,
  } as const
  const citrus = yield* registerSku(ctx, {
    ...base,
    name: '沃柑',
    spec: '1 kg 装',
    category: 'fruit',
    mode: 'piece',
    priceFen: 1280,
  })
  const greens = yield* registerSku(ctx, {
    ...base,
    name: '时令叶菜',
    spec: '散装',
    category: 'vegetable',
    mode: 'weight',
    priceFen: 998,
  })
  const lotOf = (skuId: string) =>
    receiveLot(ctx, {
      skuId,
      supplierId,
      harvestedAtMs,
      unitsReceived: units.reduce((sum, count) => sum + count, 0),
      certificateNumber: 'YSCN-0001',
      sources: units.map((count, index) => ({ householdCode: householdCode(index + 1), units: count })),
      byAccountId: 'keeper',
    })
  const citrusLot = yield* lotOf(citrus.skuId)
  const greensLot = yield* lotOf(greens.skuId)
  return {
    supplierId,
    citrus: { skuId: citrus.skuId, lotId: citrusLot.lot.lotId, priceFen: 1280 },
    greens: { skuId: greens.skuId, lotId: greensLot.lot.lotId, priceFen: 998 },
  }
}

type Goods = ReturnType<typeof seedGoods> extends Unit<infer T> ? T : never

/** Registers one more live cabinet with both goods on its shelf. */
export function* seedCabinet(ctx: UnitContext, code: string, { citrus, greens }: Goods): Unit<string> {
  const { tables: t } = ctx
  const cabinetId = ctx.newId()
  const hostSiteId = ctx.newId()
  const atMs = ctx.now()
  yield* insertRows(t.hostSites, [
    { hostSiteId, name: `点位 ${code}`, kind: 'hospital', address: '渝北区', joinCode: `J${code}`, createdAtMs: atMs },
  ])
  yield* insertRows(t.cabinets, [
    {
      cabinetId,
      code,
      hostSiteId,
      rolloutState: 'live',
      isDemo: true,
      publicKey: 'key',
      enrolledAtMs: atMs,
      createdAtMs: atMs,
    },
  ])
  const config = CabinetConfig.parse({})
  const lane = { capacity: 40, labelUnitMassMg: 1_000_000, labelUnitMassSdMg: 20_000, isOnSale: true }
  const planogram = {
    version: 1,
    lanes: [
      { ...lane, laneId: 'L01', skuId: citrus.skuId, skuName: '沃柑', mode: 'piece' as const },
      { ...lane, laneId: 'L02', skuId: greens.skuId, skuName: '时令叶菜', mode: 'weight' as const },
    ],
  }
  const prices = { version: 1, prices: { [citrus.skuId]: citrus.priceFen, [greens.skuId]: greens.priceFen } }
  yield* insertRows(t.cabinetTwins, [{ cabinetId, version: 1, planogram, prices, config, changedAtMs: atMs }])
  const reported: ReportedTwin = {
    desiredVersion: 1,
    planogramVersion: 1,
    pricesVersion: 1,
    config,
    isInService: true,
    doorState: 'closed',
    sessionState: 'idle',
    lanes: [],
    alarms: [],
    atMs,
  }
  yield* insertRows(t.cabinetStatuses, [
    { cabinetId, isOnline: true, isInService: true, alarms: [], doorState: 'closed', offlineDevices: {}, reported },
  ])
  yield* insertRows(t.journalPositions, [
    { cabinetId, committedSeq: 0, lastHash: '0'.repeat(64), seqBase: 0, mayRestart: false },
  ])
  for (const [laneId, { lotId }] of [
    ['L01', citrus],
    ['L02', greens],
  ] as const) {
    const to = lanePlace({ cabinetId, laneId })
    yield* bookMoves(ctx, [
      { kind: 'loaded', lotId, from: fixedPlaces.depot, to, units: unitsInLane, causeId: cabinetId },
    ])
  }
  return cabinetId
}

/** An account with a filled wallet. */
export function* seedBuyer(ctx: UnitContext, login: string, amountFen: number): Unit<string> {
  const accountId = ctx.newId()
  yield* insertRows(ctx.tables.accounts, [
    {
      accountId,
      login,
      displayName: login,
      passwordHash: 'none',
      mustChangePassword: false,
      isActive: true,
      createdAtMs: ctx.now(),
    },
  ])
  if (amountFen > 0) yield* topUpWallet(ctx, { accountId, amountFen, reference: `top-up-${login}`, by: 'finance' })
  return accountId
}

export async function openMarket(
  database: Database,
  clock: { now(): number },
  { walletFen = 50_000, hasPlan = true } = {},
): Promise<Market> {
  const cabinetCode = 'YB-0001'
  const seeded = await database.run(function* (ctx) {
    if (hasPlan) yield* ensureDefaultPlan(ctx)
    const goods = yield* seedGoods(ctx, clock.now() - 3_600_000)
    const cabinetId = yield* seedCabinet(ctx, cabinetCode, goods)
    return { ...goods, cabinetId, buyerId: yield* seedBuyer(ctx, 'buyer', walletFen) }
  })
  const journal = new JournalWriter(makeId(clock, seededRandom(7)), () => clock.now())
  let opened = 0
  return {
    database,
    cabinetCode,
    ...seeded,
    async tell(type, body) {
      const entry = journal.receive(type, body)
      const result = await database.run((ctx) =>
        commitEntries(ctx, seeded.cabinetId, [entry], marketHandlers, 'careful'),
      )
      return { effects: result.effects, flags: result.flagged.map(({ flag }) => flag) }
    },
    async open(idempotencyKey) {
      opened += 1
      const key = idempotencyKey ?? `intent-${opened}-of-buyer`
      const request = { accountId: seeded.buyerId, accountName: 'buyer', cabinetCode, idempotencyKey: key }
      const { session } = await database.run((ctx) => openCabinet(ctx, openDeps, request))
      return session.sessionId
    },
  }
}

/** A settled event that took pieces of citrus and a mass of greens; leave out what was not taken. */
export function settled(
  { citrus, greens }: Pick<Market, 'citrus' | 'greens'>,
  sessionId: string,
  taken: { readonly count?: number; readonly massMg?: number },
): EventBody<'session.settled'> {
  return {
    sessionId,
    lines: takenLines({ citrus, greens }, taken),
    confidence: 0.999,
    flags: [],
    versions,
    evidence: noEvidence,
    steadyAtMs: 0,
  }
}

export function takenLines(
  { citrus, greens }: Pick<Market, 'citrus' | 'greens'>,
  { count, massMg }: { readonly count?: number; readonly massMg?: number },
): EventBody<'session.settled'>['lines'] {
  return [
    ...(count === undefined
      ? []
      : [{ laneId: 'L01', skuId: citrus.skuId, mode: 'piece' as const, count, shownPriceFen: citrus.priceFen }]),
    ...(massMg === undefined
      ? []
      : [{ laneId: 'L02', skuId: greens.skuId, mode: 'weight' as const, massMg, shownPriceFen: greens.priceFen }]),
  ]
}
