import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { Me } from './me.ts'
import { defineRoute, Role } from './route.ts'
import { FactorCode } from './second-factor.ts'

/** A staff number or another name: letters, digits, dots and dashes. */
export const Login = z
  .string()
  .trim()
  .min(3)
  .max(40)
  .regex(/^[\p{L}\p{N}._-]+$/u, 'letters, digits, dots and dashes only')
/**
 * Of a new account: a login stands in clear in the database, so nobody's phone, identity or bank number may be one, in full-width digits
 * neither.
 */
export const isNumberOfSomebody = (login: string): boolean => /[0-9０-９]{11}/.test(login)
export const NewLogin = Login.refine((login) => !isNumberOfSomebody(login), 'a phone or identity number is no login')
export const Password = z.string().min(8, 'at least 8 characters').max(200)
/** A district (6 digits), town (9) or village (12): what the codes of its households begin with. */
export const AreaCode = z
  .string()
  .regex(/^\d{6}(\d{3}){0,2}$/, 'a district, town or village code has 6, 9 or 12 digits')
const DisplayName = z
  .string()
  .trim()
  .min(1)
  .max(60)
  .refine((name) => !isNumberOfSomebody(name), 'a phone or identity number is no name')

export const signIn = defineRoute({
  method: 'POST',
  path: '/api/sign-in',
  tag: 'identity',
  summary: 'Sign in with a login and a password; sets the session cookie',
  access: 'public',
  /** `code` only where the account has a second factor; without it the answer is `identity.second_factor_needed`. */
  body: z.object({ login: Login, password: z.string().min(1).max(200), code: FactorCode.optional() }),
  reply: Me,
  status: 200,
  audit: { none: 'a sign-in changes nothing beside itself; it is a row of its own with its time' },
})
export const signOut = defineRoute({
  method: 'POST',
  path: '/api/sign-out',
  tag: 'identity',
  summary: 'End this session',
  access: 'public',
  reply: z.void(),
  status: 204,
  audit: { none: 'ends what the same person began, and nothing else' },
})
export const changePassword = defineRoute({
  method: 'POST',
  path: '/api/me/password',
  tag: 'identity',
  summary: 'Choose a new password; ends every other session of the account',
  access: 'signed-in',
  body: z.object({ currentPassword: z.string().min(1).max(200), newPassword: Password }),
  reply: z.void(),
  status: 204,
})
export const joinSite = defineRoute({
  method: 'POST',
  path: '/api/accounts/join',
  tag: 'identity',
  summary: 'Make a buyer account with the join code of a host site',
  access: 'public',
  body: z.object({
    joinCode: z.string().trim().min(4).max(20),
    login: NewLogin,
    displayName: DisplayName,
    password: Password,
  }),
  reply: Me,
  status: 201,
})
const MadeAccounts = z.object({
  accounts: z.array(z.object({ accountId: Id, login: z.string(), oneTimePassword: z.string() })),
})
export const importAccounts = defineRoute({
  method: 'POST',
  path: '/api/accounts/import',
  tag: 'identity',
  summary: 'Make accounts from a list; all or none. Each gets a one-time password that is shown once',
  access: ['admin'],
  body: z.object({
    accounts: z
      .array(
        z.object({
          login: NewLogin,
          displayName: DisplayName,
          roles: z.array(Role).min(1),
          hostSiteId: Id.optional(),
          householdCode: z.string().optional(),
          /** A desk's district, town or village. */
          areaCode: AreaCode.optional(),
        }),
      )
      .min(1)
      .max(5_000),
  }),
  reply: MadeAccounts,
  status: 201,
})
const accountFile = { maxBytes: 4 * 1024 * 1024 }
export const importAccountFile = defineRoute({
  method: 'POST',
  path: '/api/accounts/imports',
  tag: 'identity',
  summary:
    'Make the accounts of a CSV or XLSX file, all rows or none, each with a one-time password that is shown once',
  access: ['admin'],
  upload: accountFile,
  reply: MadeAccounts,
  status: 201,
})
export const previewAccountFile = defineRoute({
  method: 'POST',
  path: '/api/accounts/imports/preview',
  tag: 'identity',
  summary: 'How many accounts of each role a file would make; nothing is kept',
  access: ['admin'],
  audit: { none: 'What the import writes is undone before the answer; what is imported afterwards leaves its rows.' },
  upload: accountFile,
  reply: z.object({ accounts: z.int(), roles: z.array(z.object({ role: Role, accounts: z.int() })) }),
  status: 200,
})
export const ListedAccount = z
  .object({
    accountId: Id,
    login: z.string(),
    displayName: z.string(),
    roles: z.array(Role),
    hostSiteId: Id.optional(),
    areaCode: z.string().optional(),
    isActive: z.boolean(),
  })
  .meta({ id: 'ListedAccount' })
const byAccount = z.object({ accountId: Id })

export const listAccounts = defineRoute({
  method: 'GET',
  path: '/api/accounts',
  tag: 'identity',
  summary: 'Accounts by when they were made, or by login',
  access: ['admin', 'auditor'],
  query: z.object({
    cursor: z.string().max(200).optional(),
    limit: z.coerce.number().int().min(1).max(200).default(50),
    search: z.string().max(40).optional(),
    role: Role.optional(),
    isActive: z.stringbool().optional(),
    order: z.enum(['newest', 'oldest', 'login-ascending', 'login-descending']).default('newest'),
  }),
  reply: z.object({ rows: z.array(ListedAccount), nextCursor: z.string().optional() }),
  status: 200,
})
export const getAccount = defineRoute({
  method: 'GET',
  path: '/api/accounts/:accountId',
  tag: 'identity',
  summary: 'One account with its sign-ins that are still open',
  access: ['admin', 'auditor'],
  params: byAccount,
  reply: ListedAccount.extend({
    hostSiteName: z.string().optional(),
    /** A farmer's household. */
    householdCode: z.string().optional(),
    mustChangePassword: z.boolean(),
    createdAtMs: EpochMs,
    /** Newest first. */
    signIns: z.array(z.object({ createdAtMs: EpochMs, expiresAtMs: EpochMs })),
  }),
  status: 200,
})
export const setAccountAccess = defineRoute({
  method: 'PATCH',
  path: '/api/accounts/:accountId',
  tag: 'identity',
  summary:
    'Change the roles of an account, the area of a desk or the household of a farmer, or close it; ends its sessions',
  access: ['admin'],
  params: byAccount,
  body: z.object({
    roles: z.array(Role).min(1).optional(),
    areaCode: AreaCode.optional(),
    householdCode: z
      .string()
      .regex(/^\d{16}$/, 'a household code has 16 digits')
      .optional(),
    isActive: z.boolean().optional(),
  }),
  reply: z.void(),
  status: 204,
})
export const resetPassword = defineRoute({
  method: 'POST',
  path: '/api/accounts/:accountId/password-resets',
  tag: 'identity',
  summary: 'Give an account a new one-time password, shown once, and end its sessions',
  access: ['admin'],
  params: byAccount,
  reply: z.object({ login: z.string(), oneTimePassword: z.string() }),
  status: 201,
})
export const endAccountSessions = defineRoute({
  method: 'DELETE',
  path: '/api/accounts/:accountId/sign-ins',
  tag: 'identity',
  summary: 'End every session of an account; it may sign in again',
  access: ['admin'],
  params: byAccount,
  reply: z.object({ ended: z.int() }),
  status: 200,
})
