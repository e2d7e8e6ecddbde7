import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { NonNegativeFen } from '../../units/fen.ts'
import { defineRoute } from './route.ts'
import { pageOf, TimedPageQuery } from './paging.ts'
import { Reason } from './reason.ts'

const WriteOffState = z.enum(['proposed', 'approved', 'withdrawn']).meta({ id: 'WriteOffState' })

/** A sale that will never be paid (核销): nothing is booked until a second person approves. */
export const WriteOff = z
  .object({
    writeOffId: Id,
    /** A line of a cabinet's session, or of a surplus order. */
    saleKind: z.enum(['cabinet', 'surplus']),
    saleLineId: Id,
    amountFen: NonNegativeFen.min(1),
    reason: Reason,
    /** Of the paper behind it: a court's ruling, a notice of bankruptcy. */
    documentNumber: z.string().trim().min(2).max(100),
    state: WriteOffState,
    proposedBy: z.string(),
    proposedAtMs: EpochMs,
    decidedBy: z.string().optional(),
    decidedAtMs: EpochMs.optional(),
  })
  .meta({ id: 'WriteOff' })

/** Money that came after its sale was written off. */
export const WriteOffRecovery = z
  .object({
    recoveryId: Id,
    writeOffId: Id,
    amountFen: NonNegativeFen.min(1),
    reason: Reason,
    /** Of the payment: the bank's or the channel's reference. */
    documentNumber: z.string().trim().min(2).max(100),
    bookedBy: z.string(),
    atMs: EpochMs,
  })
  .meta({ id: 'WriteOffRecovery' })

const ofWriteOff = z.object({ writeOffId: Id })

export const proposeWriteOff = defineRoute({
  method: 'POST',
  path: '/api/write-offs',
  tag: 'money',
  summary: 'Propose to write off what of a sale will never be paid; at most what is owed',
  access: ['finance', 'admin'],
  body: WriteOff.pick({ saleKind: true, saleLineId: true, amountFen: true, reason: true, documentNumber: true }),
  reply: WriteOff,
  status: 201,
})
export const approveWriteOff = defineRoute({
  method: 'POST',
  path: '/api/write-offs/:writeOffId/approval',
  tag: 'money',
  summary:
    'Approve a write-off, by another person than who proposed it: takes back what the sale gave, no household below zero',
  access: ['finance', 'admin'],
  params: ofWriteOff,
  reply: WriteOff,
  status: 200,
})
export const withdrawWriteOff = defineRoute({
  method: 'POST',
  path: '/api/write-offs/:writeOffId/withdrawal',
  tag: 'money',
  summary: 'Let a proposed write-off go',
  access: ['finance', 'admin'],
  params: ofWriteOff,
  reply: WriteOff,
  status: 200,
})
export const listWriteOffs = defineRoute({
  method: 'GET',
  path: '/api/write-offs',
  tag: 'money',
  summary: 'Write-offs, newest first',
  access: ['finance', 'auditor', 'admin'],
  query: TimedPageQuery.extend({ state: WriteOffState.optional() }),
  reply: pageOf(WriteOff),
  status: 200,
})
export const recoverWriteOff = defineRoute({
  method: 'POST',
  path: '/api/write-offs/:writeOffId/recoveries',
  tag: 'money',
  summary: 'A payment has come after all: gives back what the write-off took, at most what has arrived',
  access: ['finance', 'admin'],
  params: ofWriteOff,
  body: WriteOffRecovery.pick({ amountFen: true, reason: true, documentNumber: true }),
  reply: WriteOffRecovery,
  status: 201,
})
export const listWriteOffRecoveries = defineRoute({
  method: 'GET',
  path: '/api/write-offs/:writeOffId/recoveries',
  tag: 'money',
  summary: 'What came back of a write-off, newest first',
  access: ['finance', 'auditor', 'admin'],
  params: ofWriteOff,
  query: TimedPageQuery,
  reply: pageOf(WriteOffRecovery),
  status: 200,
})
