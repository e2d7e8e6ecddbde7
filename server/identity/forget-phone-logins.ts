// Accounts that were made with a phone or identity number for a login, before new accounts were refused one, lose it from the
// database at start: the login becomes a neutral one, and of the number only its fingerprint stays, by which its owner goes on
// signing in as before. Nobody needs the number itself, so it is not kept sealed either.
import { and, asc, eq, gt, isNull, sql } from 'drizzle-orm'
import { isNumberOfSomebody } from '#shared/contracts/http/identity.ts'
import type { Database } from '../db/database.ts'
import { exec, rows, type Unit, type UnitContext } from '../db/unit.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { maskNumbers } from '../personal-data/mask-numbers.ts'
import type { Sealer } from '../personal-data/seal.ts'

/** Accounts of one commit. */
const pageRows = 200
const shortestNumber = 11
const neutralLength = 12

/** What a number typed as a login is found by. */
export function loginFingerprint(sealer: Sealer, login: string): string {
  return sealer.fingerprint(`login:${login}`)
}

/** From the account's id, which says nothing of the person. */
const neutralLogin = (accountId: string) => `user-${accountId.replaceAll('-', '').slice(-neutralLength)}`

function* readPage({ db, tables: { accounts: a } }: UnitContext, after: string) {
  return yield* rows(
    db
      .select({ accountId: a.accountId, login: a.login, displayName: a.displayName })
      .from(a)
      .where(and(gt(a.accountId, after), isNull(a.loginFingerprint), sql`length(${a.login}) >= ${shortestNumber}`))
      .orderBy(asc(a.accountId))
      .limit(pageRows),
  )
}

function* forget(
  ctx: UnitContext,
  { accountId, login, displayName }: { accountId: string; login: string; displayName: string },
  fingerprint: string,
): Unit<void> {
  const { accounts: a } = ctx.tables
  const neutral = neutralLogin(accountId)
  const changed = yield* exec(
    ctx.db
      .update(a)
      .set({ login: neutral, loginFingerprint: fingerprint, displayName: maskNumbers(displayName) })
      .where(and(eq(a.accountId, accountId), eq(a.login, login))),
  )
  if (changed > 0)
    yield* recordAudit(ctx, {
      accountId: undefined,
      action: 'identity.login_forgotten',
      subjectId: accountId,
      after: { login: neutral },
    })
}

/** Returns how many accounts it changed; several processes at once change each of them once. */
export async function forgetPhoneLogins(database: Database, sealer: Sealer): Promise<number> {
  let forgotten = 0
  for (let after = ''; ;) {
    const page = await database.read((ctx) => readPage(ctx, after))
    const last = page.at(-1)
    if (last === undefined) return forgotten
    const found = page.filter(({ login }) => isNumberOfSomebody(login))
    await database.run(function* (ctx) {
      for (const account of found) yield* forget(ctx, account, loginFingerprint(sealer, account.login))
    })
    forgotten += found.length
    after = last.accountId
  }
}
