// HTTP routes of sessions.
import * as opening from '#shared/contracts/http/open-cabinet.ts'
import * as contract from '#shared/contracts/http/sessions.ts'
import type { Role } from '#shared/contracts/http/route.ts'
import type { NounRoutes, ServerContext } from '../context.ts'
import { pageOfRows } from '../db/keyset.ts'
import { RefusalError } from '../errors/refusal.ts'
import { mayAs, registerRoute } from '../http/register-route.ts'
import type { SignedIn } from '../http/register-route.ts'
import { walletPayments } from '../payments/wallet-payments.ts'
import { decideReview } from './decide-review.ts'
import { findEvidence } from './find-evidence.ts'
import { openCabinet } from './open-cabinet.ts'
import { listFindings } from './findings.ts'
import { makeReceipt } from './receipt.ts'
import { refundLine } from './refund-line.ts'
import { runOnce } from './run-once.ts'
import { settingsOf } from './settings.ts'
import { showImpact } from './show-impact.ts'
import { showSession, statesShownAs } from './show-session.ts'
import { findSession, listSessionRows } from './store.ts'
import type { SessionRow } from './store.ts'

/** Who may look at other people's sessions. */
const staffRoles: readonly Role[] = ['operator', 'finance', 'auditor', 'admin']

export const sessionRoutes: NounRoutes = (app, server) => {
  registerReading(app, server)
  registerDeciding(app, server)
}

/** The session when the account may see it. Others' sessions look like none at all. */
export async function requireVisible(
  { database }: ServerContext,
  sessionId: string,
  account: SignedIn,
): Promise<SessionRow> {
  const session = await database.read(() => findSession(sessionId))
  if (session === undefined || (!mayAs(staffRoles, account) && session.accountId !== account.accountId)) {
    throw new RefusalError('session.unknown')
  }
  return session
}

const showPage = (rows: readonly SessionRow[], limit: number) =>
  pageOfRows(rows, limit, (row) => [row.sessionId], showSession)

const registerReading: NounRoutes = (app, server) => {
  const { database } = server
  registerRoute(app, contract.getSession, async ({ params, account }) =>
    showSession(await requireVisible(server, params.sessionId, account)),
  )
  registerRoute(app, contract.listMySessions, async ({ query, account }) => {
    const { accountId } = account
    return showPage(await database.read((ctx) => listSessionRows(ctx, { ...query, accountId })), query.limit)
  })
  registerRoute(app, contract.listSessions, async ({ query }) => {
    const { state, ...filter } = query
    const states = state === undefined ? undefined : statesShownAs(state)
    if (states?.length === 0) return { rows: [] }
    return showPage(await database.read((ctx) => listSessionRows(ctx, { ...filter, states })), query.limit)
  })
  registerRoute(app, contract.getMyImpact, ({ account }) => database.read((ctx) => showImpact(ctx, account.accountId)))
  registerRoute(app, contract.getReceipt, async ({ params, account }) => {
    await requireVisible(server, params.sessionId, account)
    return await requireReceipt(server, params.sessionId)
  })
  registerRoute(app, contract.listSessionFindings, ({ query }) => database.read((ctx) => listFindings(ctx, query)))
  registerRoute(app, contract.getSessionEvidence, ({ params }) =>
    database.read((ctx) => findEvidence(ctx, params.sessionId)),
  )
}

async function requireReceipt({ database }: ServerContext, sessionId: string) {
  const receipt = await database.read((ctx) => makeReceipt(ctx, sessionId))
  if (receipt === undefined) throw new RefusalError('session.no_receipt')
  return receipt
}

const registerDeciding: NounRoutes = (app, server) => {
  const { database } = server
  const deps = { signer: server.signer, payments: walletPayments, settings: settingsOf(server.config) }
  registerRoute(app, opening.openCabinet, async ({ body, account }) => {
    const { accountId, displayName } = account
    const request = { ...body, accountId, accountName: displayName }
    const { session, effects } = await runOnce(database, (ctx) => openCabinet(ctx, deps, request))
    server.perform(effects)
    return showSession(session)
  })
  registerRoute(app, contract.decideReview, async ({ params, body, account }) => {
    const decision = { ...params, ...body, byAccountId: account.accountId }
    server.perform(await database.run((ctx) => decideReview(ctx, walletPayments, decision)))
    return (await database.read((ctx) => makeReceipt(ctx, params.sessionId))) ?? null
  })
  registerRoute(app, contract.refundLine, ({ params, body, account }) => {
    const refund = { ...params, ...body, byAccountId: account.accountId }
    return runOnce(database, (ctx) => refundLine(ctx, walletPayments, refund))
  })
}
