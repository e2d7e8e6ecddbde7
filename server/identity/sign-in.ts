// Sign-ins: a random token in the cookie, its SHA-256 in the database. Ending one deletes its row, at once and everywhere.
import { createHash, randomBytes } from 'node:crypto'
import { and, eq, lte, ne } from 'drizzle-orm'
import type { Role } from '#shared/contracts/http/route.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { exec, insertRows, type Unit, type UnitContext } from '../db/unit.ts'
import type { SignedIn } from '../http/register-route.ts'
import { findSignIn } from './store.ts'

const tokenBytes = 32

/** A new secret for a cookie. */
export function makeToken(): string {
  return randomBytes(tokenBytes).toString('base64url')
}

export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

export function* addSignIn(
  ctx: UnitContext,
  input: { readonly accountId: string; readonly token: string; readonly lifetimeMs: number },
): Unit<void> {
  const nowMs = ctx.now()
  yield* insertRows(ctx.tables.signIns, [
    {
      signInId: ctx.newId(),
      tokenHash: hashToken(input.token),
      accountId: input.accountId,
      createdAtMs: nowMs,
      expiresAtMs: nowMs + input.lifetimeMs,
    },
  ])
}

/** Who holds the token, while the sign-in lives and the account is open. `factorRoles` are those that want a second factor. */
export function* whoHolds(ctx: UnitContext, token: string, factorRoles: ReadonlySet<Role>): Unit<SignedIn | undefined> {
  const found = yield* findSignIn(ctx, hashToken(token))
  const [first] = found
  if (first === undefined) return undefined
  const roles = found.flatMap(({ role }) => (role === null ? [] : [role]))
  const hasSecondFactor = first.secondFactorAtMs !== null
  return {
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

/** Removes sign-ins that ended by themselves; returns how many. */
export function* removeExpiredSignIns(ctx: UnitContext): Unit<number> {
  const { signIns } = ctx.tables
  return yield* exec(ctx.db.delete(signIns).where(lte(signIns.expiresAtMs, ctx.now())))
}
