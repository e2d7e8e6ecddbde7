// HTTP routes of the ledger: accounts, balances, entries, statements, the proof that the books are sound, and the reversal of
// what only the ledger knows of.
import * as contract from '#shared/contracts/http/money.ts'
import type { NounRoutes } from '../context.ts'
import { RefusalError } from '../errors/refusal.ts'
import { registerRoute } from '../http/register-route.ts'
import { recordAudit } from '../audit/record-audit.ts'
import type { AccountId } from './account-kinds.ts'
import { listBooksChecks, proveBooks, runProofs } from './check-books.ts'
import { listAccounts, listEntries } from './list-accounts.ts'
import { reverseCause } from './reverse-transfers.ts'
import { showBalance, showStatement } from './show-statement.ts'

export const ledgerRoutes: NounRoutes = (app, ctx) => {
  const { database } = ctx
  registerRoute(app, contract.listLedgerAccounts, ({ query }) => database.read((unit) => listAccounts(unit, query)))
  registerRoute(app, contract.listLedgerEntries, ({ params, query }) =>
    database.read((unit) => listEntries(unit, params.accountId as AccountId, query)),
  )
  registerRoute(app, contract.getLedgerBalance, ({ params, query }) =>
    database.read((unit) => showBalance(unit, params.accountId as AccountId, query.atMs)),
  )
  registerRoute(app, contract.getLedgerStatement, ({ params, query }) =>
    database.read((unit) => showStatement(unit, params.accountId as AccountId, query)),
  )
  registerRoute(app, contract.reverseLedgerCause, ({ body, account }) =>
    database.run(function* (unit) {
      const { causeKind, causeId, reason } = body
      if (causeKind === 'write-off')
        throw new RefusalError('write_off.reversed_by_recovery', undefined, { field: 'causeKind' })
      const outcome = yield* reverseCause(unit, { kind: causeKind, id: causeId }, reason)
      const subjectId = `${causeKind}:${causeId}`
      const audit = { accountId: account.accountId, action: 'ledger.reversed', subjectId, why: reason }
      yield* recordAudit(unit, { ...audit, detail: { outcome } })
      return { outcome }
    }),
  )
  registerRoute(app, contract.checkLedger, async () => {
    const proofs = await runProofs(database, ctx.sealer)
    const problems = proofs.flatMap((proof) => proof.problems)
    return { isSound: problems.length === 0, checkedTransfers: proofs[0]?.checked ?? 0, problems }
  })
  registerRoute(app, contract.runBooksCheck, ({ account }) => proveBooks(ctx, account.accountId))
  registerRoute(app, contract.listBooksChecks, ({ query }) => database.read((unit) => listBooksChecks(unit, query)))
}
