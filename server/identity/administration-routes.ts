// HTTP of the administration of accounts: lists, imports, roles, passwords that were forgotten, and sessions to be ended.
// One-time passwords are made and hashed before a unit of work begins, since a unit waits for nothing else.
import * as contract from '#shared/contracts/http/identity.ts'
import { Role } from '#shared/contracts/http/route.ts'
import type { Random } from '#shared/ids/random.ts'
import type { NounRoutes } from '../context.ts'
import { pageOfRows } from '../db/keyset.ts'
import { rehearse, type Unit, type UnitContext } from '../db/unit.ts'
import { registerRoute } from '../http/register-route.ts'
import { recordAudits } from '../audit/record-audit.ts'
import { addAccounts, foldLogin, type NewAccount } from './add-accounts.ts'
import { changeAccess, endSessions, resetPasswordHash } from './change-account.ts'
import { hashOneTimePassword, makeOneTimePassword } from './password.ts'
import { type AccountFileRow, findSitesOfRows, readAccountFile, refuseFaultyAccounts } from './read-accounts.ts'
import { showAccount, showListed } from './show-account.ts'
import { accountKey, findRoles, listAccountRows } from './store.ts'

const importLimitBytes = 4_194_304
/** Hashes at the same time in an import: the thread pool has few threads and others sign in meanwhile. */
const importHashers = 2

/** Maps with at most `limit` calls under way. */
async function mapLimited<T, R>(items: readonly T[], limit: number, map: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (let from = 0; from < items.length; from += limit) {
    results.push(...(await Promise.all(items.slice(from, from + limit).map(map))))
  }
  return results
}

interface OneTime {
  readonly password: string
  readonly hash: string
}

async function makeOneTimes(random: Random, count: number): Promise<OneTime[]> {
  const passwords = Array.from({ length: count }, () => makeOneTimePassword(random))
  const hashes = await mapLimited(passwords, importHashers, hashOneTimePassword)
  return passwords.map((password, index) => ({ password, hash: hashes[index] ?? '' }))
}

type Wanted = Omit<NewAccount, 'passwordHash' | 'mustChangePassword'>

function* makeAccounts(
  ctx: UnitContext,
  wanted: readonly Wanted[],
  oneTimes: readonly OneTime[],
  byAccountId: string,
): Unit<string[]> {
  const made = yield* addAccounts(
    ctx,
    wanted.map((account, index) => ({
      ...account,
      passwordHash: oneTimes[index]?.hash ?? '',
      mustChangePassword: true,
    })),
  )
  yield* recordAudits(
    ctx,
    made.map((accountId, index) => ({
      accountId: byAccountId,
      action: 'identity.account_imported',
      subjectId: accountId,
      after: { roles: wanted[index]?.roles },
    })),
  )
  return made
}

/** What is shown once of accounts that were made. */
function showMade(wanted: ReadonlyArray<Pick<Wanted, 'login'>>, ids: readonly string[], oneTimes: readonly OneTime[]) {
  return {
    accounts: wanted.map(({ login }, index) => ({
      accountId: ids[index] ?? '',
      login: foldLogin(login),
      oneTimePassword: oneTimes[index]?.password ?? '',
    })),
  }
}

/** The accounts of a file, with the ids of the sites it names; refuses row by row. */
function* makeAccountsOfFile(
  ctx: UnitContext,
  file: readonly AccountFileRow[],
  oneTimes: readonly OneTime[],
  byAccountId: string,
): Unit<string[]> {
  const siteIds = yield* findSitesOfRows(ctx, file)
  yield* refuseFaultyAccounts(ctx, file)
  const wanted = file.map(({ row: _row, site, ...account }) => ({
    ...account,
    ...(site === undefined ? {} : { hostSiteId: siteIds.get(site) }),
  }))
  return yield* makeAccounts(ctx, wanted, oneTimes, byAccountId)
}

function countRoles(file: readonly AccountFileRow[]) {
  return Role.options
    .map((role) => ({ role, accounts: file.filter(({ roles }) => roles.includes(role)).length }))
    .filter(({ accounts }) => accounts > 0)
}

const registerImports: NounRoutes = (app, { database, random }) => {
  registerRoute(
    app,
    contract.importAccounts,
    async ({ body: { accounts }, account: { accountId } }) => {
      const oneTimes = await makeOneTimes(random, accounts.length)
      const ids = await database.run((ctx) => makeAccounts(ctx, accounts, oneTimes, accountId))
      return showMade(accounts, ids, oneTimes)
    },
    { bodyLimitBytes: importLimitBytes },
  )
  registerRoute(app, contract.importAccountFile, async ({ body, account: { accountId } }) => {
    const file = await readAccountFile(body)
    const oneTimes = await makeOneTimes(random, file.length)
    const ids = await database.run((ctx) => makeAccountsOfFile(ctx, file, oneTimes, accountId))
    return showMade(file, ids, oneTimes)
  })
  registerRoute(app, contract.previewAccountFile, async ({ body, account: { accountId } }) => {
    const file = await readAccountFile(body)
    await database.run((ctx) => rehearse(makeAccountsOfFile(ctx, file, [], accountId)))
    return { accounts: file.length, roles: countRoles(file) }
  })
}

export const registerAdministration: NounRoutes = (app, ctx) => {
  registerImports(app, ctx)
  registerRoute(app, contract.listAccounts, ({ query }) =>
    ctx.database.read(function* (unit) {
      const found = yield* listAccountRows(unit, query)
      const roles = yield* findRoles(
        unit,
        found.map(({ accountId }) => accountId),
      )
      return pageOfRows(
        found,
        query.limit,
        (account) => accountKey(query, account),
        (account) => showListed(account, roles.get(account.accountId) ?? []),
      )
    }),
  )
  registerRoute(app, contract.getAccount, ({ params }) =>
    ctx.database.read((unit) => showAccount(unit, params.accountId)),
  )
  registerRoute(app, contract.setAccountAccess, async ({ params, body, account }) => {
    const change = { byAccountId: account.accountId, accountId: params.accountId, ...body }
    ctx.perform(await ctx.database.run((unit) => changeAccess(unit, change)))
  })
  registerRoute(app, contract.resetPassword, async ({ params: { accountId }, account: { accountId: byAccountId } }) => {
    const [oneTime = { password: '', hash: '' }] = await makeOneTimes(ctx.random, 1)
    const change = { byAccountId, accountId, newHash: oneTime.hash }
    const { login, effects } = await ctx.database.run((unit) => resetPasswordHash(unit, change))
    ctx.perform(effects)
    return { login, oneTimePassword: oneTime.password }
  })
  registerRoute(app, contract.endAccountSessions, async ({ params: { accountId }, account }) => {
    const { ended, effects } = await ctx.database.run((unit) =>
      endSessions(unit, { byAccountId: account.accountId, accountId }),
    )
    ctx.perform(effects)
    return { ended }
  })
}
