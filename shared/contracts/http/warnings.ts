import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { NonNegativeFen } from '../../units/fen.ts'
import { HouseholdCode, HouseholdKind } from './households.ts'
import { defineRoute } from './route.ts'
import { pageOf, PageQuery, TimedPageQuery } from './paging.ts'
import { Reason } from './reason.ts'

const staff = ['operator', 'finance', 'auditor', 'admin'] as const

export const MonitoringLine = z
  .object({
    year: z.int(),
    version: z.int(),
    /** Net income per head and year below which a household is watched. */
    amountFen: NonNegativeFen,
    documentNumber: z.string(),
    enteredBy: Id,
    enteredAtMs: EpochMs,
  })
  .meta({ id: 'MonitoringLine' })
export const listMonitoringLines = defineRoute({
  method: 'GET',
  path: '/api/monitoring-lines',
  tag: 'warnings',
  summary: 'Monitoring lines (监测线) with their document numbers, newest year and version first; none is shipped',
  access: ['helper', 'desk', ...staff],
  query: PageQuery,
  reply: pageOf(MonitoringLine),
  status: 200,
})
export const enterMonitoringLine = defineRoute({
  method: 'POST',
  path: '/api/monitoring-lines',
  tag: 'warnings',
  summary: 'Enter the monitoring line of a year with its document; a correction is the next version',
  access: ['operator', 'admin'],
  body: z.object({
    year: z.int().min(2014).max(2100),
    amountFen: NonNegativeFen.min(1),
    documentNumber: z.string().trim().min(3).max(80),
  }),
  reply: MonitoringLine,
  status: 201,
})

export const WarningRule = z
  .enum(['INCOME_FELL', 'BELOW_LINE', 'NO_SALE_IN_SEASON', 'SURPLUS_OPEN', 'PAYOUT_FAILED'])
  .meta({ id: 'WarningRule' })
export const WarningOutcome = z
  .enum(['HELP_ARRANGED', 'WATCHED_ON', 'NO_NEED', 'DATA_WRONG', 'STATUS_REVIEW_ASKED'])
  .meta({ id: 'WarningOutcome' })
/** One figure the rule saw. */
export const EvidenceRow = z
  .object({ label: z.string(), value: z.string(), source: z.string().optional() })
  .meta({ id: 'EvidenceRow' })
export const Warning = z
  .object({
    warningId: Id,
    rule: WarningRule,
    /** The rule in words, with the threshold it was judged by. */
    ruleText: z.string(),
    householdCode: HouseholdCode,
    headName: z.string(),
    villageName: z.string(),
    townName: z.string(),
    kind: HouseholdKind,
    helperName: z.string().optional(),
    raisedAtMs: EpochMs,
    evidence: z.array(EvidenceRow),
    outcome: z.object({ outcome: WarningOutcome, note: z.string(), byAccountId: Id, atMs: EpochMs }).optional(),
  })
  .meta({ id: 'Warning' })
export const listWarnings = defineRoute({
  method: 'GET',
  path: '/api/warnings',
  tag: 'warnings',
  summary: 'Warnings (防返贫预警), newest first; a helper sees those of own households',
  access: ['helper', 'desk', ...staff],
  query: TimedPageQuery.extend({
    rule: WarningRule.optional(),
    isOpen: z.stringbool().optional(),
    householdCode: HouseholdCode.optional(),
  }),
  reply: pageOf(Warning),
  status: 200,
})
export const closeWarning = defineRoute({
  method: 'POST',
  path: '/api/warnings/:warningId/outcome',
  tag: 'warnings',
  summary: 'Say what came of a warning; it changes no status, that is a change of the register by a person',
  access: ['helper', 'desk', 'operator', 'admin'],
  params: z.object({ warningId: Id }),
  body: z.object({ outcome: WarningOutcome, note: Reason }),
  reply: Warning,
  status: 200,
})

const MonthDay = z
  .string()
  .regex(/^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/, 'a day of the year looks like 11-01')
  .refine((day) => !['02-30', '02-31', '04-31', '06-31', '09-31', '11-31'].includes(day), 'no year has this day')
export const ProductSeason = z
  .object({ skuId: Id, skuName: z.string(), fromDay: MonthDay, toDay: MonthDay })
  .meta({ id: 'ProductSeason' })
export const listProductSeasons = defineRoute({
  method: 'GET',
  path: '/api/product-seasons',
  tag: 'warnings',
  summary: 'Season calendar: when each product is harvested',
  access: ['helper', 'desk', ...staff],
  query: PageQuery,
  reply: pageOf(ProductSeason),
  status: 200,
})
export const setProductSeason = defineRoute({
  method: 'PUT',
  path: '/api/product-seasons/:skuId',
  tag: 'warnings',
  summary: 'Set the season of a product; it may run over New Year',
  access: ['operator', 'admin'],
  params: z.object({ skuId: Id }),
  body: z.object({ fromDay: MonthDay, toDay: MonthDay }),
  reply: ProductSeason,
  status: 200,
})
