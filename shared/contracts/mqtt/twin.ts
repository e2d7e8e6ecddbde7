import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { NonNegativeFen } from '../../units/fen.ts'
import { MassMg } from '../../units/mass.ts'
import { PublicKey } from '../public-key.ts'
import { canonicalJson } from './canonical-json.ts'
import { CommandKeyList, maxKeyLists } from './command-keys.ts'
import { Versions } from './event.ts'
import { LaneId, PricingMode } from './lane.ts'

/** One lane of a planogram: what lies there and what a piece weighs by the label. */
export const PlanogramLane = z
  .object({
    laneId: LaneId,
    skuId: Id,
    skuName: z.string().min(1).max(80),
    lotId: Id.optional(),
    mode: PricingMode,
    capacity: z.int().min(1).max(1_000),
    /** From the label: a first guess only; the lane learns its own at restock. */
    labelUnitMassMg: MassMg.min(1),
    labelUnitMassSdMg: z.int().min(0),
    /** False takes the lane off sale (takeOffSale). */
    isOnSale: z.boolean().default(true),
  })
  .meta({ id: 'PlanogramLane' })
export type PlanogramLane = z.infer<typeof PlanogramLane>

export const Planogram = z
  .object({ version: z.int().min(0), lanes: z.array(PlanogramLane).max(99) })
  .meta({ id: 'Planogram' })
export type Planogram = z.infer<typeof Planogram>

/** Fen per piece or per kg, by SKU. Effective between sessions only. */
export const PriceList = z
  .object({ version: z.int().min(0), prices: z.record(Id, NonNegativeFen) })
  .meta({ id: 'PriceList' })
export type PriceList = z.infer<typeof PriceList>

/** The certificate (检定证书) without which nothing may be sold by weight. */
export const ScaleVerification = z
  .object({ certificateNumber: z.string().trim().min(1).max(60), expiresAtMs: EpochMs })
  .meta({ id: 'ScaleVerification' })

/** Selling without a network, on passes of one host site, within a risk the operator chose. */
export const OfflineSelling = z
  .object({
    /** Whose passes open this cabinet: its host site. */
    groupId: Id,
    /** Sessions on passes that the server may not have heard of. */
    maxOpenSessions: z.int().min(1).max(100),
    /** Sum of their caps, fen. */
    maxOpenFen: NonNegativeFen.max(1_000_000),
  })
  .meta({ id: 'OfflineSelling' })
export type OfflineSelling = z.infer<typeof OfflineSelling>

/** Each setting with its bounds; durations in ms. */
const configFields = {
  noOpenTimeoutMs: z.int().min(2_000).max(120_000),
  doorOpenPromptMs: z.int().min(5_000).max(600_000),
  doorOpenAlarmMs: z.int().min(10_000).max(3_600_000),
  settleTimeoutMs: z.int().min(2_000).max(60_000),
  telemetryIntervalMs: z.int().min(1_000).max(3_600_000),
  heartbeatIntervalMs: z.int().min(5_000).max(600_000),
  liveIntervalMs: z.int().min(100).max(10_000),
  /** Posterior needed to settle without a person. */
  settleConfidence: z.number().min(0.9).max(0.999999),
  /** Null: no lane is sold by weight. */
  scaleVerification: ScaleVerification.nullable(),
  /** Warmer than this for 30 minutes locks the cabinet; null: nothing in it must be kept cool. */
  maxTemperatureDeciC: z.int().min(-300).max(600).nullable(),
  /** Address of the broker; null: the one the cabinet was installed with. */
  mqttUrl: z
    .url({ protocol: /^mqtts?$/ })
    .max(200)
    .nullable(),
  /** Null: no pass opens this cabinet. */
  offlineSelling: OfflineSelling.nullable(),
}
/** What an operator may tune from afar; every field has a safe default. */
export const CabinetConfig = z
  .object({
    noOpenTimeoutMs: configFields.noOpenTimeoutMs.default(10_000),
    doorOpenPromptMs: configFields.doorOpenPromptMs.default(60_000),
    doorOpenAlarmMs: configFields.doorOpenAlarmMs.default(180_000),
    settleTimeoutMs: configFields.settleTimeoutMs.default(8_000),
    telemetryIntervalMs: configFields.telemetryIntervalMs.default(60_000),
    heartbeatIntervalMs: configFields.heartbeatIntervalMs.default(30_000),
    liveIntervalMs: configFields.liveIntervalMs.default(300),
    settleConfidence: configFields.settleConfidence.default(0.995),
    scaleVerification: configFields.scaleVerification.default(null),
    maxTemperatureDeciC: configFields.maxTemperatureDeciC.default(100),
    mqttUrl: configFields.mqttUrl.default(null),
    offlineSelling: configFields.offlineSelling.default(null),
  })
  .meta({ id: 'CabinetConfig' })
export type CabinetConfig = z.infer<typeof CabinetConfig>

/** A change of some settings. Not `CabinetConfig.partial()`: that would fill in the defaults and reset all others. */
export const CabinetConfigChange = z.object(configFields).partial().meta({ id: 'CabinetConfigChange' })
export type CabinetConfigChange = z.infer<typeof CabinetConfigChange>

/** Version of an agent: three numbers, compared number by number. */
export const AgentVersion = z
  .string()
  .regex(/^\d{1,4}\.\d{1,4}\.\d{1,4}$/, 'a version looks like 0.2.0')
  .meta({ id: 'AgentVersion' })
