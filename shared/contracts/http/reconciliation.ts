import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { Fen } from '../../units/fen.ts'
import { LedgerAccountId } from './money.ts'
import { defineRoute } from './route.ts'
import { pageOf, TimedPageQuery } from './paging.ts'
import { Reason } from './reason.ts'

const staff = ['finance', 'auditor', 'admin'] as const
const clerks = ['finance', 'admin'] as const

export const reconciliationChannels = ['top-ups', 'payouts'] as const
export const differenceKinds = ['missing_in_books', 'missing_in_statement', 'amount_differs'] as const
/** What may be behind a difference. */
export const causeCandidates = [
  /** The same amount stands on the other side under another reference. */
  'reference_mistyped',
  'not_booked_yet',
  'statement_not_complete',
  /** The statement has less: the provider kept its fee. */
  'fee_deducted',
  /** The difference divides by nine: two digits were swapped. */
  'digits_swapped',
  'decimal_point_lost',
  /** The bank moved money that the batch does not hold for paid. */
  'return_file_missing',
  /** The batch holds for paid what the bank does not show. */
  'bank_did_not_pay',
  /** The bank moved more, or less, for a line than the batch says. */
  'bank_took_more',
  'bank_took_less',
  /** The bank moved twice what the batch says. */
  'paid_twice',
  /** The bank took a little more: it may have added its fee. */
  'fee_added',
  /** Batch and ledger, both ours, disagree: the books need a look. */
  'own_books_disagree',
  /** A posting closed it, and then its figures moved or its other side came. */
  'closed_too_early',
] as const

export const ReconciliationChannel = z.enum(reconciliationChannels).meta({
  id: 'ReconciliationChannel',
  description:
    'top-ups: money that buyers paid in, per day; payouts: what the bank paid to households, per batch, and per day what the bank moved for no batch.',
})
const Day = z.iso.date('a day looks like 2026-11-27')

export const Reconciliation = z
  .object({
    channel: ReconciliationChannel,
    /** A day, or the number of a payout batch; of payouts a day is what belongs to no batch. */
    subject: z.string(),
    statementFen: Fen,
    booksFen: Fen,
    /** What is open: statement less books, less what postings closed. */
    differenceFen: Fen,
    openCount: z.int(),
    atMs: EpochMs,
  })
  .meta({ id: 'Reconciliation' })
export const ReconciliationDifference = z
  .object({
    differenceId: Id,
    channel: ReconciliationChannel,
    subject: z.string(),
    kind: z.enum(differenceKinds),
    reference: z.string(),
    statementFen: Fen,
    booksFen: Fen,
    /** What the payout batch says. */
    batchFen: Fen.optional(),
    /** What may be behind it, for a person to look at. */
    causes: z.array(z.enum(causeCandidates)),
    state: z.enum(['open', 'proposed', 'closed', 'matched']),
    foundAtMs: EpochMs,
    otherAccountId: LedgerAccountId.optional(),
    reason: z.string().optional(),
    proposedBy: z.string().optional(),
    proposedAtMs: EpochMs.optional(),
    approvedBy: z.string().optional(),
    approvedAtMs: EpochMs.optional(),
  })
  .meta({ id: 'ReconciliationDifference' })

export const ChannelStatement = z
  .object({
    statementId: Id,
    channel: ReconciliationChannel,
    fromDay: Day,
    throughDay: Day,
    rowCount: z.int(),
    totalFen: Fen,
    importedBy: z.string(),
    /** Empty where the account is not known here any more. */
    importedByName: z.string().optional(),
    importedAtMs: EpochMs,
    /** Who took it back, when and why: nothing is compared with it any more, and the file may be imported again. */
    takenBack: z
      .object({ by: z.string(), byName: z.string().optional(), atMs: EpochMs, reason: z.string() })
      .optional(),
  })
  .meta({ id: 'ChannelStatement' })

