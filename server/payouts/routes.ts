// HTTP routes of payouts. Long work goes in steps that the caller repeats (draft-steps, export-steps): each is one unit, answers
// with how far it has come, and may be called again after anything.
import * as contract from '#shared/contracts/http/payouts.ts'
import type { NounRoutes } from '../context.ts'
import { enterCalendarDays, listCalendarDays } from '../calendar/calendar-days.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { pageOfRows } from '../db/keyset.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { registerRoute } from '../http/register-route.ts'
import { fileNameOf, mediaTypes } from './bank-file.ts'
import { listProfiles, replaceStepRules, saveProfile } from './bank-profiles.ts'
import { draftNext, openBatch } from './draft-batch.ts'
import { explainLine } from './explain-line.ts'
import { exportNext, readFile } from './export-batch.ts'
import { listLines } from './list-lines.ts'
import { confirmAccount, listAccounts, proposeAccount, rejectAccount } from './payee-accounts.ts'
import type { PayeeAccountRow } from './payee-accounts.ts'
import { sealAccount } from './payee-account-seal.ts'
import { importReturn } from './import-return.ts'
import { previewReturn } from './preview-return.ts'
import { queryUnknown } from './query-unknown.ts'
import { readReturn } from './read-return-file.ts'
import { reissueFailed } from './reissue-failed.ts'
import * as show from './show-payouts.ts'
import * as sign from './sign-batch.ts'
import { listStepRules } from './store.ts'
import type { BatchRow } from './store.ts'
import { recordVerification, settleBatch } from './verify-recipients.ts'

const showAccount = ({ accountSealed: _sealed, accountFingerprint: _fingerprint, ...row }: PayeeAccountRow) =>
  show.withoutNulls(row)

/** Runs a unit that moves a batch and shows what came of it. */
function* shown(ctx: UnitContext, unit: Unit<BatchRow>): Unit<show.PayoutView> {
  return show.showBatch(ctx, yield* unit)
}

const registerBatches: NounRoutes = (app, { database, sealer, clock }) => {
  registerRoute(app, contract.listPayouts, ({ query }) => database.read((ctx) => show.listBatches(ctx, query)))
  registerRoute(app, contract.getPayout, ({ params }) => database.read((ctx) => show.findBatch(ctx, params.batchId)))
  registerRoute(app, contract.draftPayout, ({ body, account }) =>
    database.run((ctx) =>
      shown(ctx, openBatch(ctx, { ...body, cutoffMs: body.cutoffMs ?? clock.now() }, account.accountId)),
    ),
  )
  registerRoute(app, contract.continueDraft, ({ params, account }) =>
    database.run(function* (ctx) {
      const batch = yield* draftNext(ctx, params.batchId)
      const { householdCount, lineCount } = batch
      yield* recordAudit(ctx, {
        accountId: account.accountId,
        action: 'payout.draft_continued',
        subjectId: params.batchId,
        detail: { householdCount, lineCount },
      })
      return show.showBatch(ctx, batch)
    }),
  )
  registerRoute(app, contract.reviewPayout, ({ params, account }) =>
    database.run((ctx) => shown(ctx, sign.reviewBatch(ctx, params.batchId, account.accountId))),
  )
  registerRoute(app, contract.openPayoutNotice, ({ params, body, account }) =>
    database.run((ctx) => shown(ctx, sign.openNotice(ctx, params.batchId, account.accountId, body.workingDays))),
  )
  registerRoute(app, contract.closePayoutNotice, ({ params, account }) =>
    database.run((ctx) => shown(ctx, sign.closeNotice(ctx, params.batchId, account.accountId))),
  )
  registerRoute(app, contract.approvePayout, ({ params, account }) =>
    database.run((ctx) => shown(ctx, sign.approveBatch(ctx, params.batchId, account.accountId))),
  )
  registerRoute(app, contract.releasePayout, ({ params, account }) =>
    database.run((ctx) => shown(ctx, sign.releaseBatch(ctx, params.batchId, account.accountId))),
  )
  registerRoute(app, contract.exportPayout, ({ params, account }) =>
    database.run((ctx) => shown(ctx, exportNext(ctx, sealer, params.batchId, account.accountId))),
  )
  registerRoute(app, contract.cancelPayout, ({ params, body, account }) =>
    database.run((ctx) => shown(ctx, sign.cancelBatch(ctx, params.batchId, account.accountId, body.reason))),
  )
  registerRoute(app, contract.reissuePayout, ({ params, account }) =>
    database.run((ctx) => shown(ctx, reissueFailed(ctx, params.batchId, account.accountId))),
  )
  registerRoute(app, contract.queryPayoutUnknown, ({ params, account }) =>
    database.run((ctx) => shown(ctx, queryUnknown(ctx, params.batchId, account.accountId))),
  )
  registerRoute(app, contract.settlePayout, ({ params, account }) =>
    database.run((ctx) => shown(ctx, settleBatch(ctx, params.batchId, account.accountId))),
  )
}

