// HTTP routes of wallets.
import { eq } from 'drizzle-orm'
import * as contract from '#shared/contracts/http/money.ts'
import type { NounRoutes } from '../context.ts'
import { one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { registerRoute } from '../http/register-route.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { accountIdOf } from '../ledger/account-kinds.ts'
import { listEntries } from '../ledger/list-accounts.ts'
import { type ArrearsRow, listArrears, payArrears } from './arrears.ts'
import { openWallet, topUpWallet, walletOf } from './wallets.ts'

/** Latest movements shown with a wallet. */
const walletEntries = 20

/** Refuses with payment.wallet_unknown unless the account exists: a mistyped id must not swallow money. */
function* requireBuyer(ctx: UnitContext, accountId: string): Unit<void> {
  const { accounts: a } = ctx.tables
  const found = yield* one(ctx.db.select({ id: a.accountId }).from(a).where(eq(a.accountId, accountId)))
  if (found === undefined) throw new RefusalError('payment.wallet_unknown', undefined, { field: 'accountId' })
}

const showArrears = (found: readonly ArrearsRow[]) => ({
  rows: found.map(({ intentId: sessionId, payerAccountId: accountId, owedFen, sinceMs }) => ({
    sessionId,
    accountId,
    owedFen,
    sinceMs,
  })),
})

const registerArrears: NounRoutes = (app, { database }) => {
  registerRoute(app, contract.listMyArrears, async ({ account }) =>
    showArrears(await database.read((ctx) => listArrears(ctx, account.accountId))),
  )
  registerRoute(app, contract.listAllArrears, async () => showArrears(await database.read((ctx) => listArrears(ctx))))
  registerRoute(app, contract.payMyArrears, async ({ params, account: { accountId } }) =>
    showArrears(
      await database.run(function* (ctx) {
        yield* payArrears(ctx, { intentId: params.sessionId, payerAccountId: accountId })
        return yield* listArrears(ctx, accountId)
      }),
    ),
  )
}

export const paymentRoutes: NounRoutes = (app, server) => {
  const { database } = server
  registerArrears(app, server)
  registerRoute(app, contract.getWallet, async ({ account }) => {
    // The first look opens the wallet, so that there is one to show.
    await database.run((ctx) => openWallet(ctx, account.accountId))
    return await database.read(function* (ctx) {
      const { balanceFen, heldFen } = yield* walletOf(ctx, account.accountId)
      const page = yield* listEntries(ctx, accountIdOf('wallet', account.accountId), { limit: walletEntries })
      return { balanceFen, heldFen, entries: page.rows }
    })
  })
  registerRoute(app, contract.topUpWallet, ({ params, body, account }) =>
    database.run(function* (ctx) {
      yield* requireBuyer(ctx, params.accountId)
      const outcome = yield* topUpWallet(ctx, { ...params, ...body, by: account.accountId })
      yield* recordAudit(ctx, {
        accountId: account.accountId,
        action: 'wallet.topped_up',
        subjectId: params.accountId,
        after: { balanceFen: outcome.balanceFen },
        detail: { ...body, transferId: outcome.transferId },
      })
      return outcome
    }),
  )
}
