// HTTP routes of organisations: the registers of members and shares, the charter, and money received.
import { createHash } from 'node:crypto'
import type { z } from 'zod'
import * as contract from '#shared/contracts/http/organisations.ts'
import { recordAudit } from '../audit/record-audit.ts'
import type { NounRoutes } from '../context.ts'
import { rehearse } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { registerRoute } from '../http/register-route.ts'
import type { RouteCall } from '../http/register-route.ts'
import { accountIdOf } from '../ledger/account-kinds.ts'
import { balanceOf } from '../ledger/balances.ts'
import { bookReceipt } from './book-receipt.ts'
import { admitMembers, endMembership } from './change-members.ts'
import { approveCharter, draftCharter, termsOf } from './charters.ts'
import { endHolding, enterHoldings } from './enter-holdings.ts'
import { foundOrganisation } from './found-organisation.ts'
import { importHoldings, importMembers } from './import-registers.ts'
import { readHoldingFile, readMemberFile } from './read-registers.ts'
import { requireOrganisation } from './require-organisation.ts'
import { listRegisterImports, reverseRegisterImport } from './reverse-register.ts'
import { countMembers, findCharters, findHoldings, findMembers, findOrganisations, sumShares } from './store.ts'
import type { CharterRow, HoldingRow } from './store.ts'

/** A register of 5,000 rows. */
const registerBodyBytes = 2_097_152

/** What the upload of a register says beside its rows. */
function factsOf({ params, query, body, account }: RouteCall<typeof contract.importMembers>) {
  const sha256 = createHash('sha256').update(body).digest('hex')
  return { ...params, ...query, sha256, byAccountId: account.accountId }
}

function showHolding(row: HoldingRow): z.input<typeof contract.ShareHolding> {
  const { holdingId, householdCode, kind, quantityMilli, unit, sharesMilli, fromMs, toMs } = row
  return {
    holdingId,
    ...(householdCode === null ? {} : { householdCode }),
    kind,
    quantityMilli,
    unit,
    sharesMilli,
    fromMs,
    ...(toMs === null ? {} : { toMs }),
  }
}

function showCharter(row: CharterRow): z.input<typeof contract.Charter> {
  const { charterId, organisationId, version, state, effectiveFromMs, note } = row
  const { preparedBy, preparedAtMs, approvedBy, approvedAtMs } = row
  return {
    charterId,
    organisationId,
    version,
    state,
    effectiveFromMs,
    terms: termsOf(row),
    note,
    preparedBy,
    preparedAtMs,
    ...(approvedBy === null ? {} : { approvedBy }),
    ...(approvedAtMs === null ? {} : { approvedAtMs }),
  }
}

function* showOrganisation(
  ctx: UnitContext,
  organisationId: string,
): Unit<z.input<typeof contract.OrganisationDetail>> {
  return {
    ...(yield* requireOrganisation(ctx, organisationId)),
    memberCount: yield* countMembers(ctx, organisationId),
    balanceFen: yield* balanceOf(ctx, accountIdOf('organisation', organisationId)),
    shares: yield* sumShares(ctx, organisationId),
  }
}

export const organisationRoutes: NounRoutes = (app, server) => {
  const { database } = server
  registerRoute(app, contract.foundOrganisation, ({ body, account: { accountId } }) =>
    database.run(function* (ctx) {
      const organisationId = yield* foundOrganisation(ctx, body)
      yield* recordAudit(ctx, { accountId, action: 'organisation.founded', subjectId: organisationId, after: body })
      return yield* requireOrganisation(ctx, organisationId)
    }),
  )
  registerRoute(app, contract.listOrganisations, ({ query }) => database.read((ctx) => findOrganisations(ctx, query)))
  registerRoute(app, contract.getOrganisation, ({ params }) =>
    database.read((ctx) => showOrganisation(ctx, params.organisationId)),
  )
  memberRoutes(app, server)
  holdingRoutes(app, server)
  importRoutes(app, server)
  charterRoutes(app, server)
  registerRoute(app, contract.bookOrganisationReceipt, ({ params: { organisationId }, body, account: { accountId } }) =>
    database.run(function* (ctx) {
      const booked = yield* bookReceipt(ctx, { organisationId, ...body })
      const audit = { accountId, action: 'organisation.receipt_booked', subjectId: organisationId }
      yield* recordAudit(ctx, { ...audit, why: body.note, after: body })
      return booked
    }),
  )
}