const registerPapers: NounRoutes = (app, ctx) => {
  const { database, sealer } = ctx
  registerRoute(app, contract.listPayoutLines, ({ params, query }) =>
    database.read((unit) => listLines(unit, params.batchId, query)),
  )
  registerRoute(app, contract.listPayoutSkips, ({ params, query }) =>
    database.read((unit) => show.listSkips(unit, params.batchId, query)),
  )
  registerRoute(app, contract.listPayoutPostings, ({ params, query }) =>
    database.read((unit) => show.listPostings(unit, params.batchId, query)),
  )
  registerRoute(app, contract.explainPayoutLine, ({ params, query }) =>
    database.read((unit) => explainLine(unit, params.batchId, params.lineId, query)),
  )
  registerRoute(app, contract.listPayoutObjections, ({ params, query }) =>
    database.read((unit) => show.listObjections(unit, params.batchId, query)),
  )
  registerRoute(app, contract.objectToPayout, ({ params, body, account }) =>
    database.run(function* (unit) {
      const objection = { lineId: body.lineId, reason: body.reason, raisedBy: body.raisedBy ?? account.displayName }
      const { objectionId } = yield* sign.raiseObjection(unit, params.batchId, objection, account.accountId)
      return { objectionId }
    }),
  )
  registerRoute(app, contract.decidePayoutObjection, ({ params, body, account }) =>
    database.run((unit) => shown(unit, sign.decideObjection(unit, params, body, account.accountId))),
  )
  registerRoute(app, contract.listPayoutFiles, ({ params, query }) =>
    database.read((unit) => show.listFiles(unit, params.batchId, query)),
  )
  registerRoute(app, contract.readPayoutFile, async ({ params, account }) => {
    const { bytes, profile, batch } = await database.run((unit) => readFile(unit, sealer, params, account.accountId))
    return { bytes, mediaType: mediaTypes[profile.format], fileName: fileNameOf(profile, batch.batchNo, params.fileNo) }
  })
  registerRoute(app, contract.listPayoutReturns, ({ params, query }) =>
    database.read((unit) => show.listReturns(unit, params.batchId, query)),
  )
  registerRoute(app, contract.importPayoutReturn, async ({ params, body, account }) => {
    const file = await readReturn(ctx, params.batchId, body)
    return database.run((unit) => importReturn(unit, params.batchId, file, account.accountId))
  })
  registerRoute(app, contract.previewPayoutReturn, async ({ params, body, account }) => {
    const file = await readReturn(ctx, params.batchId, body)
    return database.run((unit) => previewReturn(unit, params.batchId, file, account.accountId))
  })
  registerRoute(app, contract.listPayoutVerifications, ({ params, query, account }) =>
    database.read((unit) => show.listVerifications(unit, account, params.batchId, query)),
  )
  registerRoute(app, contract.recordPayoutVerification, ({ params, body, account }) =>
    database.run((unit) => recordVerification(unit, params.batchId, { lineId: params.lineId, ...body }, account)),
  )
}

const registerSettings: NounRoutes = (app, ctx) => {
  const { database } = ctx
  registerRoute(app, contract.listBankProfiles, async () => ({ rows: await database.read(listProfiles) }))
  registerRoute(app, contract.saveBankProfile, ({ body, account }) =>
    database.run((unit) => saveProfile(unit, body, account.accountId)),
  )
  registerRoute(app, contract.listStepRules, async () => ({ rows: await database.read(listStepRules) }))
  registerRoute(app, contract.replaceStepRules, async ({ body, account }) => {
    await database.run((unit) => replaceStepRules(unit, body.rows, account.accountId))
    return { rows: await database.read(listStepRules) }
  })
  registerRoute(app, contract.listCalendarDays, async ({ query }) => ({
    rows: await database.read((unit) => listCalendarDays(unit, query.fromDay)),
  }))
  registerRoute(app, contract.enterCalendarDays, async ({ body, account }) => {
    await database.run((unit) => enterCalendarDays(unit, body.rows, account.accountId))
    return { rows: await database.read((unit) => listCalendarDays(unit)) }
  })
}

const registerAccounts: NounRoutes = (app, ctx) => {
  const { database, sealer } = ctx
  registerRoute(app, contract.listPayeeAccounts, async ({ query }) => {
    const found = await database.read((unit) => listAccounts(unit, query))
    return pageOfRows(found, query.limit, (row) => [row.householdCode, row.payeeAccountId], showAccount)
  })
  registerRoute(app, contract.proposePayeeAccount, async ({ body, account }) => {
    const { account: number, ...rest } = body
    return showAccount(
      await database.run((unit) => {
        const payeeAccountId = unit.newId()
        const proposal = { ...rest, payeeAccountId, ...sealAccount(sealer, payeeAccountId, number) }
        return proposeAccount(unit, proposal, account.accountId)
      }),
    )
  })
  registerRoute(app, contract.confirmPayeeAccount, async ({ params, account }) =>
    showAccount(await database.run((unit) => confirmAccount(unit, params.payeeAccountId, account.accountId))),
  )
  registerRoute(app, contract.rejectPayeeAccount, async ({ params, account }) =>
    showAccount(await database.run((unit) => rejectAccount(unit, params.payeeAccountId, account.accountId))),
  )
}

export const payoutRoutes: NounRoutes = (app, ctx) => {
  registerBatches(app, ctx)
  registerPapers(app, ctx)
  registerSettings(app, ctx)
  registerAccounts(app, ctx)
}
