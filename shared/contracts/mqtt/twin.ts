import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { NonNegativeFen } from '../../units/fen.ts'
import { MassMg } from '../../units/mass.ts'
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
  })
  .meta({ id: 'CabinetConfig' })
export type CabinetConfig = z.infer<typeof CabinetConfig>

/** A change of some settings. Not `CabinetConfig.partial()`: that would fill in the defaults and reset all others. */
export const CabinetConfigChange = z.object(configFields).partial().meta({ id: 'CabinetConfigChange' })
export type CabinetConfigChange = z.infer<typeof CabinetConfigChange>

/** The twin as it should be. Retained on `desired`; `version` grows by one with each change of any part. */
export const DesiredTwin = z
  .object({ version: z.int().min(0), planogram: Planogram, prices: PriceList, config: CabinetConfig })
  .meta({ id: 'DesiredTwin' })
export type DesiredTwin = z.infer<typeof DesiredTwin>

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
    /** Standard error of a steady level on these scales; older agents do not tell it. */
    plateauSdMg: z.int().min(0).optional(),
    rejected: z.object({ desiredVersion: z.int().min(0), reason: z.string().max(300) }).optional(),
    atMs: EpochMs,
  })
  .meta({ id: 'ReportedTwin' })
export type ReportedTwin = z.infer<typeof ReportedTwin>

/** Retained on `presence`; the last will carries isOnline false. */
export const Presence = z
  .object({ isOnline: z.boolean(), bootId: Id, versions: Versions.optional(), atMs: EpochMs })
  .meta({ id: 'Presence' })
export type Presence = z.infer<typeof Presence>
