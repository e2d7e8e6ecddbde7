// Accounts, their roles and sign-ins. Passwords are scrypt hashes with their
// parameters beside them; of a session cookie only its SHA-256 is kept.
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
    },
    (t) => [check('account_login_folded', sql`${t.login} = lower(${t.login})`)],
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
      expiresAtMs: c.int().notNull(),
    },
    (t) => [index('sign_in_by_account').on(t.accountId), index('sign_in_by_expiry').on(t.expiresAtMs)],
  )
  return { accounts, accountRoles, signIns }
}

export const identityStorage: Storage = { clustered: ['account_role'] }
