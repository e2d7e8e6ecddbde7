// HTTP routes of the ledger: accounts, entries and the proof that the books are sound. They read; only postings write.
import * as contract from '#shared/contracts/http/money.ts'
import { checkAttribution } from '../attribution/check-attribution.ts'
import type { NounRoutes } from '../context.ts'
import { registerRoute } from '../http/register-route.ts'
import type { AccountId } from './account-kinds.ts'
import { checkLedger } from './check-ledger.ts'
import { listAccounts, listEntries } from './list-accounts.ts'

export const ledgerRoutes: NounRoutes = (app, { database }) => {
  registerRoute(app, contract.listLedgerAccounts, ({ query }) => database.read((ctx) => listAccounts(ctx, query)))
  registerRoute(app, contract.listLedgerEntries, ({ params, query }) =>
    database.read((ctx) => listEntries(ctx, params.accountId as AccountId, query)),
  )
  registerRoute(app, contract.checkLedger, () =>
    database.read(function* (ctx) {
      const { checkedTransfers, problems } = yield* checkLedger(ctx)
      const all = [...problems, ...(yield* checkAttribution(ctx))]
      return { isSound: all.length === 0, checkedTransfers, problems: all }
    }),
  )
}
