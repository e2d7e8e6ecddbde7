// Organisations are legal entities: what stands behind a supplier (domain.md, programme rules: a certified supplier is a
// legal entity, never a household), with the register of member households, the share register (A12, A13) and the charter
// by which they distribute. Registers keep their history: leaving and selling are dates, never deletes. Only what an import entered
// that was wrong as a whole leaves them again, and stays on record with the import.
import { sql } from 'drizzle-orm'
import type { Kit, Storage } from '../db/kit.ts'

/** The legal type decides how an organisation may distribute (domain.md, distribution). */
export const legalTypes = [
  'enterprise',
  'cooperative',
  'share_cooperative',
  'village_collective',
  'family_farm',
] as const
export type LegalType = (typeof legalTypes)[number]

/**
 * What shares stand for. LAND, CAPITAL, BASIC and COLLECTIVE are classes a charter pays dividends on; COLLECTIVE belongs to
 * the organisation itself. RESERVE and SUBSIDY are a co-op member's part of the reserve and of state subsidies.
 */
export const shareKinds = ['LAND', 'CAPITAL', 'BASIC', 'COLLECTIVE', 'RESERVE', 'SUBSIDY'] as const
export type ShareKind = (typeof shareKinds)[number]

export const shareUnits = ['mu', 'yuan', 'person', 'share'] as const
export type ShareUnit = (typeof shareUnits)[number]

/** What is imported from files. */
export const registers = ['members', 'holdings'] as const

/** How a second distribution is split (domain.md, A16). */
export const splitRules = ['equal', 'per_head', 'by_weight'] as const
export type SplitRule = (typeof splitRules)[number]

function registerTables({ table, column: c, primaryKey, index, uniqueIndex, check }: Kit) {
  const organisations = table('organisation', {
    organisationId: c.text().primaryKey(),
    name: c.text().notNull().unique(),
    legalType: c.choice(legalTypes).notNull(),
    townCode: c.text().notNull(),
    createdAtMs: c.int().notNull(),
  })
  const organisationMembers = table(
    'organisation_member',
    {
      organisationId: c
        .text()
        .notNull()
        .references(() => organisations.organisationId),
      householdCode: c.text().notNull(),
      fromMs: c.int().notNull(),
      /** Empty while the household is a member; leaving is a date, never a delete. */
      toMs: c.int(),
    },
    (t) => [
      primaryKey({ columns: [t.organisationId, t.householdCode, t.fromMs] }),
      index('organisation_member_by_household').on(t.householdCode),
      uniqueIndex('organisation_member_once')
        .on(t.organisationId, t.householdCode)
        .where(sql`${t.toMs} is null`),
      check('organisation_member_from_before_to', sql`${t.toMs} is null or ${t.toMs} > ${t.fromMs}`),
    ],
  )
  const shareHoldings = table(
    'share_holding',
    {
      holdingId: c.text().primaryKey(),
      organisationId: c
        .text()
        .notNull()
        .references(() => organisations.organisationId),
      /** Empty: the organisation itself, of COLLECTIVE shares. */
      householdCode: c.text(),
      kind: c.choice(shareKinds).notNull(),
      /** What was brought in, in thousandths of the unit: 3.2 mu = 3200, 1 yuan = 1000. */
      quantityMilli: c.int().notNull(),
      unit: c.choice(shareUnits).notNull(),
      /** What it was quantified into, in thousandths of a share. */
      sharesMilli: c.int().notNull(),
      fromMs: c.int().notNull(),
      /** Empty while it is held. */
      toMs: c.int(),
    },
    (t) => [
      index('share_holding_by_organisation').on(t.organisationId, t.householdCode, t.holdingId),
      uniqueIndex('share_holding_once')
        .on(t.organisationId, t.householdCode, t.kind)
        .where(sql`${t.toMs} is null and ${t.householdCode} is not null`),
      uniqueIndex('share_holding_collective_once')
        .on(t.organisationId, t.kind)
        .where(sql`${t.toMs} is null and ${t.householdCode} is null`),
      check('share_holding_positive', sql`${t.quantityMilli} > 0 and ${t.sharesMilli} > 0`),
      check('share_holding_collective', sql`(${t.kind} = 'COLLECTIVE') = (${t.householdCode} is null)`),
      check('share_holding_from_before_to', sql`${t.toMs} is null or ${t.toMs} > ${t.fromMs}`),
    ],
  )
  return { organisations, organisationMembers, shareHoldings }
}

type Registers = ReturnType<typeof registerTables>