const memberRoutes: NounRoutes = (app, { database }) => {
  registerRoute(app, contract.listMembers, async ({ params, query }) => {
    const page = await database.read(function* (ctx) {
      yield* requireOrganisation(ctx, params.organisationId)
      return yield* findMembers(ctx, params.organisationId, query)
    })
    return { ...page, rows: page.rows.map(({ toMs, ...row }) => ({ ...row, ...(toMs === null ? {} : { toMs }) })) }
  })
  registerRoute(
    app,
    contract.admitMembers,
    ({ params: { organisationId }, body, account: { accountId } }) =>
      database.run(function* (ctx) {
        const admitted = yield* admitMembers(ctx, { organisationId, ...body })
        const audit = { accountId, action: 'organisation.members_admitted', subjectId: organisationId }
        yield* recordAudit(ctx, { ...audit, after: body })
        return { admitted }
      }),
    { bodyLimitBytes: registerBodyBytes },
  )
  registerRoute(app, contract.importMembers, async (call) => {
    const file = { ...factsOf(call), rows: await readMemberFile(call.body) }
    return { admitted: await database.run((ctx) => importMembers(ctx, file)) }
  })
  registerRoute(app, contract.previewMembers, async (call) => {
    const file = { ...factsOf(call), rows: await readMemberFile(call.body) }
    return { admitted: await database.run((ctx) => rehearse(importMembers(ctx, file))) }
  })
  registerRoute(app, contract.endMembership, ({ params, body, account: { accountId } }) =>
    database.run(function* (ctx) {
      const ended = yield* endMembership(ctx, { ...params, ...body })
      const audit = { accountId, action: 'organisation.member_left', subjectId: params.organisationId }
      yield* recordAudit(ctx, { ...audit, before: { ...ended, toMs: null }, after: ended })
      return ended
    }),
  )
}

const holdingRoutes: NounRoutes = (app, { database }) => {
  registerRoute(app, contract.listHoldings, async ({ params, query }) => {
    const page = await database.read(function* (ctx) {
      yield* requireOrganisation(ctx, params.organisationId)
      return yield* findHoldings(ctx, params.organisationId, query)
    })
    return { ...page, rows: page.rows.map(showHolding) }
  })
  registerRoute(
    app,
    contract.enterHoldings,
    ({ params: { organisationId }, body, account: { accountId } }) =>
      database.run(function* (ctx) {
        const entered = yield* enterHoldings(ctx, { organisationId, ...body })
        const audit = { accountId, action: 'organisation.holdings_entered', subjectId: organisationId }
        yield* recordAudit(ctx, { ...audit, after: body, detail: { ...entered } })
        return entered
      }),
    { bodyLimitBytes: registerBodyBytes },
  )
  registerRoute(app, contract.importHoldings, async (call) => {
    const file = { ...factsOf(call), rows: await readHoldingFile(call.body) }
    return database.run((ctx) => importHoldings(ctx, file))
  })
  registerRoute(app, contract.previewHoldings, async (call) => {
    const file = { ...factsOf(call), rows: await readHoldingFile(call.body) }
    return database.run((ctx) => rehearse(importHoldings(ctx, file)))
  })
  registerRoute(app, contract.endHolding, ({ params, body, account: { accountId } }) =>
    database.run(function* (ctx) {
      const holding = yield* endHolding(ctx, { ...params, ...body })
      const audit = { accountId, action: 'organisation.holding_ended', subjectId: params.organisationId }
      yield* recordAudit(ctx, { ...audit, before: { ...holding, toMs: null }, after: { ...holding } })
      return showHolding(holding)
    }),
  )
}

const importRoutes: NounRoutes = (app, { database }) => {
  registerRoute(app, contract.listRegisterImports, ({ params: { organisationId }, query }) =>
    database.read(function* (ctx) {
      yield* requireOrganisation(ctx, organisationId)
      return yield* listRegisterImports(ctx, organisationId, query)
    }),
  )
  registerRoute(app, contract.reverseRegisterImport, ({ params, body, account: { accountId: byAccountId } }) =>
    database.run((ctx) => reverseRegisterImport(ctx, { ...params, ...body, byAccountId })),
  )
}

const charterRoutes: NounRoutes = (app, { database }) => {
  registerRoute(app, contract.listCharters, async ({ params: { organisationId } }) => ({
    rows: await database.read(function* (ctx) {
      yield* requireOrganisation(ctx, organisationId)
      return (yield* findCharters(ctx, organisationId)).map(showCharter)
    }),
  }))
  registerRoute(app, contract.draftCharter, ({ params: { organisationId }, body, account: { accountId } }) =>
    database.run(function* (ctx) {
      const charter = yield* draftCharter(ctx, { organisationId, ...body, preparedBy: accountId })
      const audit = { accountId, action: 'charter.drafted', subjectId: charter.charterId }
      yield* recordAudit(ctx, { ...audit, why: body.note, after: body })
      return showCharter(charter)
    }),
  )
  registerRoute(app, contract.approveCharter, ({ params: { charterId }, account: { accountId } }) =>
    database.run(function* (ctx) {
      const charter = yield* approveCharter(ctx, charterId, accountId)
      const { state, effectiveFromMs } = charter
      const audit = { accountId, action: 'charter.approved', subjectId: charterId }
      yield* recordAudit(ctx, { ...audit, before: { state: 'draft' }, after: { state, effectiveFromMs } })
      return showCharter(charter)
    }),
  )
}
