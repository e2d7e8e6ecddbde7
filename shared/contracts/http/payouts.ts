import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { NonNegativeFen } from '../../units/fen.ts'
import { LedgerAccountId, TransferId } from './money.ts'
import { defineRoute, Download } from './route.ts'
import { pageOf, PageQuery, TimedPageQuery } from './paging.ts'
import { Reason } from './reason.ts'

const tag = 'payouts'
const readers = ['finance', 'auditor', 'admin'] as const
const finance = ['finance'] as const

export const PayoutKind = z.enum(['OPERATING', 'PROPERTY', 'WAGE', 'TRANSFER']).meta({ id: 'PayoutKind' })
export const payoutStates = [
  'DRAFT',
  'REVIEWED',
  'NOTICE_OPEN',
  'OBJECTED',
  'RESOLVED',
  'NOTICE_CLOSED',
  'APPROVED',
  'EXPORTED',
  'BANK_RETURNED',
  'SETTLED',
  /** Given up before anything left: its lines are withdrawn, the money stays with the households. */
  'CANCELLED',
] as const
export const PayoutState = z.enum(payoutStates).meta({ id: 'PayoutState' })
const Count = z.int().min(0)
const BatchNo = z.string().max(20)
const LineId = z.string().min(1).max(40)
const HouseholdCode = z.string().regex(/^\d{16}$/)
const byBatch = z.object({ batchId: Id })

export const Payout = z
  .object({
    batchId: Id,
    batchNo: BatchNo,
    incomeKind: PayoutKind,
    state: PayoutState,
    /** Beginning of the household codes it pays; empty: all. */
    scopePrefix: z.string(),
    cutoffMs: EpochMs,
    minimumFen: NonNegativeFen,
    profileId: z.string(),
    profileVersion: z.int(),
    /** The batch whose refused lines this one tries again. */
    followsBatchId: Id.optional(),
    note: z.string(),
    preparedBy: z.string(),
    createdAtMs: EpochMs,
    /** Households looked at, of how many; complete when `isDrafted`. */
    isDrafted: z.boolean(),
    householdCount: Count,
    householdTotal: Count,
    lineCount: Count,
    totalFen: NonNegativeFen,
    skippedCount: Count,
    skippedFen: NonNegativeFen,
    noticeFromMs: EpochMs.optional(),
    noticeUntilMs: EpochMs.optional(),
    /** Lines that are in files or were taken out on the way. */
    exportedSeq: Count,
    exportedAtMs: EpochMs.optional(),
    returnDueMs: EpochMs.optional(),
    isOverdue: z.boolean(),
    settledAtMs: EpochMs.optional(),
  })
  .meta({ id: 'Payout' })
export const PayoutPart = z
  .object({
    accountId: z.string(),
    name: z.string(),
    part: z.enum(['prepare', 'review', 'approve', 'release', 'account-change']),
    atMs: EpochMs,
  })
  .meta({ id: 'PayoutPart' })
const OutcomeSum = z.object({ outcome: z.string(), count: Count, amountFen: NonNegativeFen })
export const PayoutDetail = Payout.extend({
  parts: z.array(PayoutPart),
  /** People who must sign each step. */
  required: z.object({ review: Count, approve: Count, release: Count }),
  outcomes: z.array(OutcomeSum),
  /** What may be done next, by the state machine. */
  moves: z.array(z.string()),
  openObjections: Count,
}).meta({ id: 'PayoutDetail' })

export const listPayouts = defineRoute({
  method: 'GET',
  path: '/api/payouts',
  tag,
  summary: 'Payout batches, newest first',
  access: readers,
  query: TimedPageQuery.extend({ state: PayoutState.optional(), incomeKind: PayoutKind.optional() }),
  reply: pageOf(Payout),
  status: 200,
})
export const draftPayout = defineRoute({
  method: 'POST',
  path: '/api/payouts',
  tag,
  summary: 'Open a draft; it pays what households have earned of one kind through the cut-off and posts nothing',
  access: finance,
  body: z.object({
    incomeKind: PayoutKind,
    /** Default: now. */
    cutoffMs: EpochMs.optional(),
    minimumFen: NonNegativeFen.min(1).default(1),
    profileId: z.string().min(1).max(40),
    scopePrefix: z
      .string()
      .regex(/^\d{0,16}$/)
      .default(''),
    note: z.string().trim().max(60).default(''),
  }),
  reply: Payout,
  status: 201,
})
export const continueDraft = defineRoute({
  method: 'POST',
  path: '/api/payouts/:batchId/draft-steps',
  tag,
  summary: 'Look at the next households of a draft; call again until isDrafted',
  access: finance,
  params: byBatch,
  reply: Payout,
  status: 200,
})
export const getPayout = defineRoute({
  method: 'GET',
  path: '/api/payouts/:batchId',
  tag,
  summary: 'One payout: who has which part in it, what was paid, what may be done next',
  access: readers,
  params: byBatch,
  reply: PayoutDetail,
  status: 200,
})

