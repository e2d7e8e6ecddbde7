// The statements that came, those that were taken back among them, by the time they came.
import { and, eq } from 'drizzle-orm'
import type { z } from 'zod'
import type { ChannelStatement } from '#shared/contracts/http/reconciliation.ts'
import { behindInTime, inTimeOrder, pageOfRows } from '../db/keyset.ts'
import type { Page, TimedPageRequest } from '../db/keyset.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { namesOfPeople } from '../identity/people-names.ts'
import type { Channel } from './rules.ts'

type StatementView = z.input<typeof ChannelStatement>

export function* listStatements(
  ctx: UnitContext,
  query: TimedPageRequest & { readonly channel: Channel },
): Unit<Page<StatementView>> {
  const { channelStatements: s, takenBackStatements: t } = ctx.tables
  // As many of either as the page may hold: whichever come first are the page.
  const standing = yield* rows(
    ctx.db
      .select()
      .from(s)
      .where(and(eq(s.channel, query.channel), behindInTime([s.statementId], query)))
      .orderBy(...inTimeOrder([s.statementId], query))
      .limit(query.limit + 1),
  )
  const taken = yield* rows(
    ctx.db
      .select()
      .from(t)
      .where(and(eq(t.channel, query.channel), behindInTime([t.statementId], query)))
      .orderBy(...inTimeOrder([t.statementId], query))
      .limit(query.limit + 1),
  )
  const sign = query.order === 'oldest' ? 1 : -1
  const found = [...standing.map((row) => ({ ...row, takenBackBy: null })), ...taken].toSorted((a, b) =>
    a.statementId < b.statementId ? -sign : sign,
  )
  const people = yield* namesOfPeople(
    ctx,
    found.flatMap(({ importedBy, takenBackBy }) => [importedBy, takenBackBy]),
  )
  return pageOfRows(
    found,
    query.limit,
    ({ statementId }) => [statementId],
    (row): StatementView => {
      const { statementId, channel, fromDay, throughDay, rowCount, totalFen, importedBy, importedAtMs } = row
      const shown = { statementId, channel, fromDay, throughDay, rowCount, totalFen, importedBy, importedAtMs }
      const importedByName = people.get(importedBy)
      if (row.takenBackBy === null) return { ...shown, importedByName }
      const { takenBackBy: by, takenBackAtMs: atMs, reason } = row
      return { ...shown, importedByName, takenBack: { by, byName: people.get(by), atMs, reason } }
    },
  )
}
