import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { defineRoute } from './route.ts'
import { pageOf, TimedPageQuery } from './paging.ts'

const Facts = z.record(z.string(), z.unknown())

/** One change somebody made: who, what, why, before, after, and its place in a chain of hashes. */
export const AuditRow = z
  .object({
    auditId: Id,
    atMs: EpochMs,
    /** Absent: the server itself. */
    accountId: z.string().optional(),
    accountName: z.string().optional(),
    action: z.string(),
    subjectId: z.string(),
    why: z.string().optional(),
    before: Facts.optional(),
    after: Facts.optional(),
    detail: Facts,
    chainId: z.string(),
    seq: z.int(),
    hash: z.string(),
  })
  .meta({ id: 'AuditRow' })

const readers = ['auditor', 'admin'] as const

export const listAudit = defineRoute({
  method: 'GET',
  path: '/api/audit',
  tag: 'audit',
  summary: 'What people changed, newest first; by subject, person, action (or its noun) and time',
  access: readers,
  query: TimedPageQuery.extend({
    subjectId: z.string().max(200).optional(),
    accountId: z.string().max(100).optional(),
    action: z
      .string()
      .regex(/^[a-z_]+(\.[a-z_]+)?$/)
      .max(100)
      .optional(),
    fromMs: z.coerce.number().int().min(0).optional(),
    toMs: z.coerce.number().int().min(0).optional(),
  }),
  reply: pageOf(AuditRow),
  status: 200,
})
export const checkAudit = defineRoute({
  method: 'GET',
  path: '/api/audit/self-check',
  tag: 'audit',
  summary: 'Proves the trail: follows every chain of hashes and names the first row that is wrong',
  access: readers,
  reply: z.object({
    isWhole: z.boolean(),
    checkedRows: z.int(),
    checkedChains: z.int(),
    broken: z.array(
      z.object({ chainId: z.string(), seq: z.int(), auditId: z.string().optional(), problem: z.string() }),
    ),
  }),
  status: 200,
})