export const PayoutLine = z
  .object({
    seq: z.int(),
    lineId: LineId,
    householdCode: HouseholdCode,
    headName: z.string(),
    amountFen: NonNegativeFen,
    attempt: z.int(),
    outcome: z.string(),
    accountLast4: z.string(),
    fileNo: z.int().optional(),
    failCode: z.string().optional(),
    failReason: z.string().optional(),
    bankSerialNo: z.string().optional(),
    settledAtMs: EpochMs.optional(),
    queriedAtMs: EpochMs.optional(),
  })
  .meta({ id: 'PayoutLine' })
export const listPayoutLines = defineRoute({
  method: 'GET',
  path: '/api/payouts/:batchId/lines',
  tag,
  summary: 'Lines of a payout by their place in it, or by amount',
  access: readers,
  params: byBatch,
  query: PageQuery.extend({
    outcome: z.enum(['pending', 'exported', 'unknown', 'paid', 'failed', 'returned', 'withdrawn']).optional(),
    order: z.enum(['ascending', 'descending', 'amount-lowest', 'amount-highest']).default('ascending'),
  }),
  reply: pageOf(PayoutLine),
  status: 200,
})
export const listPayoutSkips = defineRoute({
  method: 'GET',
  path: '/api/payouts/:batchId/skipped',
  tag,
  summary: 'Households that are owed money and are not in this payout, and why',
  access: readers,
  params: byBatch,
  query: PageQuery,
  reply: pageOf(z.object({ householdCode: HouseholdCode, amountFen: NonNegativeFen, reason: z.string() })),
  status: 200,
})
export const Posting = z
  .object({
    transferId: TransferId,
    debitAccountId: LedgerAccountId,
    creditAccountId: LedgerAccountId,
    amountFen: NonNegativeFen,
  })
  .meta({ id: 'Posting' })
export const listPayoutPostings = defineRoute({
  method: 'GET',
  path: '/api/payouts/:batchId/postings',
  tag,
  summary: 'Dry run: the exact transfers that making the files will book, before anything is booked',
  access: readers,
  params: byBatch,
  query: PageQuery,
  reply: pageOf(Posting).extend({ count: Count, totalFen: NonNegativeFen }),
  status: 200,
})
export const explainPayoutLine = defineRoute({
  method: 'GET',
  path: '/api/payouts/:batchId/lines/:lineId',
  tag,
  summary: 'One line: its attempts, and the ledger entries that it pays',
  access: readers,
  params: byBatch.extend({ lineId: LineId }),
  query: PageQuery,
  reply: z.object({
    lineId: LineId,
    householdCode: HouseholdCode,
    amountFen: NonNegativeFen,
    state: z.string(),
    attempts: z.array(
      z.object({
        attempt: z.int(),
        batchNo: BatchNo,
        outcome: z.string(),
        failReason: z.string().optional(),
        bankSerialNo: z.string().optional(),
      }),
    ),
    /** What the line before left unpaid. */
    carriedInFen: z.int(),
    /** What the entries came to and is not paid with this line. */
    heldBackFen: z.int(),
    rows: z.array(z.object({ transferId: TransferId, atMs: EpochMs, amountFen: z.int() })),
    nextCursor: z.string().optional(),
  }),
  status: 200,
})

const step = (name: string, summary: string) =>
  defineRoute({
    method: 'POST',
    path: `/api/payouts/:batchId/${name}`,
    tag,
    summary,
    access: finance,
    params: byBatch,
    reply: Payout,
    status: 200,
  })
