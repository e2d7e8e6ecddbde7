// Host sites, the registry of cabinets with their keys and twins, what was last heard of each, and every command sent.
import { sql } from 'drizzle-orm'
import { HostSiteKind, RolloutState } from '#shared/contracts/http/cabinets.ts'
import { CommandOutcome, type Reply } from '#shared/contracts/mqtt/command.ts'
import type { Telemetry } from '#shared/contracts/mqtt/live.ts'
import type {
  AgentRelease,
  CabinetConfig,
  LockedLane,
  Planogram,
  PriceList,
  ReportedTwin,
} from '#shared/contracts/mqtt/twin.ts'
import type { Versions } from '#shared/contracts/mqtt/event.ts'
import type { Kit, Storage } from '../db/kit.ts'

/** An enum's words as the list with a first word that `choice` wants. */
const words = <T extends string>(options: readonly T[]) => options as readonly [T, ...T[]]

function registryTables({ table, column: c, index, check }: Kit) {
  const hostSites = table(
    'host_site',
    {
      hostSiteId: c.text().primaryKey(),
      name: c.text().notNull(),
      kind: c.choice(words(HostSiteKind.options)).notNull(),
      address: c.text().notNull(),
      joinCode: c.text().notNull().unique(),
      /** Statistical code of the town, nine digits; empty: not said. */
      townCode: c.text(),
      /** Where it is, WGS 84; both empty: not said. */
      lonMicrodeg: c.int(),
      latMicrodeg: c.int(),
      createdAtMs: c.int().notNull(),
    },
    (t) => [
      index('host_site_by_name').on(t.name, t.hostSiteId),
      check('host_site_place_whole', sql`(${t.lonMicrodeg} is null) = (${t.latMicrodeg} is null)`),
    ],
  )
  const cabinets = table(
    'cabinet',
    {
      cabinetId: c.text().primaryKey(),
      code: c.text().notNull().unique(),
      hostSiteId: c
        .text()
        .notNull()
        .references(() => hostSites.hostSiteId),
      rolloutState: c.choice(words(RolloutState.options)).notNull(),
      isDemo: c.bool().notNull(),
      /** Ed25519 SubjectPublicKeyInfo, DER, base64; empty until enrolled. */
      publicKey: c.text(),
      enrolledAtMs: c.int(),
      createdAtMs: c.int().notNull(),
    },
    (t) => [index('cabinet_by_site').on(t.hostSiteId)],
  )
  /** How many cabinets the programme aims at, by kind of site; the newest that is in force counts (domain.md, A1). */
  const fleetTargets = table(
    'fleet_target',
    {
      effectiveFromMs: c.int().primaryKey(),
      government: c.int().notNull(),
      hospital: c.int().notNull(),
      school: c.int().notNull(),
      documentNumber: c.text().notNull(),
      enteredBy: c.text().notNull(),
      enteredAtMs: c.int().notNull(),
    },
    (t) => [check('fleet_target_positive', sql`${t.government} >= 0 and ${t.hospital} >= 0 and ${t.school} >= 0`)],
  )
  return { hostSites, cabinets, fleetTargets }
}

type Registry = ReturnType<typeof registryTables>

function contactTables({ table, column: c }: Kit, { cabinets }: Registry) {
  /** What was last heard of a cabinet; overwritten, so it stands apart from the registry. */
  const cabinetStatuses = table('cabinet_status', {
    cabinetId: c
      .text()
      .primaryKey()
      .references(() => cabinets.cabinetId),
    isOnline: c.bool().notNull(),
    isInService: c.bool().notNull(),
    bootId: c.text(),
    versions: c.json<Versions>(),
    lastSeenAtMs: c.int(),
    /** Alarms the journal raised and has not cleared, oldest first. */
    alarms: c.json<string[]>().notNull(),
    doorState: c.choice(['open', 'closed', 'unknown']).notNull(),
    /** Devices the journal says are offline, with their error codes. */
    offlineDevices: c.json<Record<string, string>>().notNull(),
    reported: c.json<ReportedTwin>(),
    telemetry: c.json<Telemetry>(),
    /** Grows with each word of the cabinet that was written: tells what is new without a clock. */
    revision: c.int().notNull().default(0),
  })
  const enrolmentCodes = table('enrolment_code', {
    cabinetId: c
      .text()
      .primaryKey()
      .references(() => cabinets.cabinetId),
    /** SHA-256 of the code, hex. */
    codeHash: c.text().notNull().unique(),
    expiresAtMs: c.int().notNull(),
    createdBy: c.text().notNull(),
  })
  return { cabinetStatuses, enrolmentCodes }
}