export const importStatement = defineRoute({
  method: 'POST',
  path: '/api/channel-statements',
  tag: 'reconciliation',
  summary: 'Take in a statement of the bank or channel, all rows or none, and reconcile the days and batches it names',
  access: clerks,
  query: z.object({ channel: ReconciliationChannel }),
  upload: { maxBytes: 16 * 1024 * 1024 },
  reply: z.object({
    outcome: z.enum(['imported', 'already']),
    statementId: Id,
    fromDay: Day,
    throughDay: Day,
    rowCount: z.int(),
    totalFen: Fen,
    reconciled: z.array(Reconciliation),
  }),
  status: 200,
})
export const previewStatement = defineRoute({
  method: 'POST',
  path: '/api/channel-statements/preview',
  tag: 'reconciliation',
  summary: 'What a statement holds, read and checked as the import does, then undone',
  access: clerks,
  audit: { none: 'What the import writes is undone before the answer; what is imported afterwards leaves its row.' },
  query: z.object({ channel: ReconciliationChannel }),
  upload: { maxBytes: 16 * 1024 * 1024 },
  reply: z.object({
    outcome: z.enum(['imported', 'already']),
    fromDay: Day,
    throughDay: Day,
    rowCount: z.int(),
    totalFen: Fen,
  }),
  status: 200,
})
export const listStatements = defineRoute({
  method: 'GET',
  path: '/api/channel-statements',
  tag: 'reconciliation',
  summary: 'Statements of a channel with who imported them, those taken back too, newest first',
  access: staff,
  query: TimedPageQuery.extend({ channel: ReconciliationChannel }),
  reply: pageOf(ChannelStatement),
  status: 200,
})
export const takeStatementBack = defineRoute({
  method: 'POST',
  path: '/api/channel-statements/:statementId/reversal',
  tag: 'reconciliation',
  summary:
    'Take a statement back that was imported wrongly, and compare again; refused while a posting that closed a difference rests on it',
  access: clerks,
  params: z.object({ statementId: Id }),
  body: z.object({ reason: Reason }),
  reply: z.object({ statementId: Id, reconciled: z.array(Reconciliation) }),
  status: 200,
})
export const reconcileSubject = defineRoute({
  method: 'POST',
  path: '/api/reconciliations',
  tag: 'reconciliation',
  summary:
    'Compare a day of the top-ups, a payout batch three ways (ledger, batch, bank), or a day’s lines of no batch, again',
  access: clerks,
  body: z.discriminatedUnion('channel', [
    z.object({ channel: z.literal('top-ups'), subject: Day }),
    z.object({ channel: z.literal('payouts'), subject: z.string().min(1).max(40) }),
  ]),
  reply: Reconciliation,
  status: 200,
})
export const listReconciliations = defineRoute({
  method: 'GET',
  path: '/api/reconciliations',
  tag: 'reconciliation',
  summary: 'Days and batches with what is open of them, newest first',
  access: staff,
  query: TimedPageQuery.extend({ channel: ReconciliationChannel, isOpen: z.stringbool().optional() }),
  reply: pageOf(Reconciliation),
  status: 200,
})
export const listDifferences = defineRoute({
  method: 'GET',
  path: '/api/reconciliation-differences',
  tag: 'reconciliation',
  summary: 'Differences with their cause candidates, newest first',
  access: staff,
  query: TimedPageQuery.extend({
    state: z.enum(['open', 'proposed', 'closed', 'matched']).optional(),
    channel: ReconciliationChannel.optional(),
    subject: z.string().max(40).optional(),
  }),
  reply: pageOf(ReconciliationDifference),
  status: 200,
})
export const proposeClosing = defineRoute({
  method: 'POST',
  path: '/api/reconciliation-differences/:differenceId/proposal',
  tag: 'reconciliation',
  summary: 'Propose the posting that closes a difference: who takes the other side, and why',
  access: clerks,
  params: z.object({ differenceId: Id }),
  body: z.object({ otherAccountId: LedgerAccountId, reason: Reason }),
  reply: ReconciliationDifference,
  status: 200,
})
export const approveClosing = defineRoute({
  method: 'POST',
  path: '/api/reconciliation-differences/:differenceId/approval',
  tag: 'reconciliation',
  summary: 'Approve and book the proposed posting; another person than who proposed it',
  access: clerks,
  params: z.object({ differenceId: Id }),
  reply: ReconciliationDifference,
  status: 200,
})
