import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { NonNegativeFen } from '../../units/fen.ts'
import { MassMg } from '../../units/mass.ts'
import { commandReasons, CommandOutcome } from '../mqtt/command.ts'
import { CommandKeyList } from '../mqtt/command-keys.ts'
import { Telemetry } from '../mqtt/live.ts'
import { CabinetConfigChange, DesiredTwin, PlanogramLane, ReportedTwin } from '../mqtt/twin.ts'
import { PublicKey } from '../public-key.ts'
import { defineRoute } from './route.ts'
import { CabinetCode } from './shelf.ts'
import { NamedPageQuery, pageOf, PageQuery } from './paging.ts'

export const HostSiteKind = z.enum(['government', 'hospital', 'school']).meta({ id: 'HostSiteKind' })
export const RolloutState = z.enum(['planned', 'installed', 'live', 'withdrawn']).meta({ id: 'RolloutState' })

/** Statistical code of a town (镇街): nine digits. */
export const TownCode = z
  .string()
  .regex(/^\d{9}$/, 'a town has nine digits')
  .meta({ id: 'TownCode' })

/** A place on the ground, WGS 84, millionths of a degree; within China, so that swapped figures do not pass. */
export const Place = z
  .object({
    lonMicrodeg: z.int().min(73_000_000).max(136_000_000),
    latMicrodeg: z.int().min(3_000_000).max(54_000_000),
  })
  .meta({ id: 'Place' })
export type Place = z.infer<typeof Place>

export const HostSite = z
  .object({
    hostSiteId: Id,
    name: z.string().min(1).max(80),
    kind: HostSiteKind,
    address: z.string().min(1).max(200),
    joinCode: z.string().optional(),
    townCode: TownCode.optional(),
    place: Place.optional(),
  })
  .meta({ id: 'HostSite' })
export const CabinetSummary = z
  .object({
    cabinetId: Id,
    code: CabinetCode,
    hostSiteId: Id,
    hostSiteName: z.string(),
    hostSiteKind: HostSiteKind,
    rolloutState: RolloutState,
    isOnline: z.boolean(),
    isInService: z.boolean(),
    isDemo: z.boolean(),
    lastSeenAtMs: EpochMs.optional(),
    temperatureDeciC: z.int().optional(),
    alarms: z.array(z.string()),
  })
  .meta({ id: 'CabinetSummary' })
export type CabinetSummary = z.infer<typeof CabinetSummary>

const cabinetParams = z.object({ cabinetId: Id })

