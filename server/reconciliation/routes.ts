// HTTP routes of reconciliation: statements in, days and batches compared, differences closed by two people.
import * as contract from '#shared/contracts/http/reconciliation.ts'
import type { NounRoutes } from '../context.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { rehearse } from '../db/unit.ts'
import { registerRoute } from '../http/register-route.ts'
import { approveClosing, proposeClosing } from './close-difference.ts'
import { importStatement, readStatement } from './import-statement.ts'
import { listDifferences, listReconciliations, showDifference } from './list-reconciliations.ts'
import { listStatements } from './list-statements.ts'
import { reconcile, reconcileAll, subjectsOfStatement } from './reconcile.ts'
import { takeStatementBack } from './take-statement-back.ts'

export const reconciliationRoutes: NounRoutes = (app, { database }) => {
  registerRoute(app, contract.importStatement, async ({ query: { channel }, body, account }) => {
    const file = await readStatement(body, channel)
    const { statement, isNew } = await database.run((unit) => importStatement(unit, file, account.accountId))
    const subjects = await database.read((unit) => subjectsOfStatement(unit, statement))
    const { statementId, fromDay, throughDay, rowCount, totalFen } = statement
    const outcome = isNew ? ('imported' as const) : ('already' as const)
    const reconciled = await reconcileAll(database, subjects)
    return { outcome, statementId, fromDay, throughDay, rowCount, totalFen, reconciled }
  })
  registerRoute(app, contract.previewStatement, async ({ query: { channel }, body, account }) => {
    const file = await readStatement(body, channel)
    const { statement, isNew } = await database.run((unit) => rehearse(importStatement(unit, file, account.accountId)))
    const { fromDay, throughDay, rowCount, totalFen } = statement
    return { outcome: isNew ? ('imported' as const) : ('already' as const), fromDay, throughDay, rowCount, totalFen }
  })
  registerRoute(app, contract.listStatements, ({ query }) => database.read((unit) => listStatements(unit, query)))
  registerRoute(app, contract.takeStatementBack, async ({ params: { statementId }, body: { reason }, account }) => {
    const request = { statementId, reason, byAccountId: account.accountId }
    const subjects = await database.run((unit) => takeStatementBack(unit, request))
    return { statementId, reconciled: await reconcileAll(database, subjects) }
  })
  registerRoute(app, contract.reconcileSubject, ({ body, account }) =>
    database.run(function* (unit) {
      const found = yield* reconcile(unit, body)
      const { differenceFen, openCount } = found
      yield* recordAudit(unit, {
        accountId: account.accountId,
        action: 'reconciliation.compared',
        subjectId: `${body.channel} ${body.subject}`,
        detail: { differenceFen, openCount },
      })
      return found
    }),
  )
  registerRoute(app, contract.listReconciliations, ({ query }) =>
    database.read((unit) => listReconciliations(unit, query)),
  )
  registerRoute(app, contract.listDifferences, ({ query }) => database.read((unit) => listDifferences(unit, query)))
  registerRoute(app, contract.proposeClosing, async ({ params, body, account }) => {
    const proposal = { ...body, differenceId: params.differenceId, byAccountId: account.accountId }
    return showDifference(await database.run((unit) => proposeClosing(unit, proposal)))
  })
  registerRoute(app, contract.approveClosing, async ({ params, account }) => {
    const approval = { differenceId: params.differenceId, byAccountId: account.accountId }
    return showDifference(await database.run((unit) => approveClosing(unit, approval)))
  })
}
