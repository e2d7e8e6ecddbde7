// What is published: each day's root over the pseudonymous income lines with the leaves behind it, and public notices, which are
// masked when they are written, so that nothing else can be shown by them. Whose line it is stands beside it and is never shown.
import { sql } from 'drizzle-orm'
import type { Kit, Storage } from '../db/kit.ts'
import { leastHouseholds } from './impact-rules.ts'

export const noticeKinds = ['income', 'payout', 'distribution'] as const

export function disclosureTables({ table, column: c, primaryKey, unique, index, check }: Kit) {
  const disclosedDays = table(
    'disclosed_day',
    {
      /** `2026-03-01`, the district's day. */
      day: c.text().primaryKey(),
      /** Hex, RFC 6962. */
      root: c.text().notNull(),
      lineCount: c.int().notNull(),
      totalFen: c.int().notNull(),
      /** SHA-256, hex, over the heads of all chains of the audit trail at that time. */
      auditHash: c.text().notNull(),
      /** Hash of the day published before; 64 zeros for the first. */
      prevHash: c.text().notNull().unique(),
      /** SHA-256, hex, over all of the above in canonical JSON. */
      hash: c.text().notNull().unique(),
      publishedAtMs: c.int().notNull(),
    },
    (t) => [check('disclosed_day_is_a_day', sql`length(${t.day}) = 10`)],
  )
  /** What `auditHash` is over: of each chain that went on since the day before, where it ended. */
  const disclosedAuditHeads = table(
    'disclosed_audit_head',
    {
      day: c
        .text()
        .notNull()
        .references(() => disclosedDays.day),
      chainId: c.text().notNull(),
      seq: c.int().notNull(),
      hash: c.text().notNull(),
    },
    (t) => [primaryKey({ columns: [t.day, t.chainId] }), index('disclosed_audit_head_by_chain').on(t.chainId, t.seq)],
  )
  const disclosedLines = table(
    'disclosed_line',
    {
      day: c
        .text()
        .notNull()
        .references(() => disclosedDays.day),
      leafIndex: c.int().notNull(),
      leafHash: c.text().notNull(),
      accountId: c.text().notNull(),
      transferId: c.text().notNull(),
      atMs: c.int().notNull(),
      amountFen: c.int().notNull(),
    },
    (t) => [primaryKey({ columns: [t.day, t.leafIndex] }), unique('disclosed_line_once').on(t.transferId, t.accountId)],
  )
  const publicNotices = table(
    'public_notice',
    {
      noticeId: c.text().primaryKey(),
      kind: c.choice(noticeKinds).notNull(),
      /** The batch, the plan, or the period that it is about; noticed once. */
      sourceId: c.text().notNull(),
      title: c.text().notNull(),
      lineCount: c.int().notNull(),
      totalFen: c.int().notNull(),
      publishedAtMs: c.int().notNull(),
      /** Until then anybody may object. */
      openUntilMs: c.int().notNull(),
    },
    (t) => [unique('public_notice_once').on(t.kind, t.sourceId), index('public_notice_by_time').on(t.publishedAtMs)],
  )
  const publicNoticeLines = table(
    'public_notice_line',
    {
      noticeId: c
        .text()
        .notNull()
        .references(() => publicNotices.noticeId),
      ordinal: c.int().notNull(),
      /** 王**, or *** of a household that has not agreed to be named. */
      name: c.text().notNull(),
      codeLast4: c.text().notNull(),
      amountFen: c.int().notNull(),
      massMg: c.int(),
      /** So that a consent taken back later holds here too; empty in notices from before that was kept. */
      householdCode: c.text(),
    },
    (t) => [
      primaryKey({ columns: [t.noticeId, t.ordinal] }),
      index('public_notice_line_by_household').on(t.householdCode),
      check('public_notice_line_masked', sql`${t.name} like '%**' and length(${t.name}) <= 4`),
      check('public_notice_line_last4', sql`length(${t.codeLast4}) = 4`),
    ],
  )
  /** What each household earned by each product, added up of published days; the public figures are made of it. */
  const impactShares = table(
    'impact_share',
    {
      year: c.int().notNull(),
      /** `sku:<id>`, or `source:<name>` of income that is no cabinet's sale. */
      product: c.text().notNull(),
      householdCode: c.text().notNull(),
      amountFen: c.int().notNull(),
    },
    (t) => [primaryKey({ columns: [t.year, t.product, t.householdCode] })],
  )
  /** How far the published lines are counted; one row. */
  const impactProgress = table('impact_progress', {
    day: c.text().primaryKey(),
    /** The last line of the day that is counted; −1: none. */
    leafIndex: c.int().notNull(),
  })
  const publicImpact = table(
    'public_impact',
    {
      year: c.int().notNull(),
      /** Empty: several towns together. */
      townCode: c.text().notNull(),
      /** Empty: several products together. */
      product: c.text().notNull(),
      households: c.int().notNull(),
      amountFen: c.int().notNull(),
      throughDay: c.text().notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.year, t.townCode, t.product] }),
      check('public_impact_stands_for_enough', sql`${t.households} >= ${sql.raw(String(leastHouseholds))}`),
    ],
  )
  return {
    disclosedDays,
    disclosedAuditHeads,
    disclosedLines,
    publicNotices,
    publicNoticeLines,
    impactShares,
    impactProgress,
    publicImpact,
  }
}

export const disclosureStorage: Storage = {
  appendOnly: ['disclosed_day', 'disclosed_audit_head', 'disclosed_line', 'public_notice', 'public_notice_line'],
  clustered: ['disclosed_line', 'public_notice_line', 'impact_share', 'public_impact'],
}
