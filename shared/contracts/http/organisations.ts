import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { Fen, NonNegativeFen } from '../../units/fen.ts'
import { defineRoute } from './route.ts'
import { NamedPageQuery, pageOf, PageQuery } from './paging.ts'
import { Reason } from './reason.ts'

/** Mandatory for every organisation: it decides how it may distribute (domain.md, distribution). */
export const LegalType = z
  .enum(['enterprise', 'cooperative', 'share_cooperative', 'village_collective', 'family_farm'])
  .meta({ id: 'LegalType' })
export const ShareKind = z
  .enum(['LAND', 'CAPITAL', 'BASIC', 'COLLECTIVE', 'RESERVE', 'SUBSIDY'])
  .meta({ id: 'ShareKind' })
export const ShareUnit = z.enum(['mu', 'yuan', 'person', 'share']).meta({ id: 'ShareUnit' })
export const SplitRule = z.enum(['equal', 'per_head', 'by_weight']).meta({ id: 'SplitRule' })
export const HouseholdCode = z.string().regex(/^\d{16}$/, 'a household code has 16 digits')

const BasisPoints = z.int().min(0).max(10_000)
/** Thousandths of a unit or a share: 3.2 mu = 3200. */
const Milli = z.int().min(0).max(1e15).meta({ id: 'Milli', description: 'Thousandths: 3.2 = 3200.' })

export const Organisation = z
  .object({
    organisationId: Id,
    name: z.string().trim().min(1).max(80),
    legalType: LegalType,
    townCode: z.string().regex(/^\d{9}$/),
    createdAtMs: EpochMs,
  })
  .meta({ id: 'Organisation' })
export const OrganisationDetail = Organisation.extend({
  /** Households that are members now. */
  memberCount: z.int(),
  /** What is in the organisation's account, to be distributed. */
  balanceFen: Fen,
  /** What is held now, by kind. */
  shares: z.array(z.object({ kind: ShareKind, holders: z.int(), quantityMilli: Milli, sharesMilli: Milli })),
}).meta({ id: 'OrganisationDetail' })
export const Membership = z
  .object({ householdCode: HouseholdCode, headName: z.string(), fromMs: EpochMs, toMs: EpochMs.optional() })
  .meta({ id: 'Membership' })
export const ShareHolding = z
  .object({
    holdingId: Id,
    /** Absent: the organisation itself, of COLLECTIVE shares. */
    householdCode: HouseholdCode.optional(),
    kind: ShareKind,
    /** What was brought in, thousandths of the unit. */
    quantityMilli: Milli.min(1),
    unit: ShareUnit,
    /** What it was quantified into, thousandths of a share. */
    sharesMilli: Milli.min(1),
    fromMs: EpochMs,
    toMs: EpochMs.optional(),
  })
  .meta({ id: 'ShareHolding' })

/** What a charter decides. A co-op gives patronageBp, every other type classes that sum to 10,000. */
export const CharterTerms = z
  .object({
    /** Rates of what is left of the income after losses, in basis points. */
    reserveBp: BasisPoints,
    welfareBp: BasisPoints,
    reinvestmentBp: BasisPoints,
    classes: z
      .object({ LAND: BasisPoints, CAPITAL: BasisPoints, BASIC: BasisPoints, COLLECTIVE: BasisPoints })
      .optional(),
    /** The part of what a co-op distributes by trade volume: at least 6,000. */
    patronageBp: BasisPoints.optional(),
    guaranteeFenPerMu: NonNegativeFen.min(1).max(10_000_000).optional(),
    /** The second distribution: rate of its base, and how it is split among its payees. */
    second: z.object({ rateBp: BasisPoints.min(1), split: SplitRule }).optional(),
  })
  .meta({ id: 'CharterTerms' })
export const Charter = z
  .object({
    charterId: Id,
    organisationId: Id,
    version: z.int(),
    state: z.enum(['draft', 'approved']),
    effectiveFromMs: EpochMs,
    terms: CharterTerms,
    note: z.string(),
    preparedBy: z.string(),
    preparedAtMs: EpochMs,
    approvedBy: z.string().optional(),
    approvedAtMs: EpochMs.optional(),
  })
  .meta({ id: 'Charter' })