function twinTables({ table, column: c, primaryKey, check }: Kit, { cabinets }: Registry) {
  /** The twin as it should be. `version` grows with each change of any part. */
  const cabinetTwins = table(
    'cabinet_twin',
    {
      cabinetId: c
        .text()
        .primaryKey()
        .references(() => cabinets.cabinetId),
      version: c.int().notNull(),
      planogram: c.json<Planogram>().notNull(),
      prices: c.json<PriceList>().notNull(),
      config: c.json<CabinetConfig>().notNull(),
      /** Empty: the agent installed with the cabinet. */
      agent: c.json<AgentRelease>(),
      changedAtMs: c.int().notNull(),
    },
    (t) => [check('cabinet_twin_version_known', sql`${t.version} >= 0`)],
  )
  /** Each change of a twin, so that a bill's versions can be looked up later. */
  const twinChanges = table(
    'twin_change',
    {
      cabinetId: c.text().notNull(),
      version: c.int().notNull(),
      part: c.choice(['planogram', 'prices', 'config', 'agent', 'locks']).notNull(),
      partVersion: c.int().notNull(),
      value: c.json<Planogram | PriceList | CabinetConfig | AgentRelease | LockedLane[] | null>().notNull(),
      changedBy: c.text().notNull(),
      atMs: c.int().notNull(),
    },
    (t) => [primaryKey({ columns: [t.cabinetId, t.version] })],
  )
  return { cabinetTwins, twinChanges }
}

function commandTables({ table, column: c, index }: Kit, { cabinets }: Registry) {
  const cabinetCommands = table(
    'cabinet_command',
    {
      commandId: c.text().primaryKey(),
      cabinetId: c
        .text()
        .notNull()
        .references(() => cabinets.cabinetId),
      kind: c.text().notNull(),
      body: c.json<Record<string, unknown>>().notNull(),
      issuedAtMs: c.int().notNull(),
      expiresAtMs: c.int().notNull(),
      signature: c.text().notNull(),
      /** Name of the account, or of the part of the server, that sent it. */
      issuedBy: c.text().notNull(),
      outcome: c.choice(words(CommandOutcome.options)),
      /** True when the server gave up waiting; the cabinet's own reply still replaces that. */
      isEndedByServer: c.bool().notNull(),
      reason: c.text(),
      detail: c.text(),
      report: c.json<NonNullable<Reply['report']>>(),
      repliedAtMs: c.int(),
    },
    (t) => [
      index('cabinet_command_by_cabinet').on(t.cabinetId, t.commandId),
      index('cabinet_command_open')
        .on(t.expiresAtMs)
        .where(sql`${t.outcome} is null`),
      index('cabinet_command_self_test')
        .on(t.commandId)
        .where(sql`${t.kind} = 'self-test'`),
    ],
  )
  return { cabinetCommands }
}

export function cabinetTables(kit: Kit) {
  const registry = registryTables(kit)
  return {
    ...registry,
    ...contactTables(kit, registry),
    ...twinTables(kit, registry),
    ...commandTables(kit, registry),
  }
}

export const cabinetStorage: Storage = { appendOnly: ['twin_change', 'fleet_target'], clustered: ['twin_change'] }