function importTables({ table, column: c, primaryKey, index, check }: Kit, { organisations }: Registers) {
  const registerImports = table(
    'register_import',
    {
      importId: c.text().primaryKey(),
      organisationId: c
        .text()
        .notNull()
        .references(() => organisations.organisationId),
      register: c.choice(registers).notNull(),
      /** When what the file says began. */
      fromMs: c.int().notNull(),
      /** Hex, of the file as it came. */
      sha256: c.text().notNull(),
      beganCount: c.int().notNull(),
      endedCount: c.int().notNull(),
      importedBy: c.text().notNull(),
      importedAtMs: c.int().notNull(),
      /** Who took it back, and why. */
      reversedBy: c.text(),
      reversedAtMs: c.int(),
      reason: c.text(),
    },
    (t) => [
      index('register_import_by_organisation').on(t.organisationId, t.importId),
      check(
        'register_import_reversed',
        sql`(${t.reversedBy} is null) = (${t.reversedAtMs} is null) and (${t.reversedBy} is null) = (${t.reason} is null)`,
      ),
    ],
  )
  /** What an import began and what it ended, as the row was then. */
  const registerImportRows = table(
    'register_import_row',
    {
      importId: c
        .text()
        .notNull()
        .references(() => registerImports.importId),
      ordinal: c.int().notNull(),
      effect: c.choice(['began', 'ended']).notNull(),
      householdCode: c.text(),
      /** Of the share register. */
      holdingId: c.text(),
      facts: c.json<Readonly<Record<string, string | number | null>>>().notNull(),
    },
    (t) => [primaryKey({ columns: [t.importId, t.ordinal] })],
  )
  return { registerImports, registerImportRows }
}

export function organisationTables(kit: Kit) {
  const { table, column: c, unique, uniqueIndex, check } = kit
  const registerOf = registerTables(kit)
  const charters = table(
    'charter',
    {
      charterId: c.text().primaryKey(),
      organisationId: c
        .text()
        .notNull()
        .references(() => registerOf.organisations.organisationId),
      version: c.int().notNull(),
      state: c.choice(['draft', 'approved']).notNull(),
      effectiveFromMs: c.int().notNull(),
      /** Rates of what is left of the income after losses, in basis points. */
      reserveBp: c.int().notNull(),
      welfareBp: c.int().notNull(),
      reinvestmentBp: c.int().notNull(),
      /** Parts of the share classes; of a co-op empty, of others 10,000 together. */
      landBp: c.int(),
      capitalBp: c.int(),
      basicBp: c.int(),
      collectiveBp: c.int(),
      /** The part by trade volume; of co-ops only. */
      patronageBp: c.int(),
      /** Fen per mu that come first; empty: nothing is guaranteed. */
      guaranteeFenPerMu: c.int(),
      /** Rate of the second distribution and how it is split; both or neither. */
      secondBp: c.int(),
      secondSplit: c.choice(splitRules),
      note: c.text().notNull(),
      preparedBy: c.text().notNull(),
      preparedAtMs: c.int().notNull(),
      approvedBy: c.text(),
      approvedAtMs: c.int(),
    },
    (t) => [
      unique('charter_version').on(t.organisationId, t.version),
      uniqueIndex('charter_in_force')
        .on(t.organisationId, t.effectiveFromMs)
        .where(sql`${t.state} = 'approved'`),
      check(
        'charter_deductions_within_income',
        sql`${t.reserveBp} >= 0 and ${t.welfareBp} >= 0 and ${t.reinvestmentBp} >= 0 and ${t.reserveBp} + ${t.welfareBp} + ${t.reinvestmentBp} < 10000`,
      ),
      check('charter_classes_add_up', sql`${t.landBp} + ${t.capitalBp} + ${t.basicBp} + ${t.collectiveBp} = 10000`),
      check('charter_patronage_at_least_60_percent', sql`${t.patronageBp} between 6000 and 10000`),
      check('charter_guarantee_positive', sql`${t.guaranteeFenPerMu} > 0`),
      check(
        'charter_second_whole',
        sql`(${t.secondBp} is null) = (${t.secondSplit} is null) and (${t.secondBp} is null or ${t.secondBp} between 1 and 10000)`,
      ),
      check('charter_two_people', sql`${t.approvedBy} is null or ${t.approvedBy} <> ${t.preparedBy}`),
      check(
        'charter_approved_by_someone',
        sql`(${t.state} = 'approved') = (${t.approvedBy} is not null) and (${t.approvedBy} is null) = (${t.approvedAtMs} is null)`,
      ),
    ],
  )
  return { ...registerOf, ...importTables(kit, registerOf), charters }
}

export const organisationStorage: Storage = {
  appendOnly: ['register_import_row'],
  clustered: ['register_import_row'],
}