export const reviewPayout = step('review', 'Submit a complete draft; where the rules ask for reviewers, sign as one')
export const closePayoutNotice = step('notice-end', 'Close the public notice once its working days have passed')
export const approvePayout = step('approvals', 'Sign the approval, as somebody who has no other part in this payout')
export const releasePayout = step('releases', 'Sign the release, as somebody who has no other part in this payout')
export const settlePayout = step('settlement', 'Close a payout whose sampled recipients have confirmed')
export const reissuePayout = step('reissues', 'Draft the follow-up that holds only the lines the bank refused')
export const queryPayoutUnknown = step('queries', 'Record that the bank was asked about the lines it does not know')
export const exportPayout = step('export-steps', 'Make and book the next file; call again while the state is APPROVED')
export const openPayoutNotice = defineRoute({
  method: 'POST',
  path: '/api/payouts/:batchId/notice',
  tag,
  summary: 'Open the public notice for at least 7 working days',
  access: finance,
  params: byBatch,
  body: z.object({ workingDays: z.int().min(1).max(60).default(7) }),
  reply: Payout,
  status: 200,
})
export const cancelPayout = defineRoute({
  method: 'POST',
  path: '/api/payouts/:batchId/cancellation',
  tag,
  summary: 'Give a payout up before its first file',
  access: finance,
  params: byBatch,
  body: z.object({ reason: Reason }),
  reply: Payout,
  status: 200,
})

export const PayoutObjection = z
  .object({
    objectionId: Id,
    lineId: LineId.optional(),
    raisedBy: z.string(),
    reason: z.string(),
    raisedAtMs: EpochMs,
    decision: z.enum(['upheld', 'dismissed']).optional(),
    decisionNote: z.string().optional(),
    decidedAtMs: EpochMs.optional(),
  })
  .meta({ id: 'PayoutObjection' })
export const listPayoutObjections = defineRoute({
  method: 'GET',
  path: '/api/payouts/:batchId/objections',
  tag,
  summary: 'Objections to a payout',
  access: readers,
  params: byBatch,
  query: PageQuery,
  reply: pageOf(PayoutObjection),
  status: 200,
})
export const objectToPayout = defineRoute({
  method: 'POST',
  path: '/api/payouts/:batchId/objections',
  tag,
  summary: 'Object to a payout while its notice is open, as a whole or to one line',
  access: ['farmer', 'helper', 'finance', 'operator', 'admin'],
  params: byBatch,
  body: z.object({
    lineId: LineId.optional(),
    reason: Reason,
    /** Who said it, when somebody enters it for another. */
    raisedBy: z.string().trim().min(1).max(60).optional(),
  }),
  reply: z.object({ objectionId: Id }),
  status: 201,
})
export const decidePayoutObjection = defineRoute({
  method: 'POST',
  path: '/api/payouts/:batchId/objections/:objectionId/decision',
  tag,
  summary: 'Answer an objection; upheld takes its line out, or gives the payout up when it is against the whole',
  access: finance,
  params: byBatch.extend({ objectionId: Id }),
  body: z.object({ decision: z.enum(['upheld', 'dismissed']), note: Reason }),
  reply: Payout,
  status: 200,
})

export const PayoutFile = z
  .object({
    fileNo: z.int(),
    fileName: z.string(),
    fromSeq: z.int(),
    throughSeq: z.int(),
    rowCount: Count,
    totalFen: NonNegativeFen,
    sha256: z.string(),
    byteCount: Count,
    createdAtMs: EpochMs,
  })
  .meta({ id: 'PayoutFile' })
