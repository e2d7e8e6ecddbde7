import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { defineRoute } from './route.ts'
import { pageOf, PageQuery } from './paging.ts'
import { Reason } from './reason.ts'

/** Village code (12 digits) + serial (4 digits). */
export const HouseholdCode = z.string().regex(/^\d{16}$/, 'a household code has 16 digits')
/** POOR and EXITED are the 2020 words; the three monitored kinds came after; ORDINARY households are co-op members. */
export const HouseholdKind = z
  .enum(['POOR', 'EXITED', 'UNSTABLE_EXITED', 'EDGE_AT_RISK', 'SUDDEN_HARDSHIP', 'ORDINARY'])
  .meta({ id: 'HouseholdKind' })
export const HeadName = z.string().trim().min(1).max(40)
export const Population = z.int().min(1).max(30)
export const Phone = z.string().regex(/^1\d{10}$/, 'a mobile number has 11 digits')
export const RegisterYear = z.int().min(2013).max(2100)
const UnitName = z.string().trim().min(2).max(80)

const staff = ['operator', 'finance', 'auditor', 'admin'] as const

export const HouseholdDetail = z
  .object({
    householdCode: HouseholdCode,
    headName: z.string(),
    villageCode: z.string(),
    villageName: z.string(),
    townCode: z.string(),
    townName: z.string(),
    kind: HouseholdKind,
    population: z.int(),
    /** 138****1234. */
    phoneMasked: z.string().optional(),
    identifiedYear: z.int().optional(),
    exitedYear: z.int().optional(),
    /** What changed, newest first. */
    changes: z.array(
      z.object({
        atMs: EpochMs,
        what: z.enum(['kind', 'headName', 'population', 'phone', 'identifiedYear', 'exitedYear']),
        previous: z.string().optional(),
        /** Empty: it was removed; of what it was only the mask stays. */
        value: z.string(),
        byAccountId: Id.optional(),
        reason: z.string().optional(),
      }),
    ),
    /** Who helped, newest first; the one without `toMs` does now. */
    helpers: z.array(
      z.object({
        helperAccountId: Id.optional(),
        helperName: z.string(),
        unitName: z.string(),
        fromMs: EpochMs,
        toMs: EpochMs.optional(),
      }),
    ),
  })
  .meta({ id: 'HouseholdDetail' })

const Facts = z.object({
  headName: HeadName,
  phone: Phone.optional(),
  population: Population,
  kind: HouseholdKind,
  identifiedYear: RegisterYear.optional(),
  exitedYear: RegisterYear.optional(),
})

export const getHousehold = defineRoute({
  method: 'GET',
  path: '/api/households/:householdCode',
  tag: 'households',
  summary: 'One household of the register with the history of its facts and helpers',
  access: ['farmer', 'helper', 'desk', ...staff],
  params: z.object({ householdCode: HouseholdCode }),
  reply: HouseholdDetail,
  status: 200,
})
export const enterHousehold = defineRoute({
  method: 'POST',
  path: '/api/households',
  tag: 'households',
  summary: 'Enter a household into the register; a desk does so in its area',
  access: ['desk', 'operator', 'admin'],
  body: Facts.extend({ householdCode: HouseholdCode }),
  reply: HouseholdDetail,
  status: 201,
})
export const importHouseholds = defineRoute({
  method: 'POST',
  path: '/api/households/imports',
  tag: 'households',
  summary:
    'Import the register from CSV or XLSX, all rows or none: new households enter, known ones change with history',
  access: ['operator', 'admin'],
  query: z.object({ reason: Reason }),
  upload: { maxBytes: 16 * 1024 * 1024 },
  reply: z.object({ entered: z.int(), changed: z.int(), unchanged: z.int() }),
  status: 201,
})
export const previewHouseholds = defineRoute({
  method: 'POST',
  path: '/api/households/imports/preview',
  tag: 'households',
  summary: 'What a register file would enter and change; the import itself, undone',
  access: ['operator', 'admin'],
  audit: { none: 'What the import writes is undone before the answer; what is imported afterwards leaves its row.' },
  query: z.object({ reason: Reason }),
  upload: { maxBytes: 16 * 1024 * 1024 },
  reply: z.object({ entered: z.int(), changed: z.int(), unchanged: z.int() }),
  status: 200,
})
export const changeHousehold = defineRoute({
  method: 'PATCH',
  path: '/api/households/:householdCode',
  tag: 'households',
  summary: 'Change facts of a household, with the reason; leaving poverty is a new kind, never a delete',
  access: ['desk', 'operator', 'admin'],
  params: z.object({ householdCode: HouseholdCode }),
  /** A phone number that is null is removed. */
  body: Facts.partial().extend({ phone: Phone.nullable().optional(), reason: Reason }),
  reply: HouseholdDetail,
  status: 200,
})
export const takeOutHousehold = defineRoute({
  method: 'POST',
  path: '/api/households/:householdCode/removal',
  tag: 'households',
  summary:
    'Take a household out that was entered by mistake, while nothing is built on it: its row stays, its number is not given again',
  access: ['desk', 'operator', 'admin'],
  params: z.object({ householdCode: HouseholdCode }),
  body: z.object({ reason: Reason }),
  reply: z.void(),
  status: 204,
})
export const bindHelper = defineRoute({
  method: 'PUT',
  path: '/api/households/:householdCode/helper',
  tag: 'households',
  summary: 'Bind a helper to a household; the binding before it ends and stays in the history',
  access: ['desk', 'operator', 'admin'],
  params: z.object({ householdCode: HouseholdCode }),
  body: z.object({ helperAccountId: Id, unitName: UnitName, reason: Reason }),
  reply: HouseholdDetail,
  status: 200,
})
export const listHelpers = defineRoute({
  method: 'GET',
  path: '/api/helpers',
  tag: 'households',
  summary: 'Helpers with how many households they help and how often they called in the last 30 days',
  access: ['desk', ...staff],
  query: PageQuery,
  reply: pageOf(
    z.object({
      helperAccountId: Id,
      name: z.string(),
      households: z.int(),
      visits: z.int(),
      lastVisitAtMs: EpochMs.optional(),
    }),
  ),
  status: 200,
})
export const listHelperCandidates = defineRoute({
  method: 'GET',
  path: '/api/helper-candidates',
  tag: 'households',
  summary: 'Who may be bound as a helper, by name, whether they help anybody in scope yet or nobody',
  access: ['desk', 'operator', 'admin'],
  query: PageQuery.extend({ search: z.string().max(40).optional() }),
  reply: pageOf(z.object({ helperAccountId: Id, name: z.string(), households: z.int() })),
  status: 200,
})
export const listHelperCoverage = defineRoute({
  method: 'GET',
  path: '/api/helper-coverage',
  tag: 'households',
  summary: 'Per town or village: how many relief households have a helper and were called on in the window',
  access: ['desk', ...staff],
  query: PageQuery.extend({
    level: z.enum(['town', 'village']).default('town'),
    townCode: z.string().max(12).optional(),
    windowDays: z.coerce.number().int().min(1).max(366).default(30),
  }),
  reply: pageOf(
    z.object({
      areaCode: z.string(),
      areaName: z.string(),
      /** All but ORDINARY ones. */
      households: z.int(),
      withHelper: z.int(),
      visited: z.int(),
      /** Visits in the window, by channel. */
      phoneVisits: z.int(),
      wechatVisits: z.int(),
      homeVisits: z.int(),
    }),
  ),
  status: 200,
})
