// HTTP of accounts and sign-ins. Passwords are hashed before a unit of work begins, since a unit waits for nothing else.
import { eq } from 'drizzle-orm'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { changePassword, isNumberOfSomebody, joinSite, signIn, signOut } from '#shared/contracts/http/identity.ts'
import { getMe, type Me } from '#shared/contracts/http/me.ts'
import type { NounRoutes, ServerContext } from '../context.ts'
import { one } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { registerRoute, type SignedIn } from '../http/register-route.ts'
import { addAccounts, foldLogin } from './add-accounts.ts'
import { registerAdministration } from './administration-routes.ts'
import type { AttemptLimiter } from './attempt-limiter.ts'
import { type AttemptLimits, checkAttempts, makeAttemptLimits } from './attempt-limits.ts'
import { callerNetwork } from './caller-network.ts'
import { beginSignIn, type SignInProof } from './begin-sign-in.ts'
import { changePasswordHash } from './change-account.ts'
import { checkOwnPassword, isPasswordOf } from './check-password.ts'
import { loginFingerprint } from './forget-phone-logins.ts'
import { checkNewPassword } from './password-rules.ts'
import { hashPassword } from './password.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { registerSecondFactor } from './second-factor-routes.ts'
import { sessionCookieOf } from './session-cookie.ts'
import { endSignIn, extendSignIn, makeToken, whoHolds } from './sign-in.ts'
import { findAccountByFingerprint, findAccountByLogin } from './store.ts'

function showMe(account: SignedIn): Me {
  const { accountId, login, displayName, roles, hostSiteId, areaCode, householdCode } = account
  const { mustChangePassword, hasSecondFactor, mustAddSecondFactor } = account
  return {
    accountId,
    login,
    displayName,
    roles: [...roles],
    mustChangePassword,
    hasSecondFactor,
    mustAddSecondFactor,
    ...(hostSiteId === undefined ? {} : { hostSiteId }),
    ...(areaCode === undefined ? {} : { areaCode }),
    ...(householdCode === undefined ? {} : { householdCode }),
  }
}

/** Finds who holds the request's cookie, and notes that it was used; the app's `authenticate`. */
export async function findCaller(
  {
    database,
    config,
    logger,
  }: Pick<ServerContext, 'config' | 'logger'> & { readonly database: Pick<ServerContext['database'], 'read' | 'run'> },
  { cookies }: Pick<FastifyRequest, 'cookies'>,
): Promise<SignedIn | undefined> {
  const token = cookies[sessionCookieOf(config.http)]
  if (token === undefined || token.length > 128) return undefined
  const holder = await database.read((unit) => whoHolds(unit, token, config.secondFactorRoles))
  if (holder === undefined) return undefined
  const { account, extendTo } = holder
  if (extendTo !== undefined)
    await database
      .run((unit) => extendSignIn(unit, account.sessionId, extendTo))
      .catch((error: unknown) => {
        // While the disk is full or the database busy people read on, and see why; the sign-in ends as if it had not been used.
        logger.warn({ err: error }, 'that a sign-in was used could not be written down')
      })
  return account
}

/** Makes a sign-in, sets its cookie and says who it is. */
async function startSignIn(ctx: ServerContext, reply: FastifyReply, proof: SignInProof): Promise<Me> {
  const token = makeToken()
  const { account, lifetimeMs } = await ctx.database.run((unit) => beginSignIn(unit, ctx, { ...proof, token }))
  const { http } = ctx.config
  void reply.setCookie(sessionCookieOf(http), token, {
    path: '/',
    httpOnly: true,
    sameSite: 'strict',
    secure: http.isHttps,
    maxAge: Math.floor(lifetimeMs / 1_000),
  })
  return showMe(account)
}

