// HTTP routes of the nightly checks and of the differences they found.
import { and, eq, inArray, isNotNull, isNull } from 'drizzle-orm'
import type { z } from 'zod'
import * as contract from '#shared/contracts/http/stock-checks.ts'
import type { NounRoutes } from '../context.ts'
import type { Page, TimedPageRequest } from '../db/keyset.ts'
import { behindInTime, inTimeOrder, pageOfRows } from '../db/keyset.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { registerRoute } from '../http/register-route.ts'
import { namesOfPeople } from '../identity/people-names.ts'
import { lotsInLanes } from '../stock/lane-stock.ts'
import { closeDifference } from './close-difference.ts'
import type { DifferenceRow } from './close-difference.ts'
import { accuracyOf, runCheck } from './run-check.ts'
import type { CheckRow } from './run-check.ts'

type DifferenceView = z.input<typeof contract.LaneDifference>
type CheckView = z.input<typeof contract.StockCheck>

function showCheck({ startedBy, ...check }: CheckRow): CheckView {
  const accuracy = accuracyOf(check)
  return {
    ...check,
    ...(startedBy === null ? {} : { startedBy }),
    ...(accuracy === undefined ? {} : { accuracy }),
  }
}

/** With the names of their cabinets, goods and people and what lies there by the books, in the order given. */
function* showDifferences(ctx: UnitContext, found: readonly DifferenceRow[]): Unit<DifferenceView[]> {
  if (found.length === 0) return []
  const { cabinets: c, skus } = ctx.tables
  const cabinetIds = [...new Set(found.map(({ cabinetId }) => cabinetId))]
  const skuIds = [...new Set(found.map(({ skuId }) => skuId))]
  const codes = yield* rows(
    ctx.db.select({ id: c.cabinetId, code: c.code }).from(c).where(inArray(c.cabinetId, cabinetIds)),
  )
  const names = yield* rows(
    ctx.db.select({ id: skus.skuId, name: skus.name }).from(skus).where(inArray(skus.skuId, skuIds)),
  )
  const codeOf = new Map(codes.map(({ id, code }) => [id, code]))
  const nameOf = new Map(names.map(({ id, name }) => [id, name]))
  const people = yield* namesOfPeople(
    ctx,
    found.map(({ closedBy }) => closedBy),
  )
  const lotsOf = yield* lotsInLanes(ctx, found)
  return found.map(({ weighedUnits, closedAtMs, closedBy, reason, causes, ...row }) => ({
    ...row,
    causes: [...causes],
    lots: lotsOf(row),
    cabinetCode: codeOf.get(row.cabinetId) ?? '',
    skuName: nameOf.get(row.skuId) ?? '',
    ...(weighedUnits === null ? {} : { weighedUnits }),
    ...(closedAtMs === null ? {} : { closedAtMs }),
    ...(closedBy === null ? {} : { closedBy, closedByName: people.get(closedBy) }),
    ...(reason === null ? {} : { reason }),
  }))
}

interface DifferenceQuery extends TimedPageRequest {
  readonly isOpen?: boolean | undefined
  readonly cabinetId?: string | undefined
}

function* listDifferences(ctx: UnitContext, query: DifferenceQuery): Unit<Page<DifferenceView>> {
  const { laneDifferences: d } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select()
      .from(d)
      .where(
        and(
          query.isOpen === undefined ? undefined : query.isOpen ? isNull(d.closedAtMs) : isNotNull(d.closedAtMs),
          query.cabinetId === undefined ? undefined : eq(d.cabinetId, query.cabinetId),
          behindInTime([d.differenceId], query),
        ),
      )
      .orderBy(...inTimeOrder([d.differenceId], query))
      .limit(query.limit + 1),
  )
  const shown = new Map((yield* showDifferences(ctx, found)).map((row) => [row.differenceId, row]))
  return pageOfRows(
    found,
    query.limit,
    ({ differenceId }) => [differenceId],
    ({ differenceId }) => shown.get(differenceId) as DifferenceView,
  )
}

/** Newest first. */
function* listChecks({ db, tables: { stockChecks: c } }: UnitContext, query: TimedPageRequest): Unit<Page<CheckView>> {
  const found = yield* rows(
    db
      .select()
      .from(c)
      .where(behindInTime([c.checkId], query))
      .orderBy(...inTimeOrder([c.checkId], query))
      .limit(query.limit + 1),
  )
  return pageOfRows(found, query.limit, ({ checkId }) => [checkId], showCheck)
}

export const stockCheckRoutes: NounRoutes = (app, server) => {
  const { database, config } = server
  registerRoute(app, contract.listStockChecks, ({ query }) => database.read((ctx) => listChecks(ctx, query)))
  registerRoute(app, contract.runStockCheck, async ({ account }) =>
    showCheck(await runCheck(server, account.accountId)),
  )
  registerRoute(app, contract.listLaneDifferences, ({ query }) => database.read((ctx) => listDifferences(ctx, query)))
  registerRoute(app, contract.closeLaneDifference, async ({ params, body, account }) => {
    const closing = { ...params, ...body, by: account.accountId, dayLimitFen: config.lossAloneFen }
    const { shown, effects } = await database.run(function* (ctx) {
      const closed = yield* closeDifference(ctx, closing)
      const [view] = yield* showDifferences(ctx, [closed.difference])
      return { shown: view, effects: closed.effects }
    })
    server.perform(effects)
    return shown as DifferenceView
  })
}
