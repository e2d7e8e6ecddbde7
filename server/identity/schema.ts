// Accounts, their roles and sign-ins. Passwords are scrypt hashes with their
// parameters beside them; of a session cookie and of a recovery code only its SHA-256 is kept, an authenticator's secret is
// sealed.
import { sql } from 'drizzle-orm'
import { Role } from '#shared/contracts/http/route.ts'
import type { Kit, Storage } from '../db/kit.ts'

export function identityTables({ table, column: c, primaryKey, index, check }: Kit) {
  const accounts = table(
    'account',
    {
      accountId: c.text().primaryKey(),
      /** Staff number or another name, never a phone number; folded to lower case: one login, one account. */
      login: c.text().notNull().unique(),
      /** Of the phone number that was the login once: its owner still signs in with it (forget-phone-logins.ts). */
      loginFingerprint: c.text().unique(),
      displayName: c.text().notNull(),
      passwordHash: c.text().notNull(),
      mustChangePassword: c.bool().notNull(),
      hostSiteId: c.text(),
      /** A farmer's household. */
      householdCode: c.text(),
      /** A desk's district, town or village: what its household codes begin with. */
      areaCode: c.text(),
      isActive: c.bool().notNull(),
      createdAtMs: c.int().notNull(),
      closedAtMs: c.int(),
    },
    (t) => [
      check('account_login_folded', sql`${t.login} = lower(${t.login})`),
      check('account_closed_at', sql`${t.isActive} = (${t.closedAtMs} is null)`),
      index('account_closed')
        .on(t.closedAtMs)
        .where(sql`${t.closedAtMs} is not null`),
    ],
  )
  const accountRoles = table(
    'account_role',
    {
      accountId: c
        .text()
        .notNull()
        .references(() => accounts.accountId),
      role: c.choice(Role.options as readonly Role[] as readonly [Role, ...Role[]]).notNull(),
    },
    (t) => [primaryKey({ columns: [t.accountId, t.role] }), index('account_role_by_role').on(t.role)],
  )
  const signIns = table(
    'sign_in',
    {
      signInId: c.text().primaryKey(),
      /** SHA-256 of the cookie's token, hex. */
      tokenHash: c.text().notNull().unique(),
      accountId: c
        .text()
        .notNull()
        .references(() => accounts.accountId),
      createdAtMs: c.int().notNull(),
      /** Ends then, used or not. */
      endsAtMs: c.int().notNull(),
      /** How long it may lie unused; empty: until its end. */
      idleMs: c.int(),
      /** Ends then unless it is used before. */
      expiresAtMs: c.int().notNull(),
    },
    (t) => [index('sign_in_by_account').on(t.accountId), index('sign_in_by_expiry').on(t.expiresAtMs)],
  )
  const secondFactors = table('second_factor', {
    accountId: c
      .text()
      .primaryKey()
      .references(() => accounts.accountId),
    /** The base32 secret, sealed. */
    secretSealed: c.text().notNull(),
    /** Null until a code of it was given once: it does not count before. */
    confirmedAtMs: c.int(),
    /** The 30 s step of the last code that was taken: neither it nor an earlier one is taken again. */
    lastStep: c.int().notNull(),
  })
  const recoveryCodes = table(
    'recovery_code',
    {
      accountId: c
        .text()
        .notNull()
        .references(() => secondFactors.accountId),
      /** SHA-256, hex. */
      codeHash: c.text().notNull(),
    },
    (t) => [primaryKey({ columns: [t.accountId, t.codeHash] })],
  )
  return { accounts, accountRoles, signIns, secondFactors, recoveryCodes }
}

export const identityStorage: Storage = { clustered: ['account_role', 'recovery_code'] }
