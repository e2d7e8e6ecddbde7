// Sign-ins: a random token in the cookie, its SHA-256 in the database. Ending one deletes its row, at once and everywhere.
import { createHash, randomBytes } from 'node:crypto'
import { and, eq, inArray, lt, lte, ne } from 'drizzle-orm'
import type { Role } from '#shared/contracts/http/route.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { exec, insertRows, rows, type Unit, type UnitContext } from '../db/unit.ts'
import type { SignedIn } from '../http/register-route.ts'
import { findSignIn } from './store.ts'

const tokenBytes = 32
/** A sign-in's use is written down this seldom, so that reading stays reading. */
const useStepMs = 60_000

/** A new secret for a cookie. */
export function makeToken(): string {
  return randomBytes(tokenBytes).toString('base64url')
}

export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

export interface SignInLife {
  readonly lifetimeMs: number
  /** Undefined: it may lie unused as long as it lives. */
  readonly idleMs: number | undefined
}

const unusedUntil = (endsAtMs: number, idleMs: number | null | undefined, nowMs: number) =>
  Math.min(endsAtMs, nowMs + (idleMs ?? Infinity))

export function* addSignIn(
  ctx: UnitContext,
  input: SignInLife & { readonly accountId: string; readonly token: string },
): Unit<void> {
  const nowMs = ctx.now()
  const endsAtMs = nowMs + input.lifetimeMs
  yield* insertRows(ctx.tables.signIns, [
    {
      signInId: ctx.newId(),
      tokenHash: hashToken(input.token),
      accountId: input.accountId,
      createdAtMs: nowMs,
      endsAtMs,
      idleMs: input.idleMs ?? null,
      expiresAtMs: unusedUntil(endsAtMs, input.idleMs, nowMs),
    },
  ])
}

export interface Holder {
  readonly account: SignedIn
  /** When the sign-in ends unused, if its use has to be written down; undefined: it need not be yet. */
  readonly extendTo: number | undefined
}

/** Who holds the token, while the sign-in lives and the account is open. `factorRoles` are those that want a second factor. */
export function* whoHolds(ctx: UnitContext, token: string, factorRoles: ReadonlySet<Role>): Unit<Holder | undefined> {
  const found = yield* findSignIn(ctx, hashToken(token))
  const [first] = found
  if (first === undefined) return undefined
  const roles = found.flatMap(({ role }) => (role === null ? [] : [role]))
  const hasSecondFactor = first.secondFactorAtMs !== null
  const account = {
    accountId: first.accountId,
    sessionId: first.signInId,
    login: first.login,
    displayName: first.displayName,
    roles,
    hostSiteId: first.hostSiteId ?? undefined,
    householdCode: first.householdCode ?? undefined,
    areaCode: first.areaCode ?? undefined,
    mustChangePassword: first.mustChangePassword,
    hasSecondFactor,
    mustAddSecondFactor: !hasSecondFactor && roles.some((role) => factorRoles.has(role)),
  }
  const untilMs = unusedUntil(first.endsAtMs, first.idleMs, ctx.now())
  return { account, extendTo: untilMs - first.expiresAtMs >= useStepMs ? untilMs : undefined }
}

/** Writes down that a sign-in was used. */
export function* extendSignIn(
  { db, tables: { signIns: t } }: UnitContext,
  signInId: string,
  expiresAtMs: number,
): Unit<void> {
  yield* exec(
    db
      .update(t)
      .set({ expiresAtMs })
      .where(and(eq(t.signInId, signInId), lt(t.expiresAtMs, expiresAtMs))),
  )
}

export function* endSignIn({ db, tables: { signIns } }: UnitContext, signInId: string): Unit<void> {
  yield* exec(db.delete(signIns).where(eq(signIns.signInId, signInId)))
}

/** Ends every sign-in of an account, all or all but one; returns how many. */
export function* endSignIns(
  { db, tables: { signIns } }: UnitContext,
  accountId: string,
  exceptSignInId?: Id,
): Unit<number> {
  const isOther = exceptSignInId === undefined ? undefined : ne(signIns.signInId, exceptSignInId)
  return yield* exec(db.delete(signIns).where(and(eq(signIns.accountId, accountId), isOther)))
}

/** Everybody's: of a database that was put back, those among them that were ended since live again. Returns how many. */
export function* endAllSignIns({ db, tables: { signIns } }: UnitContext): Unit<number> {
  return yield* exec(db.delete(signIns))
}

/** Removes sign-ins that ended by themselves. */
export function* removeExpiredSignIns(ctx: UnitContext): Unit<void> {
  const { signIns: t } = ctx.tables
  yield* exec(ctx.db.delete(t).where(lte(t.expiresAtMs, ctx.now())))
}

/** Queries name at most this many values at once. */
const maxNames = 500

/** Which of the sign-ins there still are. */
export function* findStanding({ db, tables: { signIns: t } }: UnitContext, ids: readonly Id[]): Unit<Set<string>> {
  const standing = new Set<string>()
  for (let from = 0; from < ids.length; from += maxNames) {
    const part = ids.slice(from, from + maxNames)
    const found = yield* rows(db.select({ signInId: t.signInId }).from(t).where(inArray(t.signInId, part)))
    for (const { signInId } of found) standing.add(signInId)
  }
  return standing
}
