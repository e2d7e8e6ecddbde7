import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { Reason } from './reason.ts'
import { defineRoute } from './route.ts'

/** Six digits of an authenticator app (RFC 6238), or a recovery code; blanks and dashes do not matter. */
export const FactorCode = z
  .string()
  .max(40)
  .transform((text) => text.replaceAll(/[\s-]/g, '').toUpperCase())
  .pipe(z.string().regex(/^(\d{6}|[0-9A-Z]{16})$/, 'six digits, or a recovery code'))
const CurrentPassword = z.string().min(1).max(200)

export const beginSecondFactor = defineRoute({
  method: 'POST',
  path: '/api/me/second-factor',
  tag: 'identity',
  summary: 'Get the secret for an authenticator app; it counts once a code of it has been confirmed',
  access: 'signed-in',
  body: z.object({ currentPassword: CurrentPassword }),
  reply: z.object({
    /** Base32, to type in where no code can be scanned. */
    secret: z.string(),
    /** `otpauth://totp/…`, to be shown as a QR code. */
    otpauthUrl: z.string(),
  }),
  status: 201,
  audit: { none: 'nothing counts before a code was confirmed' },
})
export const confirmSecondFactor = defineRoute({
  method: 'POST',
  path: '/api/me/second-factor/confirmation',
  tag: 'identity',
  summary: 'Confirm the authenticator app with a code; ends every other session of the account',
  access: 'signed-in',
  body: z.object({ code: FactorCode }),
  /** Each signs in once in place of a code; shown only now. */
  reply: z.object({ recoveryCodes: z.array(z.string()) }),
  status: 201,
})
export const removeSecondFactor = defineRoute({
  method: 'POST',
  path: '/api/me/second-factor/removal',
  tag: 'identity',
  summary: 'Give up the authenticator app, to take another',
  access: 'signed-in',
  body: z.object({ currentPassword: CurrentPassword, code: FactorCode }),
  reply: z.void(),
  status: 204,
})
export const removeSecondFactorOf = defineRoute({
  method: 'POST',
  path: '/api/accounts/:accountId/second-factor/removal',
  tag: 'identity',
  summary: 'Take the authenticator app off another account that lost it; ends its sessions',
  access: ['admin'],
  params: z.object({ accountId: Id }),
  body: z.object({ reason: Reason }),
  reply: z.void(),
  status: 204,
})
export const listMySignIns = defineRoute({
  method: 'GET',
  path: '/api/me/sign-ins',
  tag: 'identity',
  summary: 'Where one is signed in, newest first',
  access: 'signed-in',
  reply: z.object({
    rows: z.array(z.object({ signInId: Id, createdAtMs: z.int(), expiresAtMs: z.int(), isThisOne: z.boolean() })),
  }),
  status: 200,
})
export const endMySignIn = defineRoute({
  method: 'DELETE',
  path: '/api/me/sign-ins/:signInId',
  tag: 'identity',
  summary: 'End one of the own sessions',
  access: 'signed-in',
  params: z.object({ signInId: Id }),
  reply: z.void(),
  status: 204,
  audit: { none: 'ends what the same person began, and nothing else' },
})
