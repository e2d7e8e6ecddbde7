// HTTP routes of the near-expiry ladder.
import { and, eq, inArray, isNotNull, isNull } from 'drizzle-orm'
import type { z } from 'zod'
import * as contract from '#shared/contracts/http/mark-downs.ts'
import type { NounRoutes } from '../context.ts'
import type { Page, TimedPageRequest } from '../db/keyset.ts'
import { behindInTime, inTimeOrder, pageOfRows } from '../db/keyset.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { registerRoute } from '../http/register-route.ts'
import { acceptProposal, dismissProposal } from './decide-proposal.ts'
import type { ProposalRow } from './decide-proposal.ts'
import { markedDownFen } from './rules.ts'
import { type CategoryLadder, listRules, setRules, versionOfRules } from './set-rules.ts'

type ProposalView = z.input<typeof contract.LadderProposal>
type MarkDownView = z.input<typeof contract.MarkDown>

function* listMarkDowns(
  { db, tables: { markDowns: m, cabinets: c, skus } }: UnitContext,
  query: TimedPageRequest & { readonly isOpen?: boolean | undefined; readonly cabinetId?: string | undefined },
): Unit<Page<MarkDownView>> {
  const found = yield* rows(
    db
      .select({ row: m, cabinetCode: c.code, skuName: skus.name })
      .from(m)
      .innerJoin(c, eq(c.cabinetId, m.cabinetId))
      .innerJoin(skus, eq(skus.skuId, m.skuId))
      .where(
        and(
          query.isOpen === undefined ? undefined : query.isOpen ? isNull(m.endedAtMs) : isNotNull(m.endedAtMs),
          query.cabinetId === undefined ? undefined : eq(m.cabinetId, query.cabinetId),
          behindInTime([m.markDownId], query),
        ),
      )
      .orderBy(...inTimeOrder([m.markDownId], query))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    ({ row }) => [row.markDownId],
    ({ row: { endedAtMs, ...row }, cabinetCode, skuName }) => ({
      ...row,
      cabinetCode,
      skuName,
      isAtFloor: row.priceFen > markedDownFen(row.listPriceFen, row.percentOff),
      ...(endedAtMs === null ? {} : { endedAtMs }),
    }),
  )
}

function* listProposals(
  ctx: UnitContext,
  query: TimedPageRequest & { readonly state?: ProposalRow['state'] | undefined },
): Unit<Page<ProposalView>> {
  const { ladderProposals: p } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select()
      .from(p)
      .where(and(query.state === undefined ? undefined : eq(p.state, query.state), behindInTime([p.proposalId], query)))
      .orderBy(...inTimeOrder([p.proposalId], query))
      .limit(query.limit + 1),
  )
  const show = yield* namesOf(ctx, found)
  return pageOfRows(found, query.limit, ({ proposalId }) => [proposalId], show)
}

function* namesOf(ctx: UnitContext, found: readonly ProposalRow[]): Unit<(row: ProposalRow) => ProposalView> {
  const { cabinets: c, lots, skus } = ctx.tables
  const cabinetIds = found.flatMap(({ cabinetId, toCabinetId }) =>
    toCabinetId === null ? [cabinetId] : [cabinetId, toCabinetId],
  )
  const codes =
    found.length === 0
      ? []
      : yield* rows(
          ctx.db
            .select({ id: c.cabinetId, code: c.code })
            .from(c)
            .where(inArray(c.cabinetId, [...new Set(cabinetIds)])),
        )
  const goods =
    found.length === 0
      ? []
      : yield* rows(
          ctx.db
            .select({ lotId: lots.lotId, traceCode: lots.traceCode, skuName: skus.name })
            .from(lots)
            .innerJoin(skus, eq(skus.skuId, lots.skuId))
            .where(inArray(lots.lotId, [...new Set(found.map(({ lotId }) => lotId))])),
        )
  const codeOf = (cabinetId: string) => codes.find(({ id }) => id === cabinetId)?.code ?? ''
  return ({ toCabinetId, toLaneId, decidedBy, decidedAtMs, note, ...row }) => {
    const { traceCode = '', skuName = '' } = goods.find(({ lotId }) => lotId === row.lotId) ?? {}
    const to =
      toCabinetId === null || toLaneId === null
        ? {}
        : { to: { cabinetId: toCabinetId, cabinetCode: codeOf(toCabinetId), laneId: toLaneId } }
    return {
      ...row,
      ...to,
      traceCode,
      skuName,
      cabinetCode: codeOf(row.cabinetId),
      ...(decidedBy === null ? {} : { decidedBy }),
      ...(decidedAtMs === null ? {} : { decidedAtMs }),
      ...(note === null ? {} : { note }),
    }
  }
}

const showRules = (rules: readonly CategoryLadder[]) => ({
  rules: rules.map(({ steps, ...rule }) => ({ ...rule, steps: [...steps] })),
  version: versionOfRules(rules),
})

export const markDownRoutes: NounRoutes = (app, server) => {
  const { database } = server
  registerRoute(app, contract.getLadderRules, async () => showRules(await database.read(listRules)))
  registerRoute(app, contract.putLadderRules, async ({ body, account }) =>
    showRules(await database.run((ctx) => setRules(ctx, { ...body, by: account.accountId }))),
  )
  registerRoute(app, contract.listMarkDowns, ({ query }) => database.read((ctx) => listMarkDowns(ctx, query)))
  registerRoute(app, contract.listLadderProposals, ({ query }) => database.read((ctx) => listProposals(ctx, query)))
  registerRoute(app, contract.acceptLadderProposal, async ({ params, body, account }) => {
    const decision = { ...params, ...body, by: account.accountId }
    const { shown, effects } = await database.run(function* (ctx) {
      const accepted = yield* acceptProposal(ctx, decision)
      const show = yield* namesOf(ctx, [accepted.proposal])
      return { shown: show(accepted.proposal), effects: accepted.effects }
    })
    server.perform(effects)
    return shown
  })
  registerRoute(app, contract.dismissLadderProposal, ({ params, body, account }) =>
    database.run(function* (ctx) {
      const proposal = yield* dismissProposal(ctx, { ...params, ...body, by: account.accountId })
      return (yield* namesOf(ctx, [proposal]))(proposal)
    }),
  )
}
