// HTTP of the second factor and of one's own sign-ins. A wrong code counts as a failed attempt of the login.
import { and, desc, eq, gt } from 'drizzle-orm'
import {
  beginSecondFactor,
  confirmSecondFactor,
  endMySignIn,
  listMySignIns,
  removeSecondFactor,
  removeSecondFactorOf,
} from '#shared/contracts/http/second-factor.ts'
import type { NounRoutes, ServerContext } from '../context.ts'
import { exec, rows } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { registerRoute } from '../http/register-route.ts'
import { type AttemptLimits, countAttempt } from './attempt-limits.ts'
import { checkOwnPassword } from './check-password.ts'
import { beginFactor, confirmFactor, removeFactorOf, removeOwnFactor } from './second-factor.ts'

type App = Parameters<NounRoutes>[0]

function registerOwnFactor(app: App, ctx: ServerContext, limits: AttemptLimits): void {
  const { database, sealer, random } = ctx
  registerRoute(app, beginSecondFactor, async ({ body, account }) => {
    await checkOwnPassword(ctx, limits, { account, password: body.currentPassword })
    const { accountId, login } = account
    return database.run((unit) => beginFactor(unit, { accountId, login, sealer }))
  })
  registerRoute(app, confirmSecondFactor, async ({ body, account }) => {
    const { accountId, sessionId: signInId, login } = account
    const input = { accountId, signInId, code: body.code, sealer, random }
    const made = await countAttempt(limits, login, () => database.run((unit) => confirmFactor(unit, input)))
    ctx.perform(made.effects)
    return { recoveryCodes: made.recoveryCodes }
  })
  registerRoute(app, removeSecondFactor, async ({ body, account }) => {
    await checkOwnPassword(ctx, limits, { account, password: body.currentPassword })
    const input = { accountId: account.accountId, code: body.code, sealer }
    await countAttempt(limits, account.login, () => database.run((unit) => removeOwnFactor(unit, input)))
  })
}

function registerOwnSignIns(app: App, ctx: ServerContext): void {
  registerRoute(app, listMySignIns, async ({ account }) => {
    const found = await ctx.database.read((unit) => {
      const { signIns: t } = unit.tables
      return rows(
        unit.db
          .select({ signInId: t.signInId, createdAtMs: t.createdAtMs, expiresAtMs: t.expiresAtMs })
          .from(t)
          .where(and(eq(t.accountId, account.accountId), gt(t.expiresAtMs, unit.now())))
          .orderBy(desc(t.signInId))
          .limit(100),
      )
    })
    return { rows: found.map((row) => ({ ...row, isThisOne: row.signInId === account.sessionId })) }
  })
  registerRoute(app, endMySignIn, async ({ params: { signInId }, account: { accountId } }) => {
    const ended = await ctx.database.run(({ db, tables: { signIns: t } }) =>
      exec(db.delete(t).where(and(eq(t.signInId, signInId), eq(t.accountId, accountId)))),
    )
    if (ended === 0) throw new RefusalError('request.not_found')
    ctx.hub.signOut(accountId, { only: signInId })
  })
}

export function registerSecondFactor(app: App, ctx: ServerContext, limits: AttemptLimits): void {
  registerOwnFactor(app, ctx, limits)
  registerOwnSignIns(app, ctx)
  registerRoute(app, removeSecondFactorOf, async ({ params, body, account }) => {
    const input = { byAccountId: account.accountId, accountId: params.accountId, reason: body.reason }
    ctx.perform(await ctx.database.run((unit) => removeFactorOf(unit, input)))
  })
}
