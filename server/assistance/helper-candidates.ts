// Who may be bound to a household: everybody with an open account that may help. Somebody new helps no household yet, and would be in
// no list of helpers.
import { and, asc, eq, inArray, like } from 'drizzle-orm'
import type { z } from 'zod'
import type { listHelperCandidates as contract } from '#shared/contracts/http/households.ts'
import { countRows } from '../db/expressions.ts'
import type { Page, PageRequest } from '../db/keyset.ts'
import { behindKey, keyOfCursor, pageOfRows } from '../db/keyset.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { householdScope } from '../personal-data/row-scope.ts'
import type { Viewer } from '../personal-data/row-scope.ts'

export type CandidateView = z.input<(typeof contract)['reply']>['rows'][number]

/** By name, each with how many households of the viewer's scope they help. */
export function* listHelperCandidates(
  ctx: UnitContext,
  viewer: Viewer,
  query: PageRequest & { readonly search?: string | undefined },
): Unit<Page<CandidateView>> {
  const { accounts: a, accountRoles: r, households: h } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select({ helperAccountId: a.accountId, name: a.displayName })
      .from(a)
      .innerJoin(r, and(eq(r.accountId, a.accountId), eq(r.role, 'helper')))
      .where(
        and(
          eq(a.isActive, true),
          query.search === undefined ? undefined : like(a.displayName, `%${query.search.replaceAll(/[%_]/g, '')}%`),
          behindKey([a.displayName, a.accountId], keyOfCursor(query.cursor, 2), 'ascending'),
        ),
      )
      .orderBy(asc(a.displayName), asc(a.accountId))
      .limit(query.limit + 1),
  )
  const ids = found.map(({ helperAccountId }) => helperAccountId)
  const helped =
    ids.length === 0
      ? []
      : yield* rows(
          ctx.db
            .select({ helperAccountId: h.helperAccountId, count: countRows() })
            .from(h)
            .where(and(householdScope(ctx, viewer), inArray(h.helperAccountId, ids)))
            .groupBy(h.helperAccountId),
        )
  const counts = new Map(helped.map(({ helperAccountId, count }) => [helperAccountId, count]))
  return pageOfRows(
    found,
    query.limit,
    ({ name, helperAccountId }) => [name, helperAccountId],
    (row) => ({ ...row, households: counts.get(row.helperAccountId) ?? 0 }),
  )
}
