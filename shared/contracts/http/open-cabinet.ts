// What opens a door: apart from the other contracts of sessions, as a phone that has just scanned a code carries these only.
import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { NonNegativeFen } from '../../units/fen.ts'
import { CabinetCode } from './shelf.ts'
import { defineRoute } from './route.ts'

/** Where a buyer's session stands, as the server knows it. */
export const SessionState = z
  .enum(['authorised', 'open', 'closing', 'settled', 'review', 'refused', 'not_opened', 'interrupted', 'cancelled'])
  .meta({ id: 'SessionState' })
export type SessionState = z.infer<typeof SessionState>

export const ShoppingSession = z
  .object({
    sessionId: Id,
    cabinetId: Id,
    cabinetCode: CabinetCode,
    hostSiteName: z.string(),
    kind: z.enum(['sale', 'restock']),
    state: SessionState,
    buyerName: z.string().optional(),
    heldFen: NonNegativeFen,
    totalFen: NonNegativeFen.optional(),
    reason: z.string().optional(),
    authorisedAtMs: EpochMs,
    endedAtMs: EpochMs.optional(),
  })
  .meta({ id: 'ShoppingSession' })
export type ShoppingSession = z.infer<typeof ShoppingSession>

export const openCabinet = defineRoute({
  method: 'POST',
  path: '/api/sessions',
  tag: 'sessions',
  summary: 'Scan to open (扫码开门): holds money in the wallet and sends the cabinet a signed unlock',
  access: ['buyer'],
  body: z.object({
    cabinetCode: CabinetCode,
    /** Made by the page once per intent: a repeat adopts the same session instead of opening twice. */
    idempotencyKey: z.string().min(8).max(64),
  }),
  reply: ShoppingSession,
  status: 201,
  audit: { none: 'the hot path: the session and the cabinet’s own hash-chained journal say who opened what, and when' },
})
