import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { Fen, NonNegativeFen } from '../../units/fen.ts'
import { IncomeKind, IncomeSource, IncomeTotals, LedgerAccountId } from './money.ts'
import { defineRoute } from './route.ts'
import { pageOf, PageQuery, TimedPageQuery } from './paging.ts'
import { Reason } from './reason.ts'

const staff = ['finance', 'auditor', 'admin'] as const
const clerks = ['finance', 'admin'] as const
const HouseholdCode = z.string().regex(/^\d{16}$/, 'a household code has 16 digits')

export const ImportKind = z.enum(['wages', 'grants', 'costs', 'history']).meta({ id: 'IncomeImportKind' })
export const Payer = z.enum(['outside', 'organisation', 'relief-fund']).meta({
  id: 'IncomePayer',
  description: 'outside: paid by other ways, recorded only; the others are owed and paid out.',
})
export const IncomeImport = z
  .object({
    importId: Id,
    kind: ImportKind,
    payer: Payer,
    organisationId: Id.optional(),
    title: z.string(),
    documentNumber: z.string(),
    /** Of the file as it came; absent of a reversal. */
    sha256: z.string().optional(),
    /** The import that this one takes back. */
    reversesImportId: Id.optional(),
    rowCount: z.int(),
    totalFen: Fen,
    importedBy: z.string(),
    /** In lists; empty where the account is not known here any more. */
    importedByName: z.string().optional(),
    importedAtMs: EpochMs,
    reason: z.string().optional(),
  })
  .meta({ id: 'IncomeImport' })

/** How many postings a dry run lists. */
const maxShownPostings = 20_000
const Posting = z.object({
  debitAccountId: LedgerAccountId,
  creditAccountId: LedgerAccountId,
  amountFen: NonNegativeFen,
  memo: z.string(),
})

const ImportQuery = z.object({
  kind: ImportKind,
  payer: Payer,
  organisationId: Id.optional(),
  title: z.string().trim().min(2).max(100),
  documentNumber: z.string().trim().min(2).max(100),
  /** What the paper says the file comes to. */
  totalFen: z.coerce.number().pipe(NonNegativeFen).optional(),
  rowCount: z.coerce.number().int().min(1).optional(),
})
const upload = { maxBytes: 16 * 1024 * 1024 }

export const previewIncomes = defineRoute({
  method: 'POST',
  path: '/api/income-imports/preview',
  tag: 'incomes',
  summary: 'What an income file would enter and the exact postings it would book; nothing is changed',
  access: clerks,
  audit: { none: 'It reads the file, the register and the books; what is imported afterwards leaves its row.' },
  query: ImportQuery,
  upload,
  reply: z.object({
    /** Set when this very file is imported already: importing it does nothing. */
    earlier: IncomeImport.optional(),
    rowCount: z.int(),
    totalFen: Fen,
    totalsFen: IncomeTotals,
    postings: z.array(Posting).max(maxShownPostings),
  }),
  status: 200,
})
export const importIncomes = defineRoute({
  method: 'POST',
  path: '/api/income-imports',
  tag: 'incomes',
  summary:
    'Import wages, grants, operating costs or history from a file, all rows or none; the same file does nothing again',
  access: clerks,
  query: ImportQuery,
  upload,
  reply: z.object({ outcome: z.enum(['imported', 'already']), import: IncomeImport }),
  status: 200,
})
export const listIncomeImports = defineRoute({
  method: 'GET',
  path: '/api/income-imports',
  tag: 'incomes',
  summary: 'Imports and their reversals, newest first',
  access: staff,
  query: TimedPageQuery,
  reply: pageOf(IncomeImport),
  status: 200,
})
export const listImportLines = defineRoute({
  method: 'GET',
  path: '/api/income-imports/:importId/lines',
  tag: 'incomes',
  summary: 'Lines of an import in the order of its file',
  access: staff,
  params: z.object({ importId: Id }),
  query: PageQuery,
  reply: pageOf(
    z.object({
      row: z.int(),
      householdCode: z.string(),
      source: IncomeSource,
      incomeKind: IncomeKind,
      amountFen: Fen,
      /** What a reversal could not take back and the platform bears. */
      borneFen: NonNegativeFen,
      atMs: EpochMs,
      detail: z.string(),
      reference: z.string().optional(),
      isPosted: z.boolean(),
    }),
  ),
  status: 200,
})
export const reverseIncomeImport = defineRoute({
  method: 'POST',
  path: '/api/income-imports/:importId/reversal',
  tag: 'incomes',
  summary: 'Take an import back by a new negative one; no household falls below zero',
  access: clerks,
  params: z.object({ importId: Id }),
  body: z.object({ reason: Reason }),
  reply: IncomeImport,
  status: 201,
})

export const IncomeMapping = z
  .object({
    source: IncomeSource,
    incomeKind: IncomeKind,
    effectiveFromMs: EpochMs,
    documentNumber: z.string(),
    setBy: z.string(),
    setAtMs: EpochMs,
  })
  .meta({ id: 'IncomeMapping' })
export const listIncomeMappings = defineRoute({
  method: 'GET',
  path: '/api/income-mappings',
  tag: 'incomes',
  summary: 'Which kind of income each source counts as: what is shipped, and what was decided since',
  access: staff,
  reply: z.object({
    shipped: z.array(z.object({ source: IncomeSource, incomeKind: IncomeKind, mayBe: z.array(IncomeKind) })),
    rows: z.array(IncomeMapping),
  }),
  status: 200,
})
export const setIncomeMapping = defineRoute({
  method: 'POST',
  path: '/api/income-mappings',
  tag: 'incomes',
  summary: 'Decide what a source counts as from an instant on; earlier income keeps its kind',
  access: ['admin'],
  body: z.object({
    source: IncomeSource,
    incomeKind: IncomeKind,
    effectiveFromMs: EpochMs,
    documentNumber: z.string().trim().min(2).max(100),
  }),
  reply: IncomeMapping,
  status: 201,
})
export const getNetIncome = defineRoute({
  method: 'GET',
  path: '/api/households/:householdCode/net-income',
  tag: 'households',
  summary: 'Income of the twelve months before an instant, by kind, net of operating cost and per head',
  access: ['farmer', 'helper', 'desk', 'operator', 'finance', 'auditor', 'admin'],
  params: z.object({ householdCode: HouseholdCode }),
  query: z.object({ beforeMs: z.coerce.number().pipe(EpochMs).optional() }),
  reply: z.object({
    householdCode: z.string(),
    fromMs: EpochMs,
    beforeMs: EpochMs,
    population: z.int(),
    totalsFen: IncomeTotals,
    grossFen: Fen,
    netFen: Fen,
    perCapitaFen: Fen,
  }),
  status: 200,
})
