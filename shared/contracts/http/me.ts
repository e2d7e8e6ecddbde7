// Who is signed in: apart from the other contracts of identity, as every page asks it first.
import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { defineRoute, Role } from './route.ts'

/** The signed-in account. */
export const Me = z
  .object({
    accountId: Id,
    login: z.string(),
    displayName: z.string(),
    roles: z.array(Role),
    hostSiteId: Id.optional(),
    areaCode: z.string().optional(),
    /** A farmer's own household. */
    householdCode: z.string().optional(),
    /** True after an import or the first start, until the person chose a password. */
    mustChangePassword: z.boolean(),
    /** True when the account signs in with a code of an authenticator app too. */
    hasSecondFactor: z.boolean(),
    /** True while a role of the account demands a second factor that it does not have yet. */
    mustAddSecondFactor: z.boolean(),
  })
  .meta({ id: 'Me' })
export type Me = z.infer<typeof Me>
export const getMe = defineRoute({
  method: 'GET',
  path: '/api/me',
  tag: 'identity',
  summary: 'The signed-in account',
  access: 'signed-in',
  reply: Me,
  status: 200,
})
