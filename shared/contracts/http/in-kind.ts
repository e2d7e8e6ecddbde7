import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { MassMg, MassSumMg } from '../../units/mass.ts'
import { HouseholdCode } from './households.ts'
import { defineRoute } from './route.ts'
import { pageOf, PageQuery } from './paging.ts'
import { Reason } from './reason.ts'

const readers = ['farmer', 'helper', 'desk', 'operator', 'finance', 'auditor', 'admin'] as const

export const InKindItem = z.enum(['FERTILISER', 'SEED', 'OTHER']).meta({ id: 'InKindItem' })
export const InKindGrant = z
  .object({
    importId: Id,
    row: z.int(),
    householdCode: HouseholdCode,
    headName: z.string(),
    item: InKindItem,
    /** Below zero: taken back. */
    massMg: MassMg,
    documentNumber: z.string(),
    grantedAtMs: EpochMs,
    /** Why it was taken back. */
    reason: z.string().optional(),
  })
  .meta({ id: 'InKindGrant' })
const InKindTotal = z.object({ item: InKindItem, households: z.int(), massMg: MassSumMg })

export const InKindImport = z
  .object({
    importId: Id,
    documentNumber: z.string(),
    grantedAtMs: EpochMs,
    importedBy: z.string(),
    /** Empty where the account is not known here any more. */
    importedByName: z.string().optional(),
    importedAtMs: EpochMs,
    /** The import that this one takes back, and why. */
    reversesImportId: Id.optional(),
    reason: z.string().optional(),
    /** The import that took this one back. */
    reversedByImportId: Id.optional(),
    totals: z.array(InKindTotal),
  })
  .meta({ id: 'InKindImport' })

const grantFile = {
  query: z.object({
    documentNumber: z.string().trim().min(3).max(80),
    grantedOn: z.iso.date(),
  }),
  upload: { maxBytes: 8 * 1024 * 1024 },
} as const

export const importInKindGrants = defineRoute({
  method: 'POST',
  path: '/api/in-kind-grants/imports',
  tag: 'households',
  summary: 'Import goods granted in kind (household, item, kg) from CSV or XLSX: all rows or none; no cash income',
  access: ['operator', 'admin'],
  ...grantFile,
  reply: z.object({ importId: Id, rows: z.int(), households: z.int(), totals: z.array(InKindTotal) }),
  status: 201,
})
export const previewInKindGrants = defineRoute({
  method: 'POST',
  path: '/api/in-kind-grants/imports/preview',
  tag: 'households',
  summary: 'What a list of goods granted in kind would enter; the import itself, undone',
  access: ['operator', 'admin'],
  audit: { none: 'What the import writes is undone before the answer; what is imported afterwards leaves its row.' },
  ...grantFile,
  reply: z.object({ rows: z.int(), households: z.int(), totals: z.array(InKindTotal) }),
  status: 200,
})
export const listInKindImports = defineRoute({
  method: 'GET',
  path: '/api/in-kind-grants/imports',
  tag: 'households',
  summary: 'Imports of goods in kind and their reversals, newest first',
  access: ['operator', 'auditor', 'admin'],
  query: PageQuery,
  reply: pageOf(InKindImport),
  status: 200,
})
export const reverseInKindImport = defineRoute({
  method: 'POST',
  path: '/api/in-kind-grants/imports/:importId/reversal',
  tag: 'households',
  summary: 'Take an import of goods in kind back by a new negative one; the list may then be imported anew',
  access: ['operator', 'admin'],
  params: z.object({ importId: Id }),
  body: z.object({ reason: Reason }),
  reply: z.object({ importId: Id, reversesImportId: Id, rows: z.int(), totals: z.array(InKindTotal) }),
  status: 201,
})
export const listInKindGrants = defineRoute({
  method: 'GET',
  path: '/api/in-kind-grants',
  tag: 'households',
  summary: 'Goods granted in kind, in scope, by household',
  access: readers,
  query: PageQuery.extend({ householdCode: HouseholdCode.optional(), item: InKindItem.optional() }),
  reply: pageOf(InKindGrant),
  status: 200,
})
export const getInKindTotals = defineRoute({
  method: 'GET',
  path: '/api/in-kind-grants/totals',
  tag: 'households',
  summary: 'Households and kilograms per item, in scope',
  access: readers,
  reply: z.object({ households: z.int(), totals: z.array(InKindTotal) }),
  status: 200,
})