/** SHA-256, lower-case hex. */
export const Sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .meta({ id: 'Sha256' })

/** Largest bundle of an agent, bytes. */
export const maxBundleBytes = 16_777_216

/** A bundle of the agent's code that cabinets may run; they fetch its bytes by version over HTTP and check them against it. */
export const AgentRelease = z
  .object({
    version: AgentVersion,
    sha256: Sha256,
    sizeBytes: z.int().min(1).max(maxBundleBytes),
    /** Leave to go back: only a cabinet that runs this newer version takes the older one. */
    goesBackFrom: AgentVersion.optional(),
    /** Ed25519 over `agentReleaseSigningText` with the server's command key, base64. */
    signature: z.string().max(128),
  })
  .meta({ id: 'AgentRelease' })
export type AgentRelease = z.infer<typeof AgentRelease>

/** The text a release's signature covers, as canonical JSON. */
export function agentReleaseSigningText(release: Omit<AgentRelease, 'signature'>): string {
  const { version, sha256, sizeBytes, goesBackFrom } = release
  const purpose = 'huinong-agent-release-v1'
  return canonicalJson({ purpose, version, sha256, sizeBytes, ...(goesBackFrom === undefined ? {} : { goesBackFrom }) })
}

/** Why a lane may not be sold from. */
export const LaneLockReason = z
  .enum(['expired', 'recalled', 'label_incomplete', 'not_allowed', 'scale_drift', 'inspection'])
  .meta({ id: 'LaneLockReason' })
export type LaneLockReason = z.infer<typeof LaneLockReason>

/** A lane that may not be sold from since (or from) an instant on; what is taken from it all the same is not charged. */
export const LockedLane = z
  .object({ laneId: LaneId, reason: LaneLockReason, fromMs: EpochMs })
  .meta({ id: 'LockedLane' })
export type LockedLane = z.infer<typeof LockedLane>

/**
 * The twin as it should be. Retained on `desired`; `version` grows by one with each change of any part. `lockedLanes` protect
 * people: they hold at once, during a session too, and even when other parts of the twin are refused.
 */
export const DesiredTwin = z
  .object({
    version: z.int().min(0),
    planogram: Planogram,
    prices: PriceList,
    config: CabinetConfig,
    /** Null: the agent that was installed with the cabinet. */
    agent: AgentRelease.nullable().default(null),
    lockedLanes: z.array(LockedLane).max(500).default([]),
    /** Oldest first, each signed by an heir of the one before; goes by itself, whatever becomes of the rest. */
    commandKeys: z.array(CommandKeyList).max(maxKeyLists).optional(),
  })
  .meta({ id: 'DesiredTwin' })
export type DesiredTwin = z.infer<typeof DesiredTwin>

/** Why a cabinet did not take over what it should be; stable codes. */
export const twinRefusals = [
  'malformed',
  'stale_version',
  'lane_repeated',
  'lane_without_scale',
  'lane_without_price',
  'config_impossible',
  'link_lost',
] as const
/** Why a cabinet does not run a release; stable codes. */
export const releaseRefusals = [
  'bad_signature',
  'older_version',
  'download_failed',
  'wrong_size',
  'wrong_hash',
  'disk_full',
  'not_healthy',
  'not_supported',
] as const

/** The twin as it is. Retained on `reported`. */
export const ReportedTwin = z
  .object({
    desiredVersion: z.int().min(0),
    planogramVersion: z.int().min(0),
    pricesVersion: z.int().min(0),
    config: CabinetConfig,
    isInService: z.boolean(),
    doorState: z.enum(['open', 'closed', 'unknown']),
    sessionState: z.string().max(40),
    lanes: z
      .array(
        z.object({
          laneId: LaneId,
          skuId: Id.optional(),
          lotId: Id.optional(),
          count: z.int().min(0),
          grossMg: MassMg,
          unitMassMg: MassMg,
          unitMassSdMg: z.int().min(0),
          hasForeignObject: z.boolean(),
          isFaulty: z.boolean(),
        }),
      )
      .max(99),
    alarms: z.array(z.string().max(40)).max(50),
    /** Lanes the cabinet knows to be locked; older agents do not tell them. */
    lockedLaneIds: z.array(LaneId).max(99).optional(),
    /** Standard error of a steady level on these scales; older agents do not tell it. */
    plateauSdMg: z.int().min(0).optional(),
    rejected: z
      .object({
        desiredVersion: z.int().min(0),
        code: z.enum(twinRefusals).optional(),
        reason: z.string().max(300),
      })
      .optional(),
    /** Keys of the server that the cabinet obeys; older agents do not tell them. */
    obeyedKeys: z.array(PublicKey).max(4).optional(),
    /** The agent that runs; older ones do not tell it. */
    agent: z
      .object({
        version: AgentVersion,
        /** True: the one installed with the cabinet, no release. */
        isInstalled: z.boolean(),
        refused: z
          .object({ version: AgentVersion, sha256: Sha256, code: z.enum(releaseRefusals), reason: z.string().max(300) })
          .optional(),
      })
      .optional(),
    atMs: EpochMs,
  })
  .meta({ id: 'ReportedTwin' })
export type ReportedTwin = z.infer<typeof ReportedTwin>

/** Retained on `presence`; the last will carries isOnline false. */
export const Presence = z
  .object({ isOnline: z.boolean(), bootId: Id, versions: Versions.optional(), atMs: EpochMs })
  .meta({ id: 'Presence' })
export type Presence = z.infer<typeof Presence>