export const listCabinets = defineRoute({
  method: 'GET',
  path: '/api/cabinets',
  tag: 'cabinets',
  summary: 'Cabinets by code; filter by site kind, state, online, demo or text',
  access: 'signed-in',
  query: NamedPageQuery.extend({
    search: z.string().max(60).optional(),
    rolloutState: RolloutState.optional(),
    hostSiteKind: HostSiteKind.optional(),
    isOnline: z.stringbool().optional(),
    isDemo: z.stringbool().optional(),
  }),
  reply: pageOf(CabinetSummary),
  status: 200,
})
export const getCabinet = defineRoute({
  method: 'GET',
  path: '/api/cabinets/:cabinetId',
  tag: 'cabinets',
  summary: 'One cabinet with its twin as desired and as reported, last telemetry and journal position',
  access: ['operator', 'restocker', 'auditor', 'admin'],
  params: cabinetParams,
  reply: z.object({
    cabinet: CabinetSummary,
    desired: DesiredTwin.optional(),
    reported: ReportedTwin.optional(),
    telemetry: Telemetry.optional(),
    committedSeq: z.int().min(0),
    isEnrolled: z.boolean(),
  }),
  status: 200,
})
export const getFleetSummary = defineRoute({
  method: 'GET',
  path: '/api/fleet/summary',
  tag: 'cabinets',
  summary: 'Counts by roll-out state and site kind against the target of 1,000; online; in review; rejected messages',
  access: ['operator', 'finance', 'auditor', 'admin'],
  reply: z.object({
    target: z.int(),
    byRolloutState: z.record(RolloutState, z.int()),
    byHostSiteKind: z.record(HostSiteKind, z.int()),
    online: z.int(),
    openSessions: z.int(),
    inReview: z.int(),
    rejectedMessages: z.int(),
  }),
  status: 200,
})
export const createCabinet = defineRoute({
  method: 'POST',
  path: '/api/cabinets',
  tag: 'cabinets',
  summary: 'Register a cabinet at a host site',
  access: ['operator', 'admin'],
  body: z.object({ code: CabinetCode, hostSiteId: Id, rolloutState: RolloutState.default('planned') }),
  reply: z.object({ cabinetId: Id }),
  status: 201,
})
export const setRolloutState = defineRoute({
  method: 'PATCH',
  path: '/api/cabinets/:cabinetId',
  tag: 'cabinets',
  summary:
    'Move a cabinet one step (planned → installed → live → withdrawn); a withdrawn one is cut off and enrols anew, only a live one sells',
  access: ['operator', 'admin'],
  params: cabinetParams,
  body: z.object({ rolloutState: RolloutState }),
  reply: z.void(),
  status: 204,
})
export const createHostSite = defineRoute({
  method: 'POST',
  path: '/api/host-sites',
  tag: 'cabinets',
  summary: 'Register a host site (点位); makes its join code',
  access: ['operator', 'admin'],
  body: z.object({
    name: z.string().trim().min(1).max(80),
    kind: HostSiteKind,
    address: z.string().trim().min(1).max(200),
    townCode: TownCode.optional(),
    place: Place.optional(),
  }),
  reply: HostSite,
  status: 201,
})
export const putHostSitePlace = defineRoute({
  method: 'PUT',
  path: '/api/host-sites/:hostSiteId/place',
  tag: 'cabinets',
  summary: 'Say where a host site is: restock routes go by it',
  access: ['operator', 'admin'],
  params: z.object({ hostSiteId: Id }),
  body: Place,
  reply: HostSite,
  status: 200,
})
export const importHostSitePlaces = defineRoute({
  method: 'POST',
  path: '/api/host-sites/places/imports',
  tag: 'cabinets',
  summary:
    'Import where host sites are (cabinet code, longitude, latitude in degrees) from CSV or XLSX: all rows or none',
  access: ['operator', 'admin'],
  upload: { maxBytes: 4 * 1024 * 1024 },
  reply: z.object({ rows: z.int(), changed: z.int() }),
  status: 200,
})
export const listHostSites = defineRoute({
  method: 'GET',
  path: '/api/host-sites',
  tag: 'cabinets',
  summary: 'Host sites by name',
  access: ['operator', 'finance', 'auditor', 'admin'],
  query: PageQuery,
  reply: pageOf(HostSite),
  status: 200,
})
export const createEnrolmentCode = defineRoute({
  method: 'POST',
  path: '/api/cabinets/:cabinetId/enrolment-codes',
  tag: 'cabinets',
  summary: 'Make a one-time enrolment code for a cabinet; shown once, valid for a day, replaces an earlier one',
  access: ['operator', 'admin'],
  params: cabinetParams,
  reply: z.object({ enrolmentCode: z.string(), expiresAtMs: EpochMs }),
  status: 201,
})

export const enrolCabinet = defineRoute({
  method: 'POST',
  path: '/api/enrolments',
  tag: 'cabinets',
  summary: 'A cabinet trades its one-time code for its place: it sends its own public key and learns the server’s',
  access: 'public',
  body: z.object({ enrolmentCode: z.string().trim().min(8).max(60), publicKey: PublicKey }),
  reply: z.object({
    cabinetId: Id,
    code: CabinetCode,
    mqttUrl: z.string(),
    /** Keys whose signature on a command counts. */
    serverPublicKeys: z.array(PublicKey).min(1).max(4),
    /** Absent: the key that signs commands was never changed. */
    commandKeys: CommandKeyList.optional(),
  }),
  status: 201,
})
export const rotateCabinetKey = defineRoute({
  method: 'POST',
  path: '/api/cabinets/:cabinetId/keys',
  tag: 'cabinets',
  summary:
    'A cabinet puts a new key of its own in place of the present one; both keys sign for it. The same again changes nothing',
  access: 'public',
  params: cabinetParams,
  body: z.object({
    publicKey: PublicKey,
    /** By the cabinet's clock; at most five minutes from the server's. */
    atMs: EpochMs,
    /** Over keyRotationText, by the present key and by the new one; base64. */
    signature: z.base64().max(100),
    newSignature: z.base64().max(100),
  }),
  reply: z.void(),
  status: 204,
})
/** What both keys sign when one takes the other's place. */
export function keyRotationText(cabinetId: Id, atMs: number, publicKey: string): string {
  return `huinong-key-rotation-v1|${cabinetId}|${atMs}|${publicKey}`
}
/** A cabinet's MQTT password: `{atMs}.{base64 Ed25519 signature}` over this text, made with its own key. */
export function mqttLoginText(cabinetId: Id, atMs: number): string {
  return `huinong-mqtt-login-v1|${cabinetId}|${atMs}`
}

