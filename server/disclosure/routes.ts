// What the public may see: published days, proofs, and notices as JSON, page and CSV.
import { Readable } from 'node:stream'
import { and, desc, eq } from 'drizzle-orm'
import type { FastifyInstance } from 'fastify'
import * as contract from '#shared/contracts/http/disclosure.ts'
import type { Role } from '#shared/contracts/http/route.ts'
import { Id } from '#shared/ids/uuid-v7.ts'
import type { NounRoutes, ServerContext } from '../context.ts'
import { behindKey, keyOfCursor, pageOfRows } from '../db/keyset.ts'
import { one, rows, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { mayAs, registerRoute, type SignedIn } from '../http/register-route.ts'
import { householdScope } from '../personal-data/row-scope.ts'
import { noticeStyle, renderNotice, renderNoticeCsv, renderNoticeList } from './notice-page.ts'
import { makeProver } from './prove-line.ts'
import { showImpact } from './show-impact.ts'
import { findDay } from './publish-day.ts'
import { publishIncomeNotice } from './publish-income-notice.ts'
import { findNotice, hasMass, listNoticeLines, listNotices, readNoticeLines, showNotice } from './show-notices.ts'

/** Who may look at other people's receipts. */
const staffRoles: readonly Role[] = ['operator', 'finance', 'auditor', 'admin']
/** Notices on the list for people. */
const listedNotices = 200

/** The sale lines of a session that the account may see; others' sessions look like none. */
function* findSaleLineIds(ctx: UnitContext, sessionId: string, account: SignedIn): Unit<string[]> {
  const { shoppingSessions: s, saleLines: l } = ctx.tables
  const session = yield* one(ctx.db.select({ accountId: s.accountId }).from(s).where(eq(s.sessionId, sessionId)))
  if (session === undefined || (!mayAs(staffRoles, account) && session.accountId !== account.accountId))
    throw new RefusalError('session.unknown')
  const found = yield* rows(ctx.db.select({ id: l.saleLineId }).from(l).where(eq(l.sessionId, sessionId)))
  return found.map(({ id }) => id)
}

function* requireInScope(ctx: UnitContext, account: SignedIn, householdCode: string): Unit<void> {
  const { households: h } = ctx.tables
  const isIt = and(eq(h.householdCode, householdCode), householdScope(ctx, account))
  const found = yield* one(ctx.db.select({ code: h.householdCode }).from(h).where(isIt))
  if (found === undefined) throw new RefusalError('household.not_found')
}

function registerDays(app: FastifyInstance, server: ServerContext): void {
  const { database } = server
  const prover = makeProver(server)
  registerRoute(app, contract.listDisclosedDays, ({ query }) =>
    database.read(function* ({ db, tables: { disclosedDays: t } }) {
      const found = yield* rows(
        db
          .select()
          .from(t)
          .where(behindKey([t.day], keyOfCursor(query.cursor, 1), 'descending'))
          .orderBy(desc(t.day))
          .limit(query.limit + 1),
      )
      return pageOfRows(
        found,
        query.limit,
        ({ day }) => [day],
        (day) => day,
      )
    }),
  )
  registerRoute(app, contract.getDisclosedDay, async ({ params }) => {
    const day = await database.read((ctx) => findDay(ctx, params.day))
    if (day === undefined) throw new RefusalError('disclosure.day_unknown')
    return day
  })
  registerRoute(app, contract.getReceiptProofs, async ({ params, account }) =>
    prover.proveSaleLines(await database.read((ctx) => findSaleLineIds(ctx, params.sessionId, account))),
  )
  registerRoute(app, contract.getIncomeProof, async ({ params: { householdCode }, query, account }) => {
    await database.read((ctx) => requireInScope(ctx, account, householdCode))
    return prover.proveForHousehold(householdCode, query.transferId)
  })
}

function registerNotices(app: FastifyInstance, server: ServerContext): void {
  const { database } = server
  registerRoute(app, contract.listNotices, ({ query }) => database.read((ctx) => listNotices(ctx, query)))
  registerRoute(app, contract.listNoticeLines, ({ params, query }) =>
    database.read((ctx) => listNoticeLines(ctx, params.noticeId, query)),
  )
  registerRoute(app, contract.publishIncomeNotice, async ({ body, account }) =>
    showNotice({ notice: await publishIncomeNotice(server, body, account.accountId) }),
  )
}

/** The pages for people, made here so that they need no script and are there without the built pages. */
function registerPages(app: FastifyInstance, { database }: ServerContext): void {
  app.get('/notices.css', (_request, reply) => reply.type('text/css; charset=utf-8').send(noticeStyle))
  app.get('/notices', async (_request, reply) => {
    const { rows: notices } = await database.read((ctx) => listNotices(ctx, { limit: listedNotices }))
    return reply.type('text/html; charset=utf-8').send(renderNoticeList(notices))
  })
  app.get<{ Params: { name: string } }>('/notices/:name', async (request, reply) => {
    const isCsv = request.params.name.endsWith('.csv')
    const id = Id.safeParse(isCsv ? request.params.name.slice(0, -'.csv'.length) : request.params.name)
    if (!id.success) throw new RefusalError('disclosure.notice_unknown')
    const { notice, isWeighed } = await database.read(function* (ctx) {
      return { notice: yield* findNotice(ctx, id.data), isWeighed: yield* hasMass(ctx, id.data) }
    })
    const pages = readNoticeLines(database, id.data)
    const asStream = (made: AsyncIterable<string | Uint8Array>) => Readable.from(made, { objectMode: false })
    if (!isCsv) return reply.type('text/html; charset=utf-8').send(asStream(renderNotice(notice, isWeighed, pages)))
    void reply.header('content-disposition', `attachment; filename="${id.data}.csv"`)
    return reply.type('text/csv; charset=utf-8').send(asStream(renderNoticeCsv(pages)))
  })
}

export const disclosureRoutes: NounRoutes = (app, server) => {
  registerDays(app, server)
  registerRoute(app, contract.getImpact, () => server.database.read(showImpact))
  registerNotices(app, server)
  registerPages(app, server)
}