export const listPayoutFiles = defineRoute({
  method: 'GET',
  path: '/api/payouts/:batchId/files',
  tag,
  summary: 'Files of a payout with their hashes',
  access: readers,
  params: byBatch,
  query: PageQuery,
  reply: pageOf(PayoutFile),
  status: 200,
})
export const readPayoutFile = defineRoute({
  method: 'GET',
  path: '/api/payouts/:batchId/files/:fileNo/content',
  tag,
  summary:
    'The file for the bank, byte by byte as first made; the only place where account numbers are in clear, audited',
  access: finance,
  params: byBatch.extend({ fileNo: z.coerce.number().int().min(1).max(100_000) }),
  reply: Download,
  status: 200,
  download: ['text/csv', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', 'application/xml'],
})
export const PayoutReturn = z
  .object({
    returnId: Id,
    sha256: z.string(),
    rowCount: Count,
    paidCount: Count,
    failedCount: Count,
    unknownCount: Count,
    returnedCount: Count,
    repeatedCount: Count,
    importedAtMs: EpochMs,
  })
  .meta({ id: 'PayoutReturn' })
export const listPayoutReturns = defineRoute({
  method: 'GET',
  path: '/api/payouts/:batchId/returns',
  tag,
  summary: 'Return files taken over',
  access: readers,
  params: byBatch,
  query: PageQuery,
  reply: pageOf(PayoutReturn),
  status: 200,
})

const returnFile = {
  maxBytes: 20 * 1024 * 1024,
  holds: 'CSV (UTF-8 or GB18030), XLSX or pain.002, told by its content',
}
export const importPayoutReturn = defineRoute({
  method: 'POST',
  path: '/api/payouts/:batchId/returns',
  tag,
  summary: 'Take over the bank’s answer (CSV, XLSX, pain.002), whole or not at all; the same file does nothing twice',
  access: finance,
  params: byBatch,
  upload: returnFile,
  reply: PayoutReturn,
  status: 200,
})
export const previewPayoutReturn = defineRoute({
  method: 'POST',
  path: '/api/payouts/:batchId/return-previews',
  tag,
  summary: 'Dry run of a return file: what it would change and the first transfers it would book; nothing is kept',
  access: finance,
  params: byBatch,
  upload: returnFile,
  reply: PayoutReturn.extend({ postings: z.array(Posting) }),
  status: 200,
})

export const PayoutVerification = z
  .object({
    lineId: LineId,
    householdCode: HouseholdCode,
    headName: z.string(),
    amountFen: NonNegativeFen,
    answer: z.enum(['received', 'not-received', 'not-reached']).optional(),
    note: z.string().optional(),
    askedAtMs: EpochMs.optional(),
  })
  .meta({ id: 'PayoutVerification' })
export const listPayoutVerifications = defineRoute({
  method: 'GET',
  path: '/api/payouts/:batchId/verifications',
  tag,
  summary: 'Recipients drawn to be asked whether the money arrived',
  access: ['helper', ...readers],
  params: byBatch,
  query: PageQuery,
  reply: pageOf(PayoutVerification),
  status: 200,
})
export const recordPayoutVerification = defineRoute({
  method: 'PUT',
  path: '/api/payouts/:batchId/verifications/:lineId',
  tag,
  summary: 'Record what a recipient said',
  access: ['helper', 'finance'],
  params: byBatch.extend({ lineId: LineId }),
  body: z.object({
    answer: z.enum(['received', 'not-received', 'not-reached']),
    note: z.string().trim().max(300).default(''),
  }),
  reply: z.void(),
  status: 204,
})

export const PayeeAccount = z
  .object({
    payeeAccountId: Id,
    householdCode: HouseholdCode,
    name: z.string(),
    bankName: z.string(),
    bankNo: z.string(),
    last4: z.string(),
    state: z.enum(['proposed', 'active', 'paused', 'replaced', 'rejected']),
    reason: z.string(),
    changedBy: z.string(),
    changedAtMs: EpochMs,
    confirmedBy: z.string().optional(),
    usableFromMs: EpochMs.optional(),
    pausedReason: z.string().optional(),
  })
  .meta({ id: 'PayeeAccount', description: 'A bank account; of its number only the last four digits are ever shown.' })
export const listPayeeAccounts = defineRoute({
  method: 'GET',
  path: '/api/payee-accounts',
  tag,
  summary: 'Payee accounts by household, with their history',
  access: readers,
  query: PageQuery.extend({
    state: z.enum(['proposed', 'active', 'paused', 'replaced', 'rejected']).optional(),
    householdCode: HouseholdCode.optional(),
  }),
  reply: pageOf(PayeeAccount),
  status: 200,
})
export const proposePayeeAccount = defineRoute({
  method: 'POST',
  path: '/api/payee-accounts',
  tag,
  summary: 'Enter or change a household’s bank account; a second person confirms it',
  access: finance,
  body: z.object({
    householdCode: HouseholdCode,
    name: z.string().trim().min(1).max(60),
    bankName: z.string().trim().min(2).max(60),
    bankNo: z.string().regex(/^\d{12}$/, 'a bank number has 12 digits'),
    account: z.string().regex(/^\d{8,30}$/, 'an account number has 8 to 30 digits'),
    reason: Reason,
  }),
  reply: PayeeAccount,
  status: 201,
})
export const confirmPayeeAccount = defineRoute({
  method: 'POST',
  path: '/api/payee-accounts/:payeeAccountId/confirmation',
  tag,
  summary: 'Confirm an entered account, as another person; it is paid to after the cooling-off time',
  access: finance,
  params: z.object({ payeeAccountId: Id }),
  reply: PayeeAccount,
  status: 200,
})
export const rejectPayeeAccount = defineRoute({
  method: 'POST',
  path: '/api/payee-accounts/:payeeAccountId/rejection',
  tag,
  summary: 'Turn an entered account down',
  access: finance,
  params: z.object({ payeeAccountId: Id }),
  reply: PayeeAccount,
  status: 200,
})

/** What a bank profile may put into a column of its payout file (domain.md, payout: out file). */
export const bankFields = [
  'batchNo',
  'seq',
  'payeeName',
  'payeeAccount',
  'payeeBankName',
  'payeeBankNo',
  'amount',
  'currency',
  'purpose',
  'householdCode',
  'note',
] as const
const BankField = z.enum(bankFields)
const Header = z.string().trim().min(1).max(40)
export const BankProfile = z
  .object({
    profileId: z.string().regex(/^[a-z0-9-]{2,40}$/),
    name: z.string().trim().min(2).max(60),
    format: z.enum(['csv', 'xlsx', 'pain.001']),
    /** XLSX and pain.001 are UTF-8. */
    encoding: z.enum(['utf-8-bom', 'gb18030', 'utf-8']),
    maxRowsPerFile: z.int().min(1).max(5_000),
    /** A last row with count and total. */
    hasControlRow: z.boolean(),
    columns: z
      .array(z.object({ header: Header, field: BankField }))
      .max(20)
      .readonly(),
    returnColumns: z.object({
      headers: z.object({
        batchNo: Header,
        seq: Header,
        result: Header,
        failCode: Header.optional(),
        failReason: Header.optional(),
        bankSerialNo: Header.optional(),
        settledAt: Header.optional(),
        amount: Header.optional(),
      }),
      /** The bank's words, such as 成功, for each result. */
      results: z.record(Header, z.enum(['PAID', 'FAILED', 'UNKNOWN', 'RETURNED'])),
    }),
    payerName: z.string().trim().min(2).max(60),
    payerAccount: z.string().regex(/^\d{8,30}$/),
    payerBankNo: z.string().regex(/^\d{12}$/),
  })
  .meta({ id: 'BankProfile' })
export const SavedBankProfile = BankProfile.extend({ version: z.int(), createdAtMs: EpochMs }).meta({
  id: 'SavedBankProfile',
})
export const listBankProfiles = defineRoute({
  method: 'GET',
  path: '/api/bank-profiles',
  tag,
  summary: 'Bank profiles with all versions',
  access: readers,
  reply: z.object({ rows: z.array(SavedBankProfile) }),
  status: 200,
})
export const saveBankProfile = defineRoute({
  method: 'POST',
  path: '/api/bank-profiles',
  tag,
  summary: 'Add a bank profile, or the next version of one',
  access: ['admin'],
  body: BankProfile,
  reply: SavedBankProfile,
  status: 201,
})

export const StepRule = z
  .object({
    step: z.enum(['review', 'approve', 'release']),
    fromFen: NonNegativeFen,
    signatures: z.int().min(0).max(9),
  })
  .refine(({ step: name, signatures }) => name === 'review' || signatures >= 1, 'somebody must approve and release')
  .meta({ id: 'StepRule', description: 'From this total on, so many people sign the step.' })
export const listStepRules = defineRoute({
  method: 'GET',
  path: '/api/payout-step-rules',
  tag,
  summary: 'How many people sign each step, by the amount',
  access: readers,
  reply: z.object({ rows: z.array(StepRule) }),
  status: 200,
})
export const replaceStepRules = defineRoute({
  method: 'PUT',
  path: '/api/payout-step-rules',
  tag,
  summary: 'Put these rules in place of all; submitted payouts keep theirs',
  access: ['admin'],
  body: z.object({ rows: z.array(StepRule).max(40) }),
  reply: z.object({ rows: z.array(StepRule) }),
  status: 200,
})

export const CalendarDay = z
  .object({ day: z.iso.date(), kind: z.enum(['day-off', 'working-day']), note: z.string().trim().max(60) })
  .meta({ id: 'CalendarDay', description: 'A day that is not what its weekday says.' })
export const listCalendarDays = defineRoute({
  method: 'GET',
  path: '/api/calendar-days',
  tag: 'calendar',
  summary: 'Exceptions of the working-day calendar',
  access: 'signed-in',
  query: z.object({ fromDay: z.iso.date().optional() }),
  reply: z.object({ rows: z.array(CalendarDay) }),
  status: 200,
})
export const enterCalendarDays = defineRoute({
  method: 'PUT',
  path: '/api/calendar-days',
  tag: 'calendar',
  summary: 'Enter exceptions; deadlines already set keep their instants',
  access: ['admin'],
  body: z.object({ rows: z.array(CalendarDay).min(1).max(400) }),
  reply: z.object({ rows: z.array(CalendarDay) }),
  status: 200,
})
