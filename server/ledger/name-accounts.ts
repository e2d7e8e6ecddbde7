// Names of ledger accounts for the people who read the books: an account's id says its kind and owner, the owner's own
// table says what the owner is called.
import { inArray } from 'drizzle-orm'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { namesOfPeople } from '../identity/people-names.ts'
import { accountKindOf, namedAccounts } from './account-kinds.ts'
import type { AccountKind } from './account-kinds.ts'

const fixedNames: Readonly<Record<string, string>> = {
  [namedAccounts.reliefFund]: '扶贫基金',
  [namedAccounts.operatorFee]: '运营服务费',
  [namedAccounts.rounding]: '分配尾差',
  [namedAccounts.mainBank]: '银行存款',
  [namedAccounts.opening]: '期初余额',
  [namedAccounts.refundsBorne]: '平台承担退款',
  [namedAccounts.salesBorne]: '平台承担坏账',
  [namedAccounts.distributionsBorne]: '平台承担分红冲销',
  [namedAccounts.incomesBorne]: '平台承担收入冲销',
  [namedAccounts.stockLoss]: '运营方承担货品损耗',
  [namedAccounts.stockLossInsured]: '保险承担货品损耗',
  [namedAccounts.donations]: '捐赠货品',
  [namedAccounts.payouts]: '在途兑付',
  'channel:wallet': '钱包渠道',
  'channel:surplus-unit-order': '滞销：单位采购',
  'channel:surplus-dealer': '滞销：客商收购',
  'channel:surplus-cabinet': '滞销：智能柜',
  'channel:surplus-other': '滞销：其他渠道',
}

const kindNames: Partial<Record<AccountKind, string>> = {
  wallet: '钱包',
  hold: '冻结',
  supplier: '供货商',
  household: '农户',
  organisation: '组织',
}

/** Name by account id; the id itself where nothing is known of the owner. */
export function* nameAccounts(ctx: UnitContext, accountIds: readonly string[]): Unit<Map<string, string>> {
  const owners = new Map<AccountKind, Set<string>>()
  for (const id of accountIds) {
    const kind = accountKindOf(id)
    const ids = owners.get(kind) ?? new Set<string>()
    owners.set(kind, ids.add(id.slice(kind.length + 1)))
  }
  const ownersOf = (...kinds: AccountKind[]) => kinds.flatMap((kind) => [...(owners.get(kind) ?? [])])
  const people = yield* namesOfPeople(ctx, ownersOf('wallet', 'hold'))
  const households = yield* namesOfHouseholds(ctx, ownersOf('household'))
  const suppliers = yield* namesOfSuppliers(ctx, ownersOf('supplier'))
  const organisations = yield* namesOfOrganisations(ctx, ownersOf('organisation'))
  const names = new Map([...people, ...households, ...suppliers, ...organisations])
  return new Map(accountIds.map((id) => [id, nameOf(id, names)]))
}

function nameOf(id: string, ownerNames: ReadonlyMap<string, string>): string {
  const kind = accountKindOf(id)
  const owner = ownerNames.get(id.slice(kind.length + 1))
  if (owner === undefined) return fixedNames[id] ?? id
  return `${kindNames[kind] ?? kind} ${owner}`
}

function* namesOfHouseholds(
  { db, tables: { households: t } }: UnitContext,
  ids: readonly string[],
): Unit<Array<[string, string]>> {
  if (ids.length === 0) return []
  const found = yield* rows(
    db
      .select({ id: t.householdCode, name: t.headName })
      .from(t)
      .where(inArray(t.householdCode, [...ids])),
  )
  return found.map(({ id, name }) => [id, `${name}（${id}）`])
}

function* namesOfSuppliers(
  { db, tables: { suppliers: t } }: UnitContext,
  ids: readonly string[],
): Unit<Array<[string, string]>> {
  if (ids.length === 0) return []
  const found = yield* rows(
    db
      .select({ id: t.supplierId, name: t.name })
      .from(t)
      .where(inArray(t.supplierId, [...ids])),
  )
  return found.map(({ id, name }) => [id, name])
}

function* namesOfOrganisations(
  { db, tables: { organisations: t } }: UnitContext,
  ids: readonly string[],
): Unit<Array<[string, string]>> {
  if (ids.length === 0) return []
  const found = yield* rows(
    db
      .select({ id: t.organisationId, name: t.name })
      .from(t)
      .where(inArray(t.organisationId, [...ids])),
  )
  return found.map(({ id, name }) => [id, name])
}
