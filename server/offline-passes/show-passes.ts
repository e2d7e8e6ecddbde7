// Passes with their uses, as their buyer and staff see them.
import { and, desc, eq, inArray } from 'drizzle-orm'
import type { z } from 'zod'
import type { OfflinePass } from '#shared/contracts/http/offline-passes.ts'
import { behindKey, keyOfCursor, type Page, pageOfRows, type PageRequest } from '../db/keyset.ts'
import { rows, type Unit, type UnitContext } from '../db/unit.ts'
import type { PassRow } from './issue-pass.ts'

type PassView = z.input<typeof OfflinePass>

function stateOf(pass: PassRow, nowMs: number): PassView['state'] {
  if (pass.closedAtMs !== null) return 'closed'
  if (pass.revokedAtMs !== null) return 'revoked'
  return nowMs > pass.expiresAtMs ? 'expired' : 'valid'
}

/** The code is shown to the buyer only, and only while it opens something. */
export function* showPasses(
  ctx: UnitContext,
  passes: readonly PassRow[],
  options: { readonly graceMs: number; readonly hasCode: boolean },
): Unit<PassView[]> {
  if (passes.length === 0) return []
  const { hostSites: h, offlinePassUses: u, cabinets: c, shoppingSessions: s, paymentIntents: i } = ctx.tables
  const groupIds = [...new Set(passes.map(({ groupId }) => groupId))]
  const sites = yield* rows(
    ctx.db.select({ id: h.hostSiteId, name: h.name }).from(h).where(inArray(h.hostSiteId, groupIds)),
  )
  const names = new Map(sites.map(({ id, name }) => [id, name]))
  const passIds = passes.map(({ passId }) => passId)
  const uses = yield* rows(
    ctx.db
      .select({
        passId: u.passId,
        sessionId: u.sessionId,
        cabinetCode: c.code,
        startedAtMs: u.startedAtMs,
        isRepeat: u.isRepeat,
        state: s.state,
        totalFen: s.totalFen,
        shortFen: i.shortFen,
      })
      .from(u)
      .innerJoin(c, eq(c.cabinetId, u.cabinetId))
      .innerJoin(s, eq(s.sessionId, u.sessionId))
      .innerJoin(i, eq(i.intentId, u.sessionId))
      .where(inArray(u.passId, passIds))
      .orderBy(u.sessionId),
  )
  const nowMs = ctx.now()
  return passes.map((pass): PassView => {
    const state = stateOf(pass, nowMs)
    const { passId, accountName, groupId, counter, capFen, notBeforeMs, expiresAtMs, code } = pass
    return {
      passId,
      accountName,
      counter,
      capFen,
      notBeforeMs,
      expiresAtMs,
      state,
      hostSiteName: names.get(groupId) ?? '',
      moneyBackAtMs: expiresAtMs + options.graceMs,
      ...(options.hasCode && state === 'valid' ? { code } : {}),
      uses: uses
        .filter((use) => use.passId === passId)
        .map(({ sessionId, cabinetCode, startedAtMs, isRepeat, totalFen, shortFen }) => ({
          sessionId,
          cabinetCode,
          startedAtMs,
          isRepeat,
          shortFen,
          ...(totalFen === null ? {} : { totalFen }),
        })),
    }
  })
}

/** Newest first; one account's, or everybody's. */
export function* listPasses(
  ctx: UnitContext,
  query: PageRequest & { readonly accountId?: string | undefined; readonly graceMs: number },
): Unit<Page<PassView>> {
  const { offlinePasses: p } = ctx.tables
  const { accountId, graceMs } = query
  const found = yield* rows(
    ctx.db
      .select()
      .from(p)
      .where(
        and(
          behindKey([p.passId], keyOfCursor(query.cursor, 1), 'descending'),
          accountId === undefined ? undefined : eq(p.accountId, accountId),
        ),
      )
      .orderBy(desc(p.passId))
      .limit(query.limit + 1),
  )
  const page = pageOfRows(
    found,
    query.limit,
    ({ passId }) => [passId],
    (row) => row,
  )
  return { ...page, rows: yield* showPasses(ctx, page.rows, { graceMs, hasCode: accountId !== undefined }) }
}
