import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { NonNegativeFen } from '../../units/fen.ts'
import { MassMg } from '../../units/mass.ts'
import { LaneId, PricingMode } from './lane.ts'

/** One row of the cart as it looks now; a preview, never a bill. */
export const CartLine = z
  .object({
    laneId: LaneId,
    skuId: Id,
    mode: PricingMode,
    count: z.int().min(0).optional(),
    massMg: MassMg.optional(),
    amountFen: NonNegativeFen,
    isSettling: z.boolean(),
  })
  .meta({ id: 'CartLine' })
export type CartLine = z.infer<typeof CartLine>

/** On `live` while the door is open: the cart preview, notices, and what the scales show. */
export const LiveMessage = z
  .object({
    sessionId: Id,
    atMs: EpochMs,
    stage: z.enum(['unlocking', 'open', 'closing']),
    cart: z.array(CartLine).max(99),
    totalFen: NonNegativeFen,
    notices: z
      .array(
        z.object({
          kind: z.enum(['misplaced', 'door_open_long', 'foreign']),
          laneId: LaneId.optional(),
          fromLaneId: LaneId.optional(),
        }),
      )
      .max(20),
    /** While staff load: what each scale shows. A buyer's cart says more, and nothing of this. */
    weights: z
      .array(z.object({ laneId: LaneId, massMg: MassMg }))
      .max(99)
      .optional(),
  })
  .meta({ id: 'LiveMessage' })
export type LiveMessage = z.infer<typeof LiveMessage>

/** On `telemetry`, every 60 s. */
export const Telemetry = z
  .object({
    atMs: EpochMs,
    temperatureDeciC: z.int().min(-1_000).max(1_500).optional(),
    humidityDeciPercent: z.int().min(0).max(1_000).optional(),
    devices: z
      .array(
        z.object({ device: z.string().max(80), isOnline: z.boolean(), lastErrorCode: z.string().max(40).optional() }),
      )
      .max(200),
    links: z.record(
      z.string().max(80),
      z.object({
        requests: z.int(),
        replies: z.int(),
        retries: z.int(),
        timeouts: z.int(),
        checksumErrors: z.int(),
        discardedBytes: z.int(),
        lateReplies: z.int(),
        reconnects: z.int(),
      }),
    ),
    outboxDepth: z.int().min(0),
    diskFreeBytes: z.int().min(0).optional(),
    rssBytes: z.int().min(0).optional(),
    uptimeMs: z.int().min(0),
  })
  .meta({ id: 'Telemetry' })
export type Telemetry = z.infer<typeof Telemetry>
