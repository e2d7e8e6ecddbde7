import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { Fen } from '../../units/fen.ts'
import { defineRoute } from './route.ts'
import { pageOf, PageQuery } from './paging.ts'

const Hash = z.string().regex(/^[0-9a-f]{64}$/)
const Day = z.iso.date()
const HouseholdCode = z.string().regex(/^\d{16}$/)

/** A published day: the Merkle root (RFC 6962) over its income lines, chained to the day before. */
export const DisclosedDay = z
  .object({
    day: Day,
    root: Hash,
    lineCount: z.int(),
    totalFen: Fen,
    /** Over the heads of the audit trail's chains. */
    auditHash: Hash,
    prevHash: Hash,
    /** SHA-256 over the six fields above in canonical JSON. */
    hash: Hash,
    publishedAtMs: EpochMs,
  })
  .meta({ id: 'DisclosedDay' })
/** Proves that a line is in a day's root; /verify.mjs checks it without this product. */
export const IncomeProof = z
  .object({
    format: z.literal('huinong-income-proof-1'),
    day: DisclosedDay,
    leafIndex: z.int(),
    leaf: z.object({ amountFen: Fen, atMs: EpochMs, line: Hash, pseudonym: Hash }),
    /** Siblings from the leaf up. */
    path: z.array(Hash),
    transferId: z.string(),
    /** In the household's own proofs: with these it knows the pseudonym for its own. */
    householdCode: HouseholdCode.optional(),
    opening: Hash.optional(),
  })
  .meta({ id: 'IncomeProof' })

export const listDisclosedDays = defineRoute({
  method: 'GET',
  path: '/api/disclosure/days',
  tag: 'disclosure',
  summary: 'The published roots of income lines, newest day first',
  access: 'public',
  query: PageQuery,
  reply: pageOf(DisclosedDay),
  status: 200,
})
export const getDisclosedDay = defineRoute({
  method: 'GET',
  path: '/api/disclosure/days/:day',
  tag: 'disclosure',
  summary: 'One published day',
  access: 'public',
  params: z.object({ day: Day }),
  reply: DisclosedDay,
  status: 200,
})
export const getReceiptProofs = defineRoute({
  method: 'GET',
  path: '/api/sessions/:sessionId/receipt/proofs',
  tag: 'disclosure',
  summary: 'Proofs that the households’ parts of a receipt are in the published roots; parts wait for the day after',
  access: 'signed-in',
  params: z.object({ sessionId: Id }),
  reply: z.object({ proofs: z.array(IncomeProof), waiting: z.int() }),
  status: 200,
})
export const getIncomeProof = defineRoute({
  method: 'GET',
  path: '/api/households/:householdCode/income-proof',
  tag: 'disclosure',
  summary: 'Proof that one of a household’s income lines is in a published root, with what opens its pseudonym',
  access: ['farmer', 'helper', 'desk', 'finance', 'auditor', 'admin'],
  params: z.object({ householdCode: HouseholdCode }),
  query: z.object({ transferId: z.string().min(1).max(200) }),
  reply: IncomeProof,
  status: 200,
})

export const PublicNotice = z
  .object({
    noticeId: Id,
    kind: z.enum(['income', 'payout', 'distribution']),
    title: z.string(),
    lineCount: z.int(),
    totalFen: Fen,
    publishedAtMs: EpochMs,
    openUntilMs: EpochMs,
    /** Absent while it stands. What it announced was given up, or not adopted, or taken back after it was booked. */
    endedAs: z.enum(['withdrawn', 'rejected', 'reversed']).optional(),
  })
  .meta({ id: 'PublicNotice' })
/** What a notice shows of a household: never more (domain.md, payout and disclosure). */
export const PublicNoticeLine = z
  .object({
    ordinal: z.int(),
    name: z.string(),
    codeLast4: z.string(),
    amountFen: Fen,
    massMg: z.int().optional(),
  })
  .meta({ id: 'PublicNoticeLine' })
export const listNotices = defineRoute({
  method: 'GET',
  path: '/api/notices',
  tag: 'disclosure',
  summary: 'Public notices (公示), newest first; for people at /notices',
  access: 'public',
  query: PageQuery,
  reply: pageOf(PublicNotice),
  status: 200,
})
export const listNoticeLines = defineRoute({
  method: 'GET',
  path: '/api/notices/:noticeId/lines',
  tag: 'disclosure',
  summary: 'The masked lines of a notice',
  access: 'public',
  params: z.object({ noticeId: Id }),
  query: PageQuery,
  reply: pageOf(PublicNoticeLine),
  status: 200,
})
export const publishIncomeNotice = defineRoute({
  method: 'POST',
  path: '/api/notices',
  tag: 'disclosure',
  summary: 'Publishes what each household of an area earned in a period, masked; open to objections for the days given',
  access: ['finance', 'admin'],
  body: z.object({
    title: z.string().trim().min(3).max(80),
    /** A district, town or village: what its households' codes begin with. */
    areaCode: z.string().regex(/^(\d{6}|\d{9}|\d{12})$/),
    fromDay: Day,
    throughDay: Day,
    openDays: z.int().min(7).max(60),
  }),
  reply: PublicNotice,
  status: 201,
})

export const getImpact = defineRoute({
  method: 'GET',
  path: '/api/disclosure/impact',
  tag: 'disclosure',
  summary:
    'What reached households, by year, town and product, through the last whole month; no figure stands for fewer than leastHouseholds',
  access: 'public',
  reply: z.object({
    leastHouseholds: z.int(),
    /** Absent before the first whole month is published. */
    throughDay: Day.optional(),
    rows: z.array(
      z.object({
        year: z.int(),
        /** Absent: several towns together. */
        townName: z.string().optional(),
        /** Absent: several products and sources together. */
        source: z.enum(['sale', 'surplus', 'dividend', 'wage', 'grant', 'other']).optional(),
        /** Of a sale in cabinets. */
        product: z.string().optional(),
        households: z.int(),
        amountFen: Fen,
      }),
    ),
  }),
  status: 200,
})
