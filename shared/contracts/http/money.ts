import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { Fen, NonNegativeFen } from '../../units/fen.ts'
import { defineRoute } from './route.ts'
import { NamedPageQuery, pageOf, PageQuery, TimedPageQuery } from './paging.ts'
import { Reason } from './reason.ts'

/** `<kind>:<owner>`, such as household:5001121422010001. */
export const LedgerAccountId = z
  .string()
  .regex(/^[a-z]+:.+$/, 'an account id looks like household:5001121422010001')
  .max(120)
  .meta({ id: 'LedgerAccountId' })
/** `<cause kind>:<cause id>:<leg>`: what a transfer is booked for says which one it is. */
export const TransferId = z.string().min(1).max(200).meta({ id: 'TransferId' })

export const LedgerAccount = z
  .object({
    accountId: LedgerAccountId,
    kind: z.string(),
    name: z.string(),
    ownerId: z.string().optional(),
    normalSide: z.enum(['debit', 'credit']),
    balanceFen: Fen,
  })
  .meta({ id: 'LedgerAccount' })
export const LedgerEntry = z
  .object({
    transferId: TransferId,
    atMs: EpochMs,
    side: z.enum(['debit', 'credit']),
    amountFen: NonNegativeFen,
    otherAccountId: LedgerAccountId,
    otherAccountName: z.string(),
    causeKind: z.string(),
    causeId: z.string(),
    memo: z.string(),
  })
  .meta({ id: 'LedgerEntry' })

const staff = ['finance', 'auditor', 'admin'] as const
/** An instant in a query string. */
const QueryInstant = z.coerce.number().int().min(0).max(8.64e15)

export const getWallet = defineRoute({
  method: 'GET',
  path: '/api/me/wallet',
  tag: 'money',
  summary: 'My prepaid wallet: what is mine, what is held for an open door, and the latest movements',
  access: ['buyer'],
  reply: z.object({ balanceFen: Fen, heldFen: NonNegativeFen, entries: z.array(LedgerEntry) }),
  status: 200,
})
/** What a buyer took on an offline pass beyond its money (欠款). */
export const Arrears = z
  .object({ sessionId: Id, accountId: Id, owedFen: NonNegativeFen, sinceMs: EpochMs })
  .meta({ id: 'Arrears' })
export const listMyArrears = defineRoute({
  method: 'GET',
  path: '/api/me/arrears',
  tag: 'payments',
  summary: 'What I owe, the oldest first',
  access: ['buyer'],
  reply: z.object({ rows: z.array(Arrears) }),
  status: 200,
})
export const payMyArrears = defineRoute({
  method: 'POST',
  path: '/api/me/arrears/:sessionId/payment',
  tag: 'payments',
  summary: 'Pay one debt from the wallet',
  access: ['buyer'],
  params: z.object({ sessionId: Id }),
  reply: z.object({ rows: z.array(Arrears) }),
  status: 201,
})
export const listAllArrears = defineRoute({
  method: 'GET',
  path: '/api/arrears',
  tag: 'payments',
  summary: 'What buyers owe, at most 1,000, the oldest first',
  access: ['finance', 'auditor', 'admin'],
  reply: z.object({ rows: z.array(Arrears) }),
  status: 200,
})
export const topUpWallet = defineRoute({
  method: 'POST',
  path: '/api/wallets/:accountId/top-ups',
  tag: 'money',
  summary: 'Credit a buyer’s wallet with money received; the reference makes it happen once',
  access: ['finance', 'admin'],
  params: z.object({ accountId: Id }),
  body: z.object({ amountFen: NonNegativeFen.min(1).max(10_000_000), reference: z.string().trim().min(3).max(64) }),
  reply: z.object({ transferId: TransferId, balanceFen: Fen }),
  status: 201,
})
export const listLedgerAccounts = defineRoute({
  method: 'GET',
  path: '/api/ledger/accounts',
  tag: 'money',
  summary: 'Ledger accounts with balances',
  access: staff,
  query: NamedPageQuery.extend({ kind: z.string().max(40).optional(), search: z.string().max(60).optional() }),
  reply: pageOf(LedgerAccount),
  status: 200,
})
export const listLedgerEntries = defineRoute({
  method: 'GET',
  path: '/api/ledger/accounts/:accountId/entries',
  tag: 'money',
  summary: 'Entries of one account, newest first',
  access: staff,
  params: z.object({ accountId: LedgerAccountId }),
  query: TimedPageQuery,
  reply: pageOf(LedgerEntry),
  status: 200,
})
export const getLedgerBalance = defineRoute({
  method: 'GET',
  path: '/api/ledger/accounts/:accountId/balance',
  tag: 'money',
  summary: 'Balance of one account over everything booked at or before an instant; default: now',
  access: staff,
  params: z.object({ accountId: LedgerAccountId }),
  query: z.object({ atMs: QueryInstant.optional() }),
  reply: z.object({
    accountId: LedgerAccountId,
    atMs: EpochMs,
    normalSide: z.enum(['debit', 'credit']),
    balanceFen: Fen,
  }),
  status: 200,
})
export const getLedgerStatement = defineRoute({
  method: 'GET',
  path: '/api/ledger/accounts/:accountId/statement',
  tag: 'money',
  summary: 'Statement of one account over a span, oldest first, with opening, running and closing balance',
  access: staff,
  params: z.object({ accountId: LedgerAccountId }),
  query: PageQuery.extend({
    /** The first instant of the span; default: the beginning. */
    fromMs: QueryInstant.optional(),
    /** The last instant of the span; default: now. Later pages repeat what the first page's reply says. */
    throughMs: QueryInstant.optional(),
  }),
  reply: z.object({
    accountId: LedgerAccountId,
    name: z.string(),
    normalSide: z.enum(['debit', 'credit']),
    fromMs: EpochMs,
    throughMs: EpochMs,
    openingFen: Fen,
    closingFen: Fen,
    /** Each with the balance after it, on the account's normal side. */
    rows: z.array(LedgerEntry.extend({ balanceFen: Fen }).meta({ id: 'LedgerStatementLine' })),
    nextCursor: z.string().optional(),
  }),
  status: 200,
})
export const reverseLedgerCause = defineRoute({
  method: 'POST',
  path: '/api/ledger/reversals',
  tag: 'money',
  summary: 'Undo what a cause booked by mirrored postings, once; causes that another desk undoes are refused',
  access: ['finance', 'admin'],
  body: z.object({
    causeKind: z.enum(['opening', 'top-up', 'withdrawal', 'write-off', 'correction']),
    causeId: z.string().min(1).max(120),
    reason: Reason,
  }),
  reply: z.object({ outcome: z.enum(['posted', 'already']) }),
  status: 201,
})

