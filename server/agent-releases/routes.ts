// HTTP of the agent's bundles: people hand them in, cabinets fetch them.
import { eq } from 'drizzle-orm'
import { getAgentBundle, listAgentReleases, uploadAgentRelease } from '#shared/contracts/http/rollouts.ts'
import type { NounRoutes } from '../context.ts'
import { behindInTime, inTimeOrder, pageOfRows } from '../db/keyset.ts'
import { one, rows } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { registerRoute } from '../http/register-route.ts'
import { keepRelease } from './keep-release.ts'

export const agentReleaseRoutes: NounRoutes = (app, ctx) => {
  registerRoute(app, uploadAgentRelease, ({ params: { version }, body: bytes, account }) => {
    const release = { version, bytes, byAccountId: account.accountId, uploadedBy: account.displayName }
    return ctx.database.run((unit) => keepRelease(unit, ctx.signer, release))
  })
  registerRoute(app, listAgentReleases, ({ query }) =>
    ctx.database.read(function* ({ db, tables: { agentReleases: t } }) {
      const { version, sha256, sizeBytes, uploadedBy, uploadedAtMs } = t
      const found = yield* rows(
        db
          .select({ version, sha256, sizeBytes, uploadedBy, uploadedAtMs })
          .from(t)
          .where(behindInTime([uploadedAtMs, version], query))
          .orderBy(...inTimeOrder([uploadedAtMs, version], query))
          .limit(query.limit + 1),
      )
      return pageOfRows(
        found,
        query.limit,
        (row) => [row.uploadedAtMs, row.version],
        (row) => row,
      )
    }),
  )
  registerRoute(app, getAgentBundle, async ({ params: { version } }) => {
    const found = await ctx.database.read(({ db, tables: { agentReleases: t } }) =>
      one(db.select({ bytes: t.bytes }).from(t).where(eq(t.version, version))),
    )
    if (found === undefined) throw new RefusalError('release.unknown')
    return { bytes: found.bytes, mediaType: 'text/javascript', fileName: `agent-${version}.mjs` }
  })
}
