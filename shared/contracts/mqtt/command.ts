import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { NonNegativeFen } from '../../units/fen.ts'
import { canonicalJson } from './canonical-json.ts'
import { LaneId } from './lane.ts'
import { CabinetConfigChange } from './twin.ts'

/** What a restocker says is being loaded: so many pieces of a lot into a lane, or a count that replaces what was there. */
export const LaneLoad = z
  .object({
    laneId: LaneId,
    lotId: Id,
    skuId: Id,
    count: z.int().min(0).max(1_000),
    isReplacement: z.boolean().default(false),
  })
  .meta({ id: 'LaneLoad' })
export type LaneLoad = z.infer<typeof LaneLoad>

/** Command kind → body. An agent answers any other kind with `unsupported`. */
export const commandBodies = {
  /** Opens for one buyer. The agent refuses when its twin holds other versions than the price was agreed on. */
  unlock: z.object({
    sessionId: Id,
    holdFen: NonNegativeFen,
    planogramVersion: z.int().min(0),
    pricesVersion: z.int().min(0),
  }),
  'restock-open': z.object({ sessionId: Id, restockerId: Id, loads: z.array(LaneLoad).max(99) }),
  /** Takes the cabinet out of service: no session starts until `release`. */
  lock: z.object({ reason: z.string().min(1).max(200) }),
  release: z.object({ reason: z.string().min(1).max(200) }),
  reboot: z.object({ reason: z.string().max(200).default('') }),
  /** The buyer lost the phone: this offline pass opens nothing any more. */
  'revoke-pass': z.object({ passId: Id, buyerId: Id, counter: z.int().min(0), passExpiresAtMs: EpochMs }),
  'self-test': z.object({}),
  /** Ends an over-temperature lock after a named person has inspected the goods; refused unless it stands and it is cool again. */
  'reset-temperature': z.object({ inspectedBy: z.string().min(1).max(80), note: z.string().min(1).max(300) }),
  'set-config': z.object({ config: CabinetConfigChange }),
} as const
export type CommandKind = keyof typeof commandBodies
export type CommandBody<K extends CommandKind> = z.infer<(typeof commandBodies)[K]>

/** On `commands`. `signature` is Ed25519 over `commandSigningText`, base64; a broker alone cannot make one. */
export const Command = z
  .object({
    commandId: Id,
    kind: z.string().min(1).max(40),
    body: z.record(z.string(), z.unknown()),
    issuedAtMs: EpochMs,
    expiresAtMs: EpochMs,
    signature: z.string().max(128),
  })
  .meta({ id: 'Command' })
export type Command = z.infer<typeof Command>

/** The text a command's signature covers: cabinet, id, kind, body and both times, as canonical JSON. */
export function commandSigningText(cabinetId: Id, command: Omit<Command, 'signature'>): string {
  const { commandId, kind, body, issuedAtMs, expiresAtMs } = command
  return canonicalJson({ purpose: 'huinong-command-v1', cabinetId, commandId, kind, body, issuedAtMs, expiresAtMs })
}

export const CommandOutcome = z
  .enum(['done', 'refused', 'failed', 'expired', 'unsupported'])
  .meta({ id: 'CommandOutcome' })
export type CommandOutcome = z.infer<typeof CommandOutcome>

/** Why a command was refused or failed; stable codes. */
export const commandReasons = [
  'bad_signature',
  'invalid_body',
  'expired',
  'busy',
  'out_of_service',
  'disk_full',
  'opening_unstable',
  'scale_fault',
  'scale_unverified',
  'lock_fault',
  'stale_planogram',
  'stale_prices',
  'lane_unknown',
  'lanes_locked',
  'over_temperature',
  'not_locked',
  'too_warm',
  'not_opened',
  'outcome_unknown',
  'interrupted',
  'self_test_failed',
  'invalid_config',
] as const

/** On `replies`: every command is answered, and a repeated command gets the same answer again. */
export const Reply = z
  .object({
    commandId: Id,
    outcome: CommandOutcome,
    reason: z.enum(commandReasons).optional(),
    detail: z.string().max(1_000).optional(),
    /** Results of a self-test: one line per device. */
    report: z
      .array(z.object({ device: z.string().max(80), isGood: z.boolean(), detail: z.string().max(300) }))
      .max(200)
      .optional(),
    atMs: EpochMs,
  })
  .meta({ id: 'Reply' })
export type Reply = z.infer<typeof Reply>
