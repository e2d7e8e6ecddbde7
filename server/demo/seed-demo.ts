/**
 * Puts the invented data into an empty database, in one unit of work: a start that is killed half way leaves nothing behind,
 * and the suppliers being there is the mark that it has been done.
 */
import type { Random } from '#shared/ids/random.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { formatYuan } from '#shared/units/fen.ts'
import type { Database } from '../db/database.ts'
import { one, type Unit, type UnitContext } from '../db/unit.ts'
import { type SealedPhone, sealPhone } from '../households/phone.ts'
import { addAccounts } from '../identity/add-accounts.ts'
import { hashPassword, makeReadableCode } from '../identity/password.ts'
import { openWallet, topUpWallet } from '../payments/wallets.ts'
import type { Sealer } from '../personal-data/seal.ts'
import type { DemoAccount } from './data/accounts.ts'
import type { DemoData } from './data/demo-data.ts'
import { setSchoolList } from '../lane-locks/set-school-list.ts'
import { schoolAllowList } from './data/goods.ts'
import { seedAssistance } from './seed-assistance.ts'
import { seedCabinets, seedSites } from './seed-cabinets.ts'
import { seedPayouts } from './seed-payouts.ts'
import { seedHouseholds, seedLots, seedRevenuePlans, seedSkus, seedSuppliers } from './seed-register.ts'
import { seedForecasts, seedHarvestCalls, seedLadder } from './seed-restocking.ts'
import { seedUnion } from './seed-union.ts'

const joinCodeLength = 8

export interface SeedTools {
  readonly random: Random
  readonly sealer: Sealer
  /** False leaves out what the desks did before: visits, grants, produce sold. */
  readonly hasPast?: boolean
}

/** Seeds unless it has been done. True when it was done now. `say` is told of each step. */
export async function seedDemo(
  database: Database,
  data: DemoData,
  { random, sealer, hasPast = true }: SeedTools,
  say: (line: string) => void = () => {},
): Promise<boolean> {
  if (await database.read(isSeeded)) return false
  say(`Hashing ${data.accounts.length} passwords…`)
  const hashes = new Map(
    await Promise.all(data.accounts.map(async ({ login, password }) => [login, await hashPassword(password)] as const)),
  )
  const phones = new Map(
    data.households.map(({ householdCode, phone }) => [householdCode, sealPhone(sealer, householdCode, phone)]),
  )
  const joinCodes = data.sites.map(() => makeReadableCode(random, joinCodeLength))
  say(
    `Writing ${data.households.length} households, ${data.skus.length} SKUs, ${data.sites.length} host sites and ` +
      `${data.cabinets.length} cabinets…`,
  )
  return database.run(function* (ctx): Unit<boolean> {
    if (yield* isSeeded(ctx)) return false
    yield* seedAll(ctx, data, { hashes, phones, joinCodes, sealer, hasPast })
    return true
  })
}

function* isSeeded({ db, tables: { suppliers } }: UnitContext): Unit<boolean> {
  return (yield* one(db.select({ name: suppliers.name }).from(suppliers).limit(1))) !== undefined
}

/** What costs time or chance is made before the unit, which may run more than once. */
interface MadeBefore {
  /** Password hashes by login. */
  readonly hashes: ReadonlyMap<string, string>
  /** By household code. */
  readonly phones: ReadonlyMap<string, SealedPhone>
  /** One for each site. */
  readonly joinCodes: readonly string[]
  readonly sealer: Sealer
  readonly hasPast: boolean
}

function* seedAll(ctx: UnitContext, data: DemoData, made: MadeBefore): Unit<void> {
  const siteIds = yield* seedSites(ctx, data, made.joinCodes)
  const accountIds = yield* seedAccounts(ctx, data, made.hashes)
  const idOf = (login: string): Id => {
    const id = accountIds.get(login)
    if (id === undefined) throw new Error(`the demo has no account ${login}`)
    return id
  }
  yield* seedHouseholds(ctx, data, idOf('helper'), made.phones)
  const suppliers = yield* seedSuppliers(ctx, data, idOf('operator'))
  const skus = yield* seedSkus(ctx, data)
  const unionId = suppliers.get('dasheng-citrus')
  if (unionId === undefined) throw new Error('the citrus union is no supplier')
  const people = { financeId: idOf('finance'), adminId: idOf('admin') }
  yield* seedRevenuePlans(ctx, unionId, people)
  yield* seedUnion(ctx, unionId, data.unionMemberCodes, people)
  yield* seedLots(ctx, data, { skus, suppliers }, idOf('restocker'))
  yield* seedWallets(ctx, data.accounts, idOf)
  yield* seedPayouts(ctx, data, made.sealer, { clerkId: idOf('clerk'), checkerId: idOf('checker') })
  if (made.hasPast) yield* seedAssistance(ctx, data, { helperId: idOf('helper'), ...people })
  yield* setSchoolList(ctx, {
    skuIds: schoolAllowList.flatMap((key) => skus.get(key) ?? []),
    note: '演示：学校允许销售的商品',
    by: { accountId: idOf('operator'), name: 'demo' },
  })
  yield* seedCabinets(ctx, data, { siteIds, skus }, 'demo')
  yield* seedForecasts(ctx, data, skus)
  yield* seedLadder(ctx, idOf('operator'))
  const [operatorId, restockerId, farmerId] = [idOf('operator'), idOf('restocker'), idOf('farmer')]
  yield* seedHarvestCalls(ctx, data, { skus, unionId, operatorId, restockerId, farmerId })
}

function* seedAccounts(
  ctx: UnitContext,
  data: DemoData,
  hashes: ReadonlyMap<string, string>,
): Unit<ReadonlyMap<string, Id>> {
  const ids = yield* addAccounts(
    ctx,
    data.accounts.map(({ login, displayName, roles, areaCode }) => ({
      login,
      displayName,
      roles,
      passwordHash: hashes.get(login) ?? '',
      mustChangePassword: false,
      areaCode,
      ...(roles.includes('farmer') ? { householdCode: data.farmerHouseholdCode } : {}),
    })),
  )
  return new Map(data.accounts.flatMap(({ login }, index) => [[login, ids[index] ?? '']]))
}

function* seedWallets(ctx: UnitContext, accounts: readonly DemoAccount[], idOf: (login: string) => Id): Unit<void> {
  for (const { login, walletFen } of accounts) {
    if (walletFen === undefined) continue
    const accountId = idOf(login)
    yield* openWallet(ctx, accountId)
    const reference = `demo opening ${login}, ${formatYuan(walletFen)} yuan`
    yield* topUpWallet(ctx, { accountId, amountFen: walletFen, reference, by: 'demo' })
  }
}