export const RegisterImport = z
  .object({
    importId: Id,
    organisationId: Id,
    register: z.enum(['members', 'holdings']),
    /** When what the file says began. */
    fromMs: EpochMs,
    /** Hex, of the file as it came. */
    sha256: z.string(),
    beganCount: z.int(),
    endedCount: z.int(),
    importedBy: z.string(),
    /** In lists; empty where the account is not known here any more. */
    importedByName: z.string().optional(),
    importedAtMs: EpochMs,
    reversal: z.object({ reversedBy: z.string(), reversedAtMs: EpochMs, reason: z.string() }).optional(),
  })
  .meta({ id: 'RegisterImport' })

const readers = ['operator', 'finance', 'auditor', 'admin'] as const
const keepers = ['finance', 'admin'] as const
const ofOrganisation = z.object({ organisationId: Id })

export const foundOrganisation = defineRoute({
  method: 'POST',
  path: '/api/organisations',
  tag: 'organisations',
  summary: 'Found an organisation; its legal type decides how it may distribute',
  access: ['operator', 'admin'],
  body: Organisation.pick({ name: true, legalType: true, townCode: true }),
  reply: Organisation,
  status: 201,
})
export const listOrganisations = defineRoute({
  method: 'GET',
  path: '/api/organisations',
  tag: 'organisations',
  summary: 'Organisations by name',
  access: readers,
  query: NamedPageQuery.extend({ legalType: LegalType.optional() }),
  reply: pageOf(Organisation),
  status: 200,
})
export const getOrganisation = defineRoute({
  method: 'GET',
  path: '/api/organisations/:organisationId',
  tag: 'organisations',
  summary: 'One organisation with its members and shares counted and its balance',
  access: readers,
  params: ofOrganisation,
  reply: OrganisationDetail,
  status: 200,
})
export const listMembers = defineRoute({
  method: 'GET',
  path: '/api/organisations/:organisationId/members',
  tag: 'organisations',
  summary: 'Member households; with isHistory also those that left',
  access: readers,
  params: ofOrganisation,
  query: PageQuery.extend({ isHistory: z.stringbool().default(false) }),
  reply: pageOf(Membership),
  status: 200,
})
export const admitMembers = defineRoute({
  method: 'POST',
  path: '/api/organisations/:organisationId/members',
  tag: 'organisations',
  summary: 'Enter households into the member register, all or none',
  access: keepers,
  params: ofOrganisation,
  body: z.object({ fromMs: EpochMs, householdCodes: z.array(HouseholdCode).min(1).max(5_000) }),
  reply: z.object({ admitted: z.int() }),
  status: 201,
})
/** A register file of an organisation, and when what it says began. */
const registerFile = {
  query: z.object({ fromMs: z.coerce.number().pipe(EpochMs) }),
  upload: { maxBytes: 16 * 1024 * 1024 },
} as const
export const importMembers = defineRoute({
  method: 'POST',
  path: '/api/organisations/:organisationId/member-imports',
  tag: 'organisations',
  summary: 'Enter the households of a CSV or XLSX file into the member register, all rows or none',
  access: keepers,
  params: ofOrganisation,
  ...registerFile,
  reply: z.object({ admitted: z.int() }),
  status: 201,
})
const undone = {
  none: 'What the import writes is undone before the answer; what is imported afterwards leaves its row.',
} as const
export const previewMembers = defineRoute({
  method: 'POST',
  path: '/api/organisations/:organisationId/member-imports/preview',
  tag: 'organisations',
  summary: 'How many households a member register would admit; the import itself, undone',
  access: keepers,
  audit: undone,
  params: ofOrganisation,
  ...registerFile,
  reply: z.object({ admitted: z.int() }),
  status: 200,
})
export const endMembership = defineRoute({
  method: 'POST',
  path: '/api/organisations/:organisationId/members/:householdCode/end',
  tag: 'organisations',
  summary: 'End a membership; the register keeps it, and who holds shares cannot leave',
  access: keepers,
  params: ofOrganisation.extend({ householdCode: HouseholdCode }),
  body: z.object({ toMs: EpochMs }),
  reply: Membership.omit({ headName: true }),
  status: 200,
})
export const listHoldings = defineRoute({
  method: 'GET',
  path: '/api/organisations/:organisationId/holdings',
  tag: 'organisations',
  summary: 'The share register at an instant, or its whole history',
  access: readers,
  params: ofOrganisation,
  query: PageQuery.extend({
    householdCode: HouseholdCode.optional(),
    atMs: z.coerce.number().pipe(EpochMs).optional(),
  }),
  reply: pageOf(ShareHolding),
  status: 200,
})
export const enterHoldings = defineRoute({
  method: 'POST',
  path: '/api/organisations/:organisationId/holdings',
  tag: 'organisations',
  summary: 'Set holdings from an instant on, all or none; what was held otherwise ends then',
  access: keepers,
  params: ofOrganisation,
  body: z.object({
    fromMs: EpochMs,
    holdings: z
      .array(ShareHolding.omit({ holdingId: true, fromMs: true, toMs: true }))
      .min(1)
      .max(5_000),
  }),
  reply: z.object({ begun: z.int(), ended: z.int(), unchanged: z.int() }),
  status: 201,
})
export const importHoldings = defineRoute({
  method: 'POST',
  path: '/api/organisations/:organisationId/holding-imports',
  tag: 'organisations',
  summary: 'Set the holdings of a CSV or XLSX file, all rows or none; what was held otherwise ends then',
  access: keepers,
  params: ofOrganisation,
  ...registerFile,
  reply: z.object({ begun: z.int(), ended: z.int(), unchanged: z.int() }),
  status: 201,
})
export const previewHoldings = defineRoute({
  method: 'POST',
  path: '/api/organisations/:organisationId/holding-imports/preview',
  tag: 'organisations',
  summary: 'Which holdings a share register would begin and end; the import itself, undone',
  access: keepers,
  audit: undone,
  params: ofOrganisation,
  ...registerFile,
  reply: z.object({ begun: z.int(), ended: z.int(), unchanged: z.int() }),
  status: 200,
})
export const endHolding = defineRoute({
  method: 'POST',
  path: '/api/organisations/:organisationId/holdings/:holdingId/end',
  tag: 'organisations',
  summary: 'End a holding; the register keeps it',
  access: keepers,
  params: ofOrganisation.extend({ holdingId: Id }),
  body: z.object({ toMs: EpochMs }),
  reply: ShareHolding,
  status: 200,
})
export const listRegisterImports = defineRoute({
  method: 'GET',
  path: '/api/organisations/:organisationId/register-imports',
  tag: 'organisations',
  summary: 'Files imported into the registers of members and shares, newest first, with what was taken back',
  access: readers,
  params: ofOrganisation,
  query: PageQuery,
  reply: pageOf(RegisterImport),
  status: 200,
})
export const reverseRegisterImport = defineRoute({
  method: 'POST',
  path: '/api/organisations/:organisationId/register-imports/:importId/reversal',
  tag: 'organisations',
  summary:
    'Take an import of a register back: what it began was never, what it ended goes on; plans drafted on it keep it',
  access: keepers,
  params: ofOrganisation.extend({ importId: Id }),
  body: z.object({ reason: Reason }),
  reply: RegisterImport,
  status: 200,
})
export const listCharters = defineRoute({
  method: 'GET',
  path: '/api/organisations/:organisationId/charters',
  tag: 'organisations',
  summary: 'All versions of an organisation’s charter, newest first',
  access: readers,
  params: ofOrganisation,
  reply: z.object({ rows: z.array(Charter) }),
  status: 200,
})
export const draftCharter = defineRoute({
  method: 'POST',
  path: '/api/organisations/:organisationId/charters',
  tag: 'organisations',
  summary: 'Draft the next version of a charter; nothing changes until another person approves it',
  access: keepers,
  params: ofOrganisation,
  body: z.object({ terms: CharterTerms, effectiveFromMs: EpochMs, note: Reason }),
  reply: Charter,
  status: 201,
})
export const approveCharter = defineRoute({
  method: 'POST',
  path: '/api/charters/:charterId/approval',
  tag: 'organisations',
  summary: 'Approve a drafted charter, by another person than who drafted it; earlier distributions keep theirs',
  access: keepers,
  params: z.object({ charterId: Id }),
  reply: Charter,
  status: 200,
})
export const bookOrganisationReceipt = defineRoute({
  method: 'POST',
  path: '/api/organisations/:organisationId/receipts',
  tag: 'organisations',
  summary: 'Book money the organisation received outside the cabinets; the reference makes it happen once',
  access: keepers,
  params: ofOrganisation,
  body: z.object({
    amountFen: NonNegativeFen.min(1).max(1e12),
    reference: z.string().trim().min(3).max(64),
    note: Reason,
  }),
  reply: z.object({ transferId: z.string(), balanceFen: Fen }),
  status: 201,
})
