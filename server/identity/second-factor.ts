// The second factor: time-based codes (RFC 6238: SHA-1, 6 digits, 30 s, what every authenticator app computes), and recovery
// codes for who lost the app. A code is taken once: the step of the last one is kept, and it only rises.
import { createHash } from 'node:crypto'
import { and, eq, isNotNull, lt } from 'drizzle-orm'
import { Secret, TOTP } from 'otpauth'
import type { Random } from '#shared/ids/random.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { recordAudit } from '../audit/record-audit.ts'
import type { Effect } from '../context.ts'
import { exec, insertRows, one, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import type { Sealer } from '../personal-data/seal.ts'
import { makeReadableCode } from './password.ts'
import { endSignIns } from './sign-in.ts'
import { findAccount } from './store.ts'

const issuer = '惠农柜'
const period = 30
/** Steps that an app's clock may be off, to either side. */
const window = 1
/** 160 bits, as long as the HMAC's own (RFC 4226, 4). */
const secretBytes = 20
const recoveryCodeCount = 10
/** 79 bits: no guessing reaches them, so that a plain hash keeps them. */
const recoveryCodeLength = 16

export const secondFactorPurpose = (accountId: string) => `second-factor:${accountId}`

const totpOf = (base32: string, label: string) =>
  new TOTP({ issuer, label, algorithm: 'SHA1', digits: 6, period, secret: Secret.fromBase32(base32) })

/** The step a code belongs to, if it is one of the secret's around this instant. */
export function findStep(base32: string, code: string, nowMs: number): number | undefined {
  const delta = totpOf(base32, '').validate({ token: code, timestamp: nowMs, window })
  return delta === null ? undefined : Math.floor(nowMs / (period * 1_000)) + delta
}

const hashCode = (code: string) => createHash('sha256').update(code).digest('hex')

function* findFactor({ db, tables: { secondFactors: t } }: UnitContext, accountId: string) {
  return yield* one(db.select().from(t).where(eq(t.accountId, accountId)))
}

export function* hasLiveFactor(ctx: UnitContext, accountId: string): Unit<boolean> {
  const factor = yield* findFactor(ctx, accountId)
  return factor !== undefined && factor.confirmedAtMs !== null
}

/** Takes the code, so that it is not taken a second time; says whether it was good. */
function* takeAppCode(ctx: UnitContext, sealer: Sealer, accountId: string, code: string): Unit<boolean> {
  const { secondFactors: t } = ctx.tables
  const factor = yield* findFactor(ctx, accountId)
  if (factor === undefined) return false
  const step = findStep(sealer.open(factor.secretSealed, secondFactorPurpose(accountId)), code, ctx.now())
  if (step === undefined) return false
  const isFresh = and(eq(t.accountId, accountId), lt(t.lastStep, step))
  return (yield* exec(ctx.db.update(t).set({ lastStep: step }).where(isFresh))) === 1
}

function* takeRecoveryCode(ctx: UnitContext, accountId: string, code: string): Unit<boolean> {
  const { recoveryCodes: t } = ctx.tables
  const isIt = and(eq(t.accountId, accountId), eq(t.codeHash, hashCode(code)))
  if ((yield* exec(ctx.db.delete(t).where(isIt))) === 0) return false
  yield* recordAudit(ctx, { accountId, action: 'identity.recovery_code_used', subjectId: accountId })
  return true
}

/** Takes a code of the app or a recovery code of an account with a live factor; each is good once. */
export function* takeFactorCode(ctx: UnitContext, sealer: Sealer, accountId: string, code: string): Unit<boolean> {
  return code.length === 6
    ? yield* takeAppCode(ctx, sealer, accountId, code)
    : yield* takeRecoveryCode(ctx, accountId, code)
}

/** Keeps a new secret that does not count yet, in place of an earlier one that never did. */
export function* beginFactor(
  ctx: UnitContext,
  input: { readonly accountId: Id; readonly login: string; readonly sealer: Sealer },
): Unit<{ secret: string; otpauthUrl: string }> {
  const { accountId, login, sealer } = input
  const { secondFactors: t } = ctx.tables
  if (yield* hasLiveFactor(ctx, accountId)) throw new RefusalError('identity.second_factor_live')
  const secret = new Secret({ size: secretBytes }).base32
  yield* exec(ctx.db.delete(t).where(eq(t.accountId, accountId)))
  yield* insertRows(t, [
    { accountId, secretSealed: sealer.seal(secret, secondFactorPurpose(accountId)), confirmedAtMs: null, lastStep: 0 },
  ])
  return { secret, otpauthUrl: totpOf(secret, login).toString() }
}

/** Makes the secret count from now on; returns the recovery codes, which are not shown again. */
export function* confirmFactor(
  ctx: UnitContext,
  input: {
    readonly accountId: Id
    readonly signInId: Id
    readonly code: string
    readonly sealer: Sealer
    readonly random: Random
  },
): Unit<{ recoveryCodes: string[]; effects: readonly Effect[] }> {
  const { accountId, signInId, code, sealer, random } = input
  const { secondFactors, recoveryCodes } = ctx.tables
  const factor = yield* findFactor(ctx, accountId)
  if (factor === undefined) throw new RefusalError('identity.second_factor_none')
  if (factor.confirmedAtMs !== null) throw new RefusalError('identity.second_factor_live')
  if (!(yield* takeAppCode(ctx, sealer, accountId, code)))
    throw new RefusalError('identity.second_factor_wrong', undefined, { field: 'code' })
  yield* exec(
    ctx.db.update(secondFactors).set({ confirmedAtMs: ctx.now() }).where(eq(secondFactors.accountId, accountId)),
  )
  const codes = Array.from({ length: recoveryCodeCount }, () => makeReadableCode(random, recoveryCodeLength))
  yield* insertRows(
    recoveryCodes,
    codes.map((shown) => ({ accountId, codeHash: hashCode(shown.replaceAll('-', '')) })),
  )
  // Whoever signed in with the password alone has to come back with a code.
  yield* endSignIns(ctx, accountId, signInId)
  yield* recordAudit(ctx, { accountId, action: 'identity.second_factor_added', subjectId: accountId })
  return { recoveryCodes: codes, effects: [{ kind: 'sign-out', accountId, exceptSessionId: signInId }] }
}

function* dropFactor(ctx: UnitContext, accountId: Id): Unit<boolean> {
  const { secondFactors, recoveryCodes } = ctx.tables
  yield* exec(ctx.db.delete(recoveryCodes).where(eq(recoveryCodes.accountId, accountId)))
  const isLive = and(eq(secondFactors.accountId, accountId), isNotNull(secondFactors.confirmedAtMs))
  return (yield* exec(ctx.db.delete(secondFactors).where(isLive))) > 0
}

/** Gives up the own factor, with a code of it. */
export function* removeOwnFactor(
  ctx: UnitContext,
  input: { readonly accountId: Id; readonly code: string; readonly sealer: Sealer },
): Unit<void> {
  const { accountId, code, sealer } = input
  if (!(yield* hasLiveFactor(ctx, accountId))) throw new RefusalError('identity.second_factor_none')
  if (!(yield* takeFactorCode(ctx, sealer, accountId, code)))
    throw new RefusalError('identity.second_factor_wrong', undefined, { field: 'code' })
  yield* dropFactor(ctx, accountId)
  yield* recordAudit(ctx, { accountId, action: 'identity.second_factor_removed', subjectId: accountId })
}

/** Takes the factor off somebody else, who lost the app and the recovery codes; ends the account's sign-ins. */
export function* removeFactorOf(
  ctx: UnitContext,
  input: { readonly byAccountId: Id; readonly accountId: Id; readonly reason: string },
): Unit<readonly Effect[]> {
  const { byAccountId, accountId, reason } = input
  if (byAccountId === accountId) throw new RefusalError('identity.second_factor_own')
  if ((yield* findAccount(ctx, accountId)) === undefined) throw new RefusalError('identity.account_unknown')
  if (!(yield* dropFactor(ctx, accountId))) throw new RefusalError('identity.second_factor_none')
  yield* endSignIns(ctx, accountId)
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'identity.second_factor_removed',
    subjectId: accountId,
    why: reason,
  })
  return [{ kind: 'sign-out', accountId }]
}
