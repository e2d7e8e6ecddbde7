import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { NonNegativeFen } from '../../units/fen.ts'
import { MassMg } from '../../units/mass.ts'
import { LaneId, Plateau, SoldLine } from './lane.ts'

/** Version strings that stay with a bill, so that it can be computed again. */
export const Versions = z
  .object({ agent: z.string().max(64), decoder: z.string().max(64), planogram: z.int().min(0), prices: z.int().min(0) })
  .meta({ id: 'Versions' })
export type Versions = z.infer<typeof Versions>

/** Why a session could not be settled without a person. */
export const ReviewReason = z
  .enum([
    'ambiguous',
    'unstable',
    'lane_fault',
    'scale_unverified',
    'foreign_object',
    'swap',
    'door_state_unknown',
    'interrupted',
    'opening_missing',
    'decoder_fault',
  ])
  .meta({ id: 'ReviewReason' })
export type ReviewReason = z.infer<typeof ReviewReason>

/** One explanation of what the weights say, with its probability and the bill it would make. */
export const Hypothesis = z
  .object({ probability: z.number().min(0).max(1), totalFen: NonNegativeFen, lines: z.array(SoldLine).max(100) })
  .meta({ id: 'Hypothesis' })
export type Hypothesis = z.infer<typeof Hypothesis>

/** A change of level seen while the door was open. Negative mass: something was taken. */
export const Step = z
  .object({ laneId: LaneId, atMs: EpochMs, massMg: MassMg, standardErrorMg: z.int().min(0) })
  .meta({ id: 'Step' })
export type Step = z.infer<typeof Step>

/** What a bill rests on: it stays with the bill and lets anyone compute it again. */
export const WeighingEvidence = z
  .object({
    opening: z.array(Plateau).max(99),
    closing: z.array(Plateau).max(99),
    steps: z.array(Step).max(1_000),
    hypotheses: z.array(Hypothesis).max(20),
  })
  .meta({ id: 'WeighingEvidence' })
export type WeighingEvidence = z.infer<typeof WeighingEvidence>

const sessionId = Id
/** How the decoder flags what else happened: misplaced, foreign, swap, stock. */
const SessionFlag = z.enum(['misplaced', 'foreign', 'swap', 'stock_flag'])
const LaneStatistics = z
  .object({
    laneId: LaneId,
    skuId: Id,
    lotId: Id,
    countAdded: z.int().min(0),
    countAfter: z.int().min(0),
    grossAfterMg: MassMg,
    /** Unit weight learned from count and gross, with its standard deviation and the pieces behind it. */
    unitMassMg: MassMg,
    unitMassSdMg: z.int().min(0),
    samples: z.int().min(0),
    /** True when the weights do not fit the stated count. */
    isCountDoubtful: z.boolean(),
  })
  .meta({ id: 'LaneStatistics' })

/** Water that one lane's goods lost while nobody touched them; neither sale nor shrink. */
const LostWater = z
  .object({
    laneId: LaneId,
    skuId: Id,
    lotId: Id.optional(),
    sinceMs: EpochMs,
    untilMs: EpochMs,
    lostMg: MassMg.min(1),
    standardErrorMg: z.int().min(0),
  })
  .meta({ id: 'LostWater' })
/** How fast a SKU dries in this cabinet: parts per million of its gross an hour, with the standard deviation. */
const DryingRate = z
  .object({
    skuId: Id,
    ppmPerHour: z.int().min(0).max(1_000_000),
    sdPpmPerHour: z.int().min(0).max(1_000_000),
    /** Looks at untouched lanes behind it. */
    looks: z.int().min(0),
  })
  .meta({ id: 'DryingRate' })

