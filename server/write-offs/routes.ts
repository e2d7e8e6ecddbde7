// HTTP routes of write-offs.
import { and, eq } from 'drizzle-orm'
import type { z } from 'zod'
import * as contract from '#shared/contracts/http/write-offs.ts'
import type { NounRoutes } from '../context.ts'
import type { Page, TimedPageRequest } from '../db/keyset.ts'
import { behindInTime, inTimeOrder, pageOfRows } from '../db/keyset.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { registerRoute } from '../http/register-route.ts'
import { recoverWriteOff } from './recover-write-off.ts'
import type { RecoveryRow } from './recover-write-off.ts'
import { approveWriteOff, proposeWriteOff, withdrawWriteOff } from './write-off-sale.ts'
import type { WriteOffRow } from './write-off-sale.ts'

type WriteOffView = z.input<typeof contract.WriteOff>

function showWriteOff({ decidedBy, decidedAtMs, ...row }: WriteOffRow): WriteOffView {
  return {
    ...row,
    ...(decidedBy === null ? {} : { decidedBy }),
    ...(decidedAtMs === null ? {} : { decidedAtMs }),
  }
}

/** Newest first. */
function* listWriteOffs(
  { db, tables: { writeOffs: t } }: UnitContext,
  query: TimedPageRequest & { readonly state?: WriteOffRow['state'] | undefined },
): Unit<Page<WriteOffView>> {
  const isWanted = query.state === undefined ? undefined : eq(t.state, query.state)
  const found = yield* rows(
    db
      .select()
      .from(t)
      .where(and(isWanted, behindInTime([t.writeOffId], query)))
      .orderBy(...inTimeOrder([t.writeOffId], query))
      .limit(query.limit + 1),
  )
  return pageOfRows(found, query.limit, ({ writeOffId }) => [writeOffId], showWriteOff)
}

/** Newest first. */
function* listRecoveries(
  { db, tables: { writeOffRecoveries: t } }: UnitContext,
  writeOffId: string,
  query: TimedPageRequest,
): Unit<Page<RecoveryRow>> {
  const found = yield* rows(
    db
      .select()
      .from(t)
      .where(and(eq(t.writeOffId, writeOffId), behindInTime([t.recoveryId], query)))
      .orderBy(...inTimeOrder([t.recoveryId], query))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    ({ recoveryId }) => [recoveryId],
    (row) => row,
  )
}

export const writeOffRoutes: NounRoutes = (app, { database }) => {
  registerRoute(app, contract.proposeWriteOff, async ({ body, account }) =>
    showWriteOff(await database.run((ctx) => proposeWriteOff(ctx, { ...body, byAccountId: account.accountId }))),
  )
  registerRoute(app, contract.approveWriteOff, async ({ params, account }) =>
    showWriteOff(await database.run((ctx) => approveWriteOff(ctx, { ...params, byAccountId: account.accountId }))),
  )
  registerRoute(app, contract.withdrawWriteOff, async ({ params, account }) =>
    showWriteOff(await database.run((ctx) => withdrawWriteOff(ctx, { ...params, byAccountId: account.accountId }))),
  )
  registerRoute(app, contract.recoverWriteOff, ({ params, body, account }) =>
    database.run((ctx) => recoverWriteOff(ctx, { ...params, ...body, byAccountId: account.accountId })),
  )
  registerRoute(app, contract.listWriteOffRecoveries, ({ params, query }) =>
    database.read((ctx) => listRecoveries(ctx, params.writeOffId, query)),
  )
  registerRoute(app, contract.listWriteOffs, ({ query }) => database.read((ctx) => listWriteOffs(ctx, query)))
}
