// Sessions of buyers and restockers, the contract each was opened on, what was sold, and what people had to decide. The
// contract stands in a table of its own, written once, so that a session's changes stay small.
import { sql } from 'drizzle-orm'
import { isOneOf } from '../db/kit.ts'
import type { Kit, Storage } from '../db/kit.ts'
import { pricingModes } from '../catalog/schema.ts'
import type { ContractLane, TakenLine } from './pricing.ts'
import { holdingStates, liveStates, sessionStates } from './rules.ts'

/**
 * That a session still holds money: for the index of those, and for queries that are to use it. As a CASE, because among plain words
 * SQLite would find the live ones, and look for the overdue here instead of in their own order.
 */
export const isHoldingState = (state: unknown) =>
  sql`case when ${isOneOf(state, holdingStates)} then true else false end`

/** What a restocker said would be loaded. */
export interface DeclaredLoad {
  readonly laneId: string
  readonly lotId: string
  readonly skuId: string
  readonly count: number
  readonly isReplacement: boolean
}

export function sessionTables({ table, column: c, primaryKey, index, uniqueIndex, check }: Kit) {
  const shoppingSessions = table(
    'shopping_session',
    {
      sessionId: c.text().primaryKey(),
      kind: c.choice(['sale', 'restock']).notNull(),
      cabinetId: c.text().notNull(),
      cabinetCode: c.text().notNull(),
      hostSiteName: c.text().notNull(),
      accountId: c.text().notNull(),
      accountName: c.text().notNull(),
      /** The intent: made once by the page, never renewed. */
      idempotencyKey: c.text().notNull(),
      state: c.choice(sessionStates).notNull(),
      /** The unlock that opened it, or the pass. */
      commandId: c.text().notNull(),
      /** The offline pass it was opened with; empty for an unlock. */
      passId: c.text(),
      planogramVersion: c.int().notNull(),
      pricesVersion: c.int().notNull(),
      heldFen: c.int().notNull(),
      totalFen: c.int(),
      shortfallFen: c.int(),
      reason: c.text(),
      flags: c.json<string[]>(),
      receiptNumber: c.text(),
      pricingVersion: c.text(),
      /** The cabinet's confidence in its count, parts per million. */
      confidencePpm: c.int(),
      authorisedAtMs: c.int().notNull(),
      /** When the cabinet first spoke of it; empty: it never did. */
      answeredAtMs: c.int(),
      openedAtMs: c.int(),
      endedAtMs: c.int(),
      /** Without news by then the session counts as interrupted; empty once it is not live. */
      deadlineAtMs: c.int(),
      /** Journal position of the event that settled it or sent it to review: where the evidence is. */
      outcomeSeq: c.int(),
    },
    (t) => [
      uniqueIndex('shopping_session_once_per_intent').on(t.accountId, t.idempotencyKey),
      uniqueIndex('shopping_session_live_of_buyer')
        .on(t.accountId)
        .where(sql`${t.kind} = 'sale' and ${isOneOf(t.state, liveStates)}`),
      uniqueIndex('shopping_session_live_of_cabinet').on(t.cabinetId).where(isOneOf(t.state, liveStates)),
      index('shopping_session_overdue').on(t.deadlineAtMs, t.sessionId).where(isOneOf(t.state, liveStates)),
      index('shopping_session_by_account').on(t.accountId, t.sessionId),
      index('shopping_session_by_cabinet').on(t.cabinetId, t.sessionId),
      index('shopping_session_unfinished').on(t.state, t.sessionId).where(isHoldingState(t.state)),
      check('shopping_session_held_not_negative', sql`${t.heldFen} >= 0`),
      check('shopping_session_within_hold', sql`${t.totalFen} is null or ${t.totalFen} between 0 and ${t.heldFen}`),
    ],
  )
  const sessionContracts = table('session_contract', {
    sessionId: c
      .text()
      .primaryKey()
      .references(() => shoppingSessions.sessionId),
    lanes: c.json<ContractLane[]>().notNull(),
    loads: c.json<DeclaredLoad[]>().notNull(),
  })
  const saleLines = table(
    'sale_line',
    {
      saleLineId: c.text().primaryKey(),
      sessionId: c
        .text()
        .notNull()
        .references(() => shoppingSessions.sessionId),
      laneId: c.text().notNull(),
      skuId: c.text().notNull(),
      lotId: c.text(),
      mode: c.choice(pricingModes).notNull(),
      count: c.int(),
      massMg: c.int(),
      unitPriceFen: c.int().notNull(),
      /** By the price label; amountFen is what was charged. */
      listFen: c.int().notNull(),
      amountFen: c.int().notNull(),
      /** Frozen when the door was authorised (domain.md, programme rules). */
      isCertified: c.bool().notNull(),
      atMs: c.int().notNull(),
    },
    (t) => [
      index('sale_line_by_session').on(t.sessionId),
      // Both hold what is summed over them: the rows themselves are far apart.
      index('sale_line_by_lot').on(t.lotId, t.saleLineId, t.count, t.massMg),
      index('sale_line_by_time').on(t.atMs, t.skuId, t.amountFen),
      check('sale_line_amount_known', sql`${t.amountFen} between 0 and ${t.listFen}`),
      check('sale_line_quantity', sql`(${t.mode} = 'piece') = (${t.count} is not null)`),
      check('sale_line_mass', sql`(${t.mode} = 'weight') = (${t.massMg} is not null)`),
    ],
  )
  const reviewCases = table(
    'review_case',
    {
      sessionId: c
        .text()
        .primaryKey()
        .references(() => shoppingSessions.sessionId),
      reason: c.text().notNull(),
      detail: c.text().notNull(),
      /** The most a person may charge. */
      lowestFen: c.int().notNull(),
      lowestLines: c.json<TakenLine[]>().notNull(),
      openedAtMs: c.int().notNull(),
      decidedAtMs: c.int(),
      decidedBy: c.text(),
      decisionReason: c.text(),
    },
    (t) => [
      index('review_case_open')
        .on(t.openedAtMs)
        .where(sql`${t.decidedAtMs} is null`),
    ],
  )
  /** What a cabinet reported and no rule could use: accepted, acknowledged, shown to a person, no money moved. */
  const sessionFindings = table(
    'session_finding',
    {
      cabinetId: c.text().notNull(),
      seq: c.int().notNull(),
      sessionId: c.text(),
      finding: c.text().notNull(),
      detail: c.text().notNull(),
      atMs: c.int().notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.cabinetId, t.seq, t.finding] }),
      index('session_finding_by_session').on(t.sessionId),
    ],
  )
  const saleRefunds = table(
    'sale_refund',
    {
      refundId: c.text().primaryKey(),
      idempotencyKey: c.text().notNull().unique(),
      sessionId: c.text().notNull(),
      saleLineId: c
        .text()
        .notNull()
        .references(() => saleLines.saleLineId),
      amountFen: c.int().notNull(),
      reason: c.text().notNull(),
      decidedBy: c.text().notNull(),
      atMs: c.int().notNull(),
    },
    (t) => [index('sale_refund_by_line').on(t.saleLineId), check('sale_refund_positive', sql`${t.amountFen} > 0`)],
  )
  return { shoppingSessions, sessionContracts, saleLines, reviewCases, sessionFindings, saleRefunds }
}

export const sessionStorage: Storage = {
  appendOnly: ['session_contract', 'sale_line', 'session_finding', 'sale_refund'],
  clustered: ['session_contract', 'sale_line', 'session_finding'],
}