/** Event type → body. The server accepts unknown types too: acknowledged, kept and flagged, never bounced. */
export const eventBodies = {
  'agent.started': z.object({ versions: Versions, recoveredSessionId: sessionId.optional() }),
  'session.started': z.object({
    sessionId,
    kind: z.enum(['sale', 'restock']),
    commandId: Id,
    versions: Versions,
    opening: z.array(Plateau).max(99),
    /** The offline pass that opened it instead of a command, as scanned; `commandId` is the pass's id then. */
    passCode: z.string().max(400).optional(),
  }),
  'session.refused': z.object({ sessionId, commandId: Id, reason: z.string().max(200) }),
  'session.not_opened': z.object({
    sessionId,
    outcome: z.enum(['NOT_OPENED', 'UNKNOWN', 'NO_OPEN_TIMEOUT', 'EXPIRED', 'FAULT']),
    detail: z.string().max(300),
  }),
  'door.opened': z.object({ sessionId: sessionId.optional() }),
  'door.open_too_long': z.object({ sessionId: sessionId.optional(), openForMs: z.int().min(0), isAlarm: z.boolean() }),
  'door.closed': z.object({ sessionId: sessionId.optional() }),
  'session.settled': z.object({
    sessionId,
    lines: z.array(SoldLine).max(100),
    confidence: z.number().min(0).max(1),
    flags: z.array(SessionFlag).max(10),
    versions: Versions,
    evidence: WeighingEvidence,
    /** When the last lane came to rest; the start of the receipt's latency. */
    steadyAtMs: EpochMs,
  }),
  'session.review': z.object({
    sessionId,
    reason: ReviewReason,
    detail: z.string().max(500),
    /** The most the buyer may be charged: the cheapest plausible explanation. */
    lowestLines: z.array(SoldLine).max(100),
    flags: z.array(SessionFlag).max(10),
    versions: Versions,
    evidence: WeighingEvidence,
    /** The scales' record: NDJSON, gzipped, base64. `replay` computes the bill again from it. */
    trace: z.string().max(100_000).optional(),
  }),
  'session.interrupted': z.object({
    sessionId,
    commandId: Id.optional(),
    stage: z.string().max(40),
    isDoorOpen: z.boolean().optional(),
  }),
  /** A scanned code that opened nothing. */
  'pass.refused': z.object({ reason: z.string().max(40), passId: Id.optional(), detail: z.string().max(300) }),
  'session.misplaced': z.object({ sessionId, fromLaneId: LaneId, inLaneId: LaneId, skuId: Id }),
  'restock.completed': z.object({
    sessionId,
    lanes: z.array(LaneStatistics).max(99),
    opening: z.array(Plateau).max(99),
    closing: z.array(Plateau).max(99),
    versions: Versions,
  }),
  'stock.dried': z.object({ sessionId, lanes: z.array(LostWater).max(99), rates: z.array(DryingRate).max(99) }),
  'door.forced': z.object({ detail: z.string().max(300) }),
  'device.offline': z.object({ device: z.string().max(80), code: z.string().max(40) }),
  'device.online': z.object({ device: z.string().max(80) }),
  'alarm.raised': z.object({ alarm: z.string().max(40), detail: z.string().max(300) }),
  'alarm.cleared': z.object({ alarm: z.string().max(40) }),
  'twin.applied': z.object({ desiredVersion: z.int().min(0) }),
  'twin.reverted': z.object({ desiredVersion: z.int().min(0), reason: z.string().max(300) }),
} as const
export type EventType = keyof typeof eventBodies
export type EventBody<T extends EventType> = z.infer<(typeof eventBodies)[T]>

const Hash = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in lower-case hex')

/**
 * One journal entry. `seq` counts from 1 without gaps for the life of the journal; `bootId` names the run of the agent
 * that wrote it. `hash` = SHA-256 over the canonical JSON of every other field, so `prevHash` chains the journal.
 */
export const JournalEntry = z
  .object({
    bootId: Id,
    seq: z.int().min(1),
    atMs: EpochMs,
    type: z.string().min(1).max(60),
    body: z.record(z.string(), z.unknown()),
    prevHash: Hash,
    hash: Hash,
  })
  .meta({ id: 'JournalEntry' })
export type JournalEntry = z.infer<typeof JournalEntry>

/** The hash before the first entry. */
export const genesisHash = '0'.repeat(64)

/** A payload on `events`: one entry or up to 200 in order of seq. */
export const EventsMessage = z
  .union([JournalEntry, z.array(JournalEntry).min(1).max(200)])
  .meta({ id: 'EventsMessage' })
export type EventsMessage = z.infer<typeof EventsMessage>

/** On `acks`: everything up to `throughSeq` is committed; or a gap was seen and entries from `resendFrom` are wanted. */
export const AckMessage = z
  .union([z.object({ throughSeq: z.int().min(0) }), z.object({ resendFrom: z.int().min(1) })])
  .meta({ id: 'AckMessage' })
export type AckMessage = z.infer<typeof AckMessage>
