import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { MassMg } from '../../units/mass.ts'
import { LaneId } from '../mqtt/lane.ts'

/**
 * The hands of the demo's virtual cabinets: what a person in front of the cabinet could do, and what such a person
 * would see. Hands move goods and the door; they tell neither agent nor server anything. Spoken over a WebSocket per
 * cabinet between the virtual-cabinet page (through the demo's proxy) and the process that holds the virtual boards.
 */
export const VirtualItem = z
  .object({
    itemId: z.string().max(40),
    name: z.string().max(80),
    kind: z.enum(['goods', 'foreign']),
    skuId: Id.optional(),
    labelMassMg: MassMg,
  })
  .meta({ id: 'VirtualItem' })
export type VirtualItem = z.infer<typeof VirtualItem>

export const HandsCommand = z.discriminatedUnion('hand', [
  z.object({ hand: z.literal('open-door') }),
  z.object({ hand: z.literal('close-door') }),
  /** Takes one piece out of a lane; the nearest one when no item is named. */
  z.object({ hand: z.literal('take'), laneId: LaneId, itemId: z.string().max(40).optional() }),
  /** Puts a piece from the hand into a lane: its own (put back) or another (misplaced). */
  z.object({ hand: z.literal('put'), laneId: LaneId, itemId: z.string().max(40) }),
  /** Leaves something that is not for sale, e.g. a phone. */
  z.object({
    hand: z.literal('put-foreign'),
    laneId: LaneId,
    name: z.string().max(40),
    massMg: MassMg.min(1).max(20_000_000),
  }),
  /** Carries the pieces in the hand away, out of reach. */
  z.object({ hand: z.literal('walk-away') }),
  /** Holds the phone with a pass before the reader at the door. */
  z.object({ hand: z.literal('scan'), code: z.string().min(1).max(500) }),
  z.object({ hand: z.literal('rest-on'), laneId: LaneId, massMg: MassMg.min(1).max(20_000_000) }),
  z.object({ hand: z.literal('lift-off'), laneId: LaneId }),
  /** A restocker loads so many pieces of a SKU; each piece gets its own true weight. */
  z.object({
    hand: z.literal('load'),
    laneId: LaneId,
    skuId: Id,
    name: z.string().max(80),
    count: z.int().min(1).max(200),
    unitMassMg: MassMg.min(1),
    unitMassSdMg: z.int().min(0),
  }),
  /** Warms or cools the inside at once; what follows from it takes as long as in a real cabinet. */
  z.object({ hand: z.literal('set-temperature'), temperatureDeciC: z.int().min(-300).max(600) }),
  z.object({ hand: z.literal('set-power'), isOn: z.boolean() }),
  z.object({ hand: z.literal('set-network'), isOn: z.boolean() }),
  z.object({
    hand: z.literal('set-fault'),
    fault: z.enum(['lock-jammed', 'lock-silent', 'scale-silent', 'scale-unstable', 'scale-overload', 'line-noise']),
    laneId: LaneId.optional(),
    isOn: z.boolean(),
  }),
])
export type HandsCommand = z.infer<typeof HandsCommand>

export const HandsState = z
  .object({
    kind: z.literal('state'),
    cabinetCode: z.string(),
    atMs: EpochMs,
    door: z.enum(['open', 'closed']),
    isLocked: z.boolean(),
    isPowered: z.boolean(),
    isNetworkUp: z.boolean(),
    temperatureDeciC: z.int(),
    /** Where the cabinet serves the page of its own screen, on this machine; absent while it has no power. */
    screenUrl: z.url().optional(),
    /** What the reader's display shows. */
    scannerDisplay: z.string().optional(),
    lanes: z.array(z.object({ laneId: LaneId, displayMg: MassMg, isStable: z.boolean(), items: z.array(VirtualItem) })),
    inHand: z.array(VirtualItem),
    faults: z.array(z.object({ fault: z.string(), laneId: LaneId.optional() })),
  })
  .meta({ id: 'HandsState' })
export type HandsState = z.infer<typeof HandsState>

/** The boards' process → page: the state whenever it changes (at most ten a second), or why a hand could not do that. */
export const HandsMessage = z.union([
  HandsState,
  z.object({ kind: z.literal('refused'), hand: z.string(), why: z.string() }),
])
export type HandsMessage = z.infer<typeof HandsMessage>

/** What the demo hands to the fleet process: written to a file, whose path is the only argument. */
export const FleetConfig = z.object({
  serverUrl: z.url(),
  /** Where the fleet listens for hands, loopback only: ws://127.0.0.1:{handsPort}/hands/{cabinetCode}. */
  handsPort: z.int().min(0).max(65_535),
  dataDirectory: z.string(),
  cabinets: z
    .array(
      z.object({
        code: z.string(),
        /** Absent once the cabinet is enrolled: its key and place are in the data directory then. */
        enrolmentCode: z.string().optional(),
        seed: z.int(),
        laneCount: z.int().min(1).max(99),
        profile: z.enum(['good', 'typical', 'bad']),
      }),
    )
    .max(2_000),
})
export type FleetConfig = z.infer<typeof FleetConfig>