/** What one proof of the books looked at and what it found; at most 20 problems, each a sentence naming the row. */
export const BooksProof = z
  .object({ name: z.string(), checked: z.int(), problems: z.array(z.string()) })
  .meta({ id: 'BooksProof' })
/** One whole self-check of the books, as it was stored. */
export const BooksCheck = z
  .object({
    checkId: Id,
    startedAtMs: EpochMs,
    endedAtMs: EpochMs,
    /** Who asked for it; absent: the nightly job. */
    startedBy: Id.optional(),
    isSound: z.boolean(),
    checkedTransfers: z.int(),
    proofs: z.array(BooksProof),
  })
  .meta({ id: 'BooksCheck' })
export const checkLedger = defineRoute({
  method: 'GET',
  path: '/api/ledger/self-check',
  tag: 'money',
  summary: 'Proves the books: Σ = 0, caches = replay, each sale line = Σ its parts',
  access: staff,
  reply: z.object({ isSound: z.boolean(), checkedTransfers: z.int(), problems: z.array(z.string()) }),
  status: 200,
})
export const runBooksCheck = defineRoute({
  method: 'POST',
  path: '/api/ledger/self-checks',
  tag: 'money',
  summary: 'Prove the books now and keep the result',
  access: staff,
  reply: BooksCheck,
  status: 201,
})
export const listBooksChecks = defineRoute({
  method: 'GET',
  path: '/api/ledger/self-checks',
  tag: 'money',
  summary: 'Self-checks of the books, newest first: the nightly ones and those that people asked for',
  access: staff,
  query: PageQuery,
  reply: pageOf(BooksCheck),
  status: 200,
})

export const HouseholdSummary = z
  .object({
    householdCode: z.string(),
    headName: z.string(),
    villageName: z.string(),
    townName: z.string(),
    kind: z.string(),
    population: z.int(),
    helperName: z.string().optional(),
    incomeFen: Fen,
  })
  .meta({ id: 'HouseholdSummary' })
export const IncomeKind = z
  .enum(['OPERATING', 'OPERATING_COST', 'PROPERTY', 'WAGE', 'TRANSFER', 'IN_KIND'])
  .meta({ id: 'IncomeKind' })
export const IncomeSource = z
  .enum([
    'sale',
    'surplus',
    'stock-loss',
    'donation',
    'distribution',
    'patronage',
    'second-distribution',
    'wage',
    'grant',
    'cost',
    'history',
  ])
  .meta({ id: 'IncomeSource' })