function registerSignIn(app: Parameters<NounRoutes>[0], ctx: ServerContext, limits: AttemptLimits): void {
  const { byLogin, byAddress } = limits
  registerRoute(app, signIn, async ({ body, request, reply }) => {
    const login = foldLogin(body.login)
    const network = callerNetwork(request.ip)
    checkAttempts([
      [byLogin, login],
      [byAddress, network],
    ])
    // Counted before the answer is known, so that many attempts at once gain nothing.
    byLogin.fail(login)
    byAddress.fail(network)
    const account = await ctx.database.read((unit) =>
      isNumberOfSomebody(login)
        ? findAccountByFingerprint(unit, loginFingerprint(ctx.sealer, login))
        : findAccountByLogin(unit, login),
    )
    try {
      const isGood = await isPasswordOf(account?.passwordHash, body.password)
      if (!isGood || account === undefined || !account.isActive) throw new RefusalError('identity.sign_in_failed')
      const { accountId, passwordHash: checkedHash } = account
      const me = await startSignIn(ctx, reply, { accountId, checkedHash, code: body.code })
      byLogin.forgive(login)
      byAddress.undo(network)
      request.log.info({ accountId, hasSecondFactor: me.hasSecondFactor }, 'signed in')
      return me
    } catch (error) {
      // What was typed for a login is not said: it may be a password.
      if (error instanceof RefusalError)
        request.log.warn({ accountId: account?.accountId, network, code: error.code }, 'a sign-in was refused')
      // Being asked for the code is no failure, and no way to be forgiven earlier ones either.
      if (error instanceof RefusalError && error.code === 'identity.second_factor_needed') {
        byLogin.undo(login)
        byAddress.undo(network)
      }
      throw error
    }
  })
  registerRoute(app, signOut, async ({ request, reply }) => {
    const account = await findCaller(ctx, request)
    if (account !== undefined) {
      await ctx.database.run((unit) => endSignIn(unit, account.sessionId))
      ctx.hub.signOut(account.accountId, { only: account.sessionId })
    }
    const { isHttps } = ctx.config.http
    // A browser takes a __Host- cookie's end only with what it was set with.
    void reply.clearCookie(sessionCookieOf({ isHttps }), { path: '/', secure: isHttps })
  })
  registerRoute(app, changePassword, async ({ body, account }) => {
    const checkedHash = await checkOwnPassword(ctx, limits, { account, password: body.currentPassword })
    if (body.newPassword === body.currentPassword)
      throw new RefusalError('identity.password_unchanged', undefined, { field: 'newPassword' })
    await checkNewPassword(body.newPassword, account.login, 'newPassword')
    const newHash = await hashPassword(body.newPassword)
    const { accountId, sessionId: signInId } = account
    const change = { accountId, signInId, checkedHash, newHash }
    ctx.perform(await ctx.database.run((unit) => changePasswordHash(unit, change)))
  })
}

function registerJoin(app: Parameters<NounRoutes>[0], ctx: ServerContext, byAddress: AttemptLimiter): void {
  registerRoute(app, joinSite, async ({ body, request, reply }) => {
    const network = callerNetwork(request.ip)
    checkAttempts([[byAddress, network]])
    // Counted before the answer is known, and also for who knows a code: one that hangs on a wall would let anybody try, as fast as
    // requests go, which logins there are.
    byAddress.fail(network)
    const { site, namesake } = await ctx.database.read(function* (unit) {
      const { hostSites: h } = unit.tables
      const isIts = eq(h.joinCode, body.joinCode.toUpperCase())
      return {
        site: yield* one(unit.db.select({ hostSiteId: h.hostSiteId }).from(h).where(isIts)),
        namesake: yield* findAccountByLogin(unit, foldLogin(body.login)),
      }
    })
    if (site === undefined) throw new RefusalError('identity.join_code_unknown', undefined, { field: 'joinCode' })
    if (namesake !== undefined) throw new RefusalError('identity.login_taken', undefined, { field: 'login' })
    byAddress.undo(network)
    await checkNewPassword(body.password, body.login, 'password')
    const passwordHash = await hashPassword(body.password)
    const { login, displayName } = body
    const accountId = await ctx.database.run(function* (unit) {
      if ((yield* findAccountByLogin(unit, foldLogin(login))) !== undefined)
        throw new RefusalError('identity.login_taken', undefined, { field: 'login' })
      const { hostSiteId } = site
      const account = {
        login,
        displayName,
        hostSiteId,
        passwordHash,
        roles: ['buyer'],
        mustChangePassword: false,
      } as const
      const [made = ''] = yield* addAccounts(unit, [account])
      const after = { hostSiteId, roles: account.roles }
      yield* recordAudit(unit, { accountId: made, action: 'identity.joined', subjectId: made, after })
      return made
    })
    return startSignIn(ctx, reply, { accountId, checkedHash: passwordHash, code: undefined })
  })
}

export const identityRoutes: NounRoutes = (app, ctx) => {
  const limits = makeAttemptLimits(ctx.clock)
  registerSignIn(app, ctx, limits)
  registerSecondFactor(app, ctx, limits)
  registerRoute(app, getMe, ({ account }) => showMe(account))
  registerJoin(app, ctx, limits.joinsByAddress)
  registerAdministration(app, ctx)
}
