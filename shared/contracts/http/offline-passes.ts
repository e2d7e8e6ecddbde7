import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { NonNegativeFen } from '../../units/fen.ts'
import { OfflineSelling } from '../mqtt/twin.ts'
import { CabinetCode } from './shelf.ts'
import { defineRoute } from './route.ts'
import { pageOf, PageQuery } from './paging.ts'

/** An offline pass (离线通行码): opens one cabinet of a host site once, without a network. */
export const OfflinePass = z
  .object({
    passId: Id,
    accountName: z.string(),
    hostSiteName: z.string(),
    counter: z.int(),
    /** Held in the wallet until the money is given back. */
    capFen: NonNegativeFen,
    notBeforeMs: EpochMs,
    expiresAtMs: EpochMs,
    /** Until then a cabinet may still report a use; what is left is free again after it. */
    moneyBackAtMs: EpochMs,
    state: z.enum(['valid', 'expired', 'revoked', 'closed']),
    /** What the QR code holds, in its alphanumeric characters; its buyer's only, while it is valid. */
    code: z.string().optional(),
    uses: z.array(
      z.object({
        sessionId: Id,
        cabinetCode: CabinetCode,
        startedAtMs: EpochMs,
        /** The pass had been used before, at a cabinet that could not ask either. */
        isRepeat: z.boolean(),
        totalFen: NonNegativeFen.optional(),
        /** What the hold did not reach. */
        shortFen: NonNegativeFen,
      }),
    ),
  })
  .meta({ id: 'OfflinePass' })

export const issueOfflinePass = defineRoute({
  method: 'POST',
  path: '/api/offline-passes',
  tag: 'offline passes',
  summary: 'Get a pass for a host site’s cabinets that works without a network; holds its cap in the wallet',
  access: ['buyer'],
  body: z.object({
    /** Any cabinet of the host site. */
    cabinetCode: CabinetCode,
    capFen: NonNegativeFen.min(1),
    idempotencyKey: z.string().min(8).max(64),
  }),
  reply: OfflinePass,
  status: 201,
})
export const listMyOfflinePasses = defineRoute({
  method: 'GET',
  path: '/api/me/offline-passes',
  tag: 'offline passes',
  summary: 'My passes with their uses, newest first',
  access: ['buyer'],
  query: PageQuery,
  reply: pageOf(OfflinePass),
  status: 200,
})
export const listOfflinePasses = defineRoute({
  method: 'GET',
  path: '/api/offline-passes',
  tag: 'offline passes',
  summary: 'All passes with their uses, without their codes, newest first',
  access: ['operator', 'finance', 'auditor', 'admin'],
  query: PageQuery,
  reply: pageOf(OfflinePass),
  status: 200,
})
export const revokeOfflinePass = defineRoute({
  method: 'POST',
  path: '/api/offline-passes/:passId/revocation',
  tag: 'offline passes',
  summary: 'Revoke a pass (lost phone): cabinets that are reached take it no more',
  access: ['buyer', 'operator', 'admin'],
  params: z.object({ passId: Id }),
  reply: OfflinePass,
  status: 201,
})
export const setOfflineSelling = defineRoute({
  method: 'PUT',
  path: '/api/cabinets/:cabinetId/offline-selling',
  tag: 'offline passes',
  summary: 'Let a cabinet sell on passes within a risk, or end it (limits: null)',
  access: ['operator', 'admin'],
  params: z.object({ cabinetId: Id }),
  body: z.object({ limits: OfflineSelling.omit({ groupId: true }).nullable() }),
  reply: z.object({ version: z.int() }),
  status: 200,
})