/** Fen by kind of income; kinds without any are left out, operating cost is positive. */
export const IncomeTotals = z.partialRecord(IncomeKind, Fen).meta({ id: 'IncomeTotals' })
export const IncomeLine = z
  .object({
    transferId: TransferId,
    atMs: EpochMs,
    incomeKind: IncomeKind,
    /** Where it came from: a sale, a distribution, wages, a grant … */
    source: IncomeSource,
    amountFen: Fen,
    /** The import that entered it. */
    importId: Id.optional(),
    saleLineId: Id.optional(),
    sessionId: Id.optional(),
    skuName: z.string().optional(),
    lotTraceCode: z.string().optional(),
    cabinetCode: z.string().optional(),
    /** The sum spelled out: sale amount × plan share × lot share = this amount. */
    explanation: z.array(z.string()),
  })
  .meta({ id: 'IncomeLine' })
export const listHouseholds = defineRoute({
  method: 'GET',
  path: '/api/households',
  tag: 'households',
  summary: 'Households by code or by income, with that income; a helper sees own households, a desk those of its area',
  access: ['helper', 'desk', 'operator', 'finance', 'auditor', 'admin'],
  query: NamedPageQuery.extend({
    townCode: z.string().max(12).optional(),
    search: z.string().max(40).optional(),
    hasIncome: z.stringbool().optional(),
    order: z.enum(['ascending', 'descending', 'income-lowest', 'income-highest']).default('ascending'),
  }),
  reply: pageOf(HouseholdSummary),
  status: 200,
})
export const getHouseholdIncome = defineRoute({
  method: 'GET',
  path: '/api/households/:householdCode/income',
  tag: 'households',
  summary: 'One household’s income, each line explained down to the sale; a farmer sees the own household only',
  access: ['farmer', 'helper', 'desk', 'operator', 'finance', 'auditor', 'admin'],
  params: z.object({ householdCode: z.string().regex(/^\d{16}$/) }),
  query: PageQuery,
  reply: z.object({
    household: HouseholdSummary,
    /** Gross cash income; operating cost and goods in kind stand apart in the totals. */
    totalFen: Fen,
    totalsFen: IncomeTotals,
    rows: z.array(IncomeLine),
    nextCursor: z.string().optional(),
  }),
  status: 200,
})

const BasisPoints = z.int().min(0).max(10_000)
/** How a sale line's amount is split, in basis points (10,000 = all). The four shares sum to 10,000. */
export const RevenueShares = z
  .object({
    householdBp: BasisPoints,
    supplierBp: BasisPoints,
    organisationBp: BasisPoints,
    operatorBp: BasisPoints,
    /** To the relief fund, of non-certified goods only, before the shares. */
    fundBp: BasisPoints,
  })
  .meta({ id: 'RevenueShares' })
export const RevenuePlan = z
  .object({
    planId: Id,
    /** Whose sales; absent: every supplier without a plan of its own. */
    supplierId: Id.optional(),
    version: z.int(),
    state: z.enum(['draft', 'approved']),
    shares: RevenueShares,
    effectiveFromMs: EpochMs,
    note: z.string(),
    preparedBy: z.string(),
    approvedBy: z.string().optional(),
    approvedAtMs: EpochMs.optional(),
  })
  .meta({ id: 'RevenuePlan' })
export const listRevenuePlans = defineRoute({
  method: 'GET',
  path: '/api/revenue-plans',
  tag: 'money',
  summary: 'Revenue plans with all their versions: who gets which share of a sale, from when',
  access: staff,
  reply: z.object({ rows: z.array(RevenuePlan) }),
  status: 200,
})
export const draftRevenuePlan = defineRoute({
  method: 'POST',
  path: '/api/revenue-plans',
  tag: 'money',
  summary: 'Draft the next version of a revenue plan; nothing changes until another person approves it',
  access: ['finance', 'admin'],
  body: z.object({
    supplierId: Id.optional(),
    shares: RevenueShares,
    effectiveFromMs: EpochMs,
    note: Reason,
  }),
  reply: RevenuePlan,
  status: 201,
})
export const approveRevenuePlan = defineRoute({
  method: 'POST',
  path: '/api/revenue-plans/:planId/approval',
  tag: 'money',
  summary: 'Approve a drafted plan, by another person than who drafted it; past sales keep their plan',
  access: ['finance', 'admin'],
  params: z.object({ planId: Id }),
  reply: RevenuePlan,
  status: 200,
})