export const CommandRecord = z
  .object({
    commandId: Id,
    kind: z.string(),
    issuedAtMs: EpochMs,
    expiresAtMs: EpochMs,
    issuedBy: z.string(),
    outcome: CommandOutcome.optional(),
    reason: z.enum(commandReasons).optional(),
    detail: z.string().optional(),
    report: z.array(z.object({ device: z.string(), isGood: z.boolean(), detail: z.string() })).optional(),
    repliedAtMs: EpochMs.optional(),
  })
  .meta({ id: 'CommandRecord' })
export const sendCommand = defineRoute({
  method: 'POST',
  path: '/api/cabinets/:cabinetId/commands',
  tag: 'cabinets',
  summary: 'Send a signed command (lock, release, reboot, self-test, set-config); follow its outcome in the list',
  access: ['operator', 'admin'],
  params: cabinetParams,
  body: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('lock'), reason: z.string().trim().min(1).max(200) }),
    z.object({ kind: z.literal('release'), reason: z.string().trim().min(1).max(200) }),
    z.object({ kind: z.literal('reboot'), reason: z.string().trim().max(200).default('') }),
    z.object({ kind: z.literal('self-test') }),
    z.object({ kind: z.literal('set-config'), config: CabinetConfigChange }),
  ]),
  reply: z.object({ commandId: Id, expiresAtMs: EpochMs }),
  status: 202,
})
export const resetTemperature = defineRoute({
  method: 'POST',
  path: '/api/cabinets/:cabinetId/temperature-resets',
  tag: 'cabinets',
  summary: 'End an over-temperature lock after an inspection; only while it stands. Follow the outcome in the commands',
  access: ['operator', 'restocker', 'admin'],
  params: cabinetParams,
  body: z.object({ note: z.string().trim().min(2).max(300) }),
  reply: z.object({ commandId: Id, expiresAtMs: EpochMs }),
  status: 202,
})
export const listCommands = defineRoute({
  method: 'GET',
  path: '/api/cabinets/:cabinetId/commands',
  tag: 'cabinets',
  summary: 'Commands sent to a cabinet, newest first, with their outcomes',
  access: ['operator', 'auditor', 'admin'],
  params: cabinetParams,
  query: PageQuery,
  reply: pageOf(CommandRecord),
  status: 200,
})
export const putPlanogram = defineRoute({
  method: 'PUT',
  path: '/api/cabinets/:cabinetId/planogram',
  tag: 'cabinets',
  summary: 'Save what lies in which lane; reports SKUs too close in weight to be told apart',
  access: ['operator', 'admin'],
  params: cabinetParams,
  body: z.object({
    expectedVersion: z.int().min(0),
    lanes: z
      .array(PlanogramLane.omit({ skuName: true, labelUnitMassMg: true, labelUnitMassSdMg: true, mode: true }))
      .min(1)
      .max(99),
  }),
  reply: z.object({
    version: z.int(),
    warnings: z.array(z.object({ skuIdA: Id, skuIdB: Id, gapMg: MassMg, neededMg: MassMg, message: z.string() })),
  }),
  status: 200,
})
export const putPrices = defineRoute({
  method: 'PUT',
  path: '/api/cabinets/:cabinetId/prices',
  tag: 'cabinets',
  summary: 'Set prices of a cabinet by SKU; effective between sessions only',
  access: ['operator', 'admin'],
  params: cabinetParams,
  body: z.object({ expectedVersion: z.int().min(0), prices: z.record(Id, NonNegativeFen) }),
  reply: z.object({ version: z.int() }),
  status: 200,
})
