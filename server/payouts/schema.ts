// Tables of payouts. An INCOME LINE, of which one payout may be live at a time, is what a household has earned of one kind of income
// (OPERATING, PROPERTY, WAGE, TRANSFER) and has not been paid: the entries of that kind on the household's ledger account, from
// the household's last paid line of the kind to the batch's cut-off. A payout line pays exactly one income line, so its
// explanation is those ledger entries (explain-line.ts), and each fen of it goes on to a sale or a distribution. A line is its
// attempts: rows that share its id, household, kind and amount, of which the newest says where it is. Live is stricter
// than "same period": two periods of one kind would claim the same fen, so a household has one live attempt per kind, by unique
// index.
//
// Who may do what is kept by the database. `payout_part` gives a person exactly one part in a batch (its primary key is batch and
// person): preparer, reviewer, approver, releaser, or having changed a payee account in it, which takes two: who entered the change and
// who confirmed it. Attempts reference both through `payout_changer`, which references the parts of both, so an attempt cannot exist
// unless each of them holds the part 'account-change' and therefore no other. Guards count the signatures when the state moves on.
import { sql } from 'drizzle-orm'
import type { Kit, Storage } from '../db/kit.ts'
import { batchStates, bankResults, keptOutcomes, payoutKinds } from './rules.ts'
import { signedSteps } from './rules.ts'
import type { BankColumn, ReturnColumns } from './bank-profile-fields.ts'

export const partSteps = ['prepare', ...signedSteps, 'account-change'] as const
export const accountStates = ['proposed', 'active', 'paused', 'replaced', 'rejected'] as const
export const skipReasons = [
  'below_minimum',
  'no_account',
  'account_paused',
  'account_cooling',
  'account_changed_by_preparer',
  'line_is_live',
  'not_covered',
] as const
export const fileFormats = ['csv', 'xlsx', 'pain.001'] as const
export const fileEncodings = ['utf-8-bom', 'gb18030', 'utf-8'] as const

function accountTables({ table, column: c, check, uniqueIndex, unique, index }: Kit) {
  const payeeAccounts = table(
    'payee_account',
    {
      payeeAccountId: c.text().primaryKey(),
      householdCode: c.text().notNull(),
      /** Who the bank knows as the account's holder. */
      name: c.text().notNull(),
      bankName: c.text().notNull(),
      /** The bank's clearing number (CNAPS), 12 digits. */
      bankNo: c.text().notNull(),
      /** Sealed with purpose `payee_account`; never kept in clear. */
      accountSealed: c.text().notNull(),
      /** To find the same number without opening it. */
      accountFingerprint: c.text().notNull(),
      last4: c.text().notNull(),
      state: c.choice(accountStates).notNull(),
      reason: c.text().notNull(),
      changedBy: c.text().notNull(),
      changedAtMs: c.int().notNull(),
      confirmedBy: c.text(),
      confirmedAtMs: c.int(),
      /** End of the cooling-off time. */
      usableFromMs: c.int(),
      pausedReason: c.text(),
    },
    (t) => [
      unique('payee_account_changers').on(t.payeeAccountId, t.changedBy, t.confirmedBy),
      uniqueIndex('payee_account_in_use')
        .on(t.householdCode)
        .where(sql`${t.state} in ('active', 'paused')`),
      uniqueIndex('payee_account_proposed')
        .on(t.householdCode)
        .where(sql`${t.state} = 'proposed'`),
      // One bank account of many households is how payouts are diverted.
      uniqueIndex('payee_account_of_one_household')
        .on(t.accountFingerprint)
        .where(sql`${t.state} in ('active', 'paused')`),
      index('payee_account_history').on(t.householdCode, t.payeeAccountId),
      // Whether a file's accounts are all active is asked of these few, not of the wide rows of all others.
      uniqueIndex('payee_account_not_active')
        .on(t.payeeAccountId)
        .where(sql`${t.state} <> 'active'`),
      check('payee_account_two_people', sql`${t.confirmedBy} is null or ${t.confirmedBy} <> ${t.changedBy}`),
      check(
        'payee_account_confirmed',
        sql`(${t.state} in ('active', 'paused', 'replaced')) <= (${t.confirmedBy} is not null and ${t.usableFromMs} is not null)`,
      ),
      check('payee_account_last4', sql`length(${t.last4}) = 4`),
    ],
  )
  return { payeeAccounts }
}

function profileTables({ table, column: c, primaryKey, check }: Kit) {
  const bankProfiles = table(
    'bank_profile',
    {
      profileId: c.text().notNull(),
      version: c.int().notNull(),
      name: c.text().notNull(),
      format: c.choice(fileFormats).notNull(),
      encoding: c.choice(fileEncodings).notNull(),
      maxRowsPerFile: c.int().notNull(),
      hasControlRow: c.bool().notNull(),
      columns: c.json<readonly BankColumn[]>().notNull(),
      returnColumns: c.json<ReturnColumns>().notNull(),
      payerName: c.text().notNull(),
      payerAccount: c.text().notNull(),
      payerBankNo: c.text().notNull(),
      createdBy: c.text(),
      createdAtMs: c.int().notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.profileId, t.version] }),
      check('bank_profile_rows', sql`${t.maxRowsPerFile} between 1 and 5000`),
      check('bank_profile_xml_is_utf8', sql`(${t.format} = 'csv') or ${t.encoding} = 'utf-8'`),
    ],
  )
  const stepRules = table(
    'payout_step_rule',
    { step: c.choice(signedSteps).notNull(), fromFen: c.int().notNull(), signatures: c.int().notNull() },
    (t) => [
      primaryKey({ columns: [t.step, t.fromFen] }),
      check('payout_step_rule_signed', sql`${t.signatures} between 0 and 9 and ${t.fromFen} >= 0`),
      check('payout_step_rule_someone', sql`${t.step} = 'review' or ${t.signatures} >= 1`),
    ],
  )
  return { bankProfiles, stepRules }
}

type Profiles = ReturnType<typeof profileTables>

function batchTables({ table, column: c, primaryKey, foreignKey, check, unique, index }: Kit, profiles: Profiles) {
  const payoutBatches = table(
    'payout_batch',
    {
      batchId: c.text().primaryKey(),
      batchNo: c.text().notNull().unique(),
      incomeKind: c.choice(payoutKinds).notNull(),
      state: c.choice(batchStates).notNull(),
      /** Beginning of the household codes it pays; empty: all. */
      scopePrefix: c.text().notNull(),
      cutoffMs: c.int().notNull(),
      minimumFen: c.int().notNull(),
      profileId: c.text().notNull(),
      profileVersion: c.int().notNull(),
      /** The batch whose failures this one tries again. */
      followsBatchId: c.text(),
      note: c.text().notNull(),
      preparedBy: c.text().notNull(),
      createdAtMs: c.int().notNull(),
      /** Ledger account that drafting has come to; empty once the draft is complete. */
      draftCursor: c.text(),
      /** Households in scope, and how many of them drafting has looked at. */
      householdTotal: c.int().notNull(),
      householdCount: c.int().notNull(),
      lineCount: c.int().notNull(),
      totalFen: c.int().notNull(),
      skippedCount: c.int().notNull(),
      skippedFen: c.int().notNull(),
      reviewsRequired: c.int().notNull(),
      approvalsRequired: c.int().notNull(),
      releasesRequired: c.int().notNull(),
      noticeFromMs: c.int(),
      noticeUntilMs: c.int(),
      noticeClosedAtMs: c.int(),
      /** Highest seq that a file holds: an attempt up to it that was not withdrawn has been sent, with its money in transit. */
      exportedSeq: c.int().notNull(),
      exportedAtMs: c.int(),
      /** The bank should have answered by then to what has been sent; set with each file. */
      returnDueMs: c.int(),
      settledAtMs: c.int(),
    },
    (t) => [
      foreignKey({
        name: 'payout_batch_profile',
        columns: [t.profileId, t.profileVersion],
        foreignColumns: [profiles.bankProfiles.profileId, profiles.bankProfiles.version],
      }),
      index('payout_batch_by_state').on(t.state, t.batchId),
      check('payout_batch_someone_signs', sql`${t.approvalsRequired} >= 1 and ${t.releasesRequired} >= 1`),
      check(
        'payout_batch_notice_over',
        sql`${t.state} not in ('NOTICE_CLOSED', 'APPROVED', 'EXPORTED', 'BANK_RETURNED', 'SETTLED') or ${t.followsBatchId} is not null or coalesce(${t.noticeClosedAtMs} >= ${t.noticeUntilMs}, false)`,
      ),
      check('payout_batch_draft_done', sql`${t.draftCursor} is null or ${t.state} in ('DRAFT', 'CANCELLED')`),
    ],
  )
  const payoutParts = table(
    'payout_part',
    {
      batchId: c
        .text()
        .notNull()
        .references(() => payoutBatches.batchId),
      accountId: c.text().notNull(),
      step: c.choice(partSteps).notNull(),
      atMs: c.int().notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.batchId, t.accountId] }),
      unique('payout_part_step').on(t.batchId, t.accountId, t.step),
    ],
  )
  const payoutChangers = table(
    'payout_changer',
    {
      batchId: c.text().notNull(),
      changedBy: c.text().notNull(),
      confirmedBy: c.text().notNull(),
      step: c.choice(['account-change']).notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.batchId, t.changedBy, t.confirmedBy] }),
      foreignKey({
        name: 'payout_changer_has_that_part',
        columns: [t.batchId, t.changedBy, t.step],
        foreignColumns: [payoutParts.batchId, payoutParts.accountId, payoutParts.step],
      }),
      foreignKey({
        name: 'payout_confirmer_has_that_part',
        columns: [t.batchId, t.confirmedBy, t.step],
        foreignColumns: [payoutParts.batchId, payoutParts.accountId, payoutParts.step],
      }),
    ],
  )
  return { payoutBatches, payoutParts, payoutChangers }
}

type Batches = ReturnType<typeof batchTables>
type Accounts = ReturnType<typeof accountTables>

function attemptTables(kit: Kit, { payoutChangers }: Batches, { payeeAccounts }: Accounts) {
  const { table, column: c, primaryKey, foreignKey, check, uniqueIndex, unique, index } = kit
  const payoutAttempts = table(
    'payout_attempt',
    {
      batchId: c.text().notNull(),
      /** Place in the batch, from 1; the bank's file carries it. */
      seq: c.int().notNull(),
      /** `<batch no>-<seq>` of the batch that first tried to pay the line; the ledger's causes carry it. */
      lineId: c.text().notNull(),
      /** From 1; the next one only after the bank refused this one. */
      attempt: c.int().notNull(),
      householdCode: c.text().notNull(),
      incomeKind: c.choice(payoutKinds).notNull(),
      amountFen: c.int().notNull(),
      /** True while it claims its income; else NULL, of which the unique index below takes any number. */
      isLive: c.bool(),
      payeeAccountId: c.text().notNull(),
      /** Who entered that account and who confirmed it. */
      changedBy: c.text().notNull(),
      confirmedBy: c.text().notNull(),
      outcome: c.choice(keptOutcomes).notNull(),
      failCode: c.text(),
      failReason: c.text(),
      bankSerialNo: c.text(),
      /** When the bank moved the money, as it says. */
      settledAtMs: c.int(),
      /** When the bank was asked about an unknown outcome. */
      queriedAtMs: c.int(),
    },
    (t) => [
      primaryKey({ columns: [t.batchId, t.seq] }),
      unique('payout_attempt_once').on(t.lineId, t.attempt),
      // One live attempt of a household and kind; and the way to all of a household's.
      uniqueIndex('payout_attempt_live').on(t.householdCode, t.incomeKind, t.isLive),
      foreignKey({
        name: 'payout_attempt_changers',
        columns: [t.batchId, t.changedBy, t.confirmedBy],
        foreignColumns: [payoutChangers.batchId, payoutChangers.changedBy, payoutChangers.confirmedBy],
      }),
      foreignKey({
        name: 'payout_attempt_account_changers',
        columns: [t.payeeAccountId, t.changedBy, t.confirmedBy],
        foreignColumns: [payeeAccounts.payeeAccountId, payeeAccounts.changedBy, payeeAccounts.confirmedBy],
      }),
      index('payout_attempt_unknown')
        .on(t.batchId, t.seq)
        .where(sql`${t.outcome} = 'unknown'`),
      check('payout_attempt_numbered', sql`${t.seq} >= 1 and ${t.attempt} between 1 and 99`),
      check('payout_attempt_positive', sql`${t.amountFen} > 0`),
      // A refused one lives until the next attempt takes its place.
      check(
        'payout_attempt_live_by_outcome',
        sql`case ${t.outcome} when 'unanswered' then ${t.isLive} is not null when 'unknown' then ${t.isLive} is not null when 'failed' then true else ${t.isLive} is null end`,
      ),
      check('payout_attempt_never_false', sql`${t.isLive} is null or ${t.isLive}`),
    ],
  )
  /** Households that a draft looked at and left out, and why. */
  const payoutCandidates = table(
    'payout_candidate',
    {
      batchId: c.text().notNull(),
      householdCode: c.text().notNull(),
      amountFen: c.int().notNull(),
      reason: c.choice(skipReasons).notNull(),
    },
    (t) => [primaryKey({ columns: [t.batchId, t.householdCode] })],
  )
  return { payoutAttempts, payoutCandidates }
}

function paperTables({ table, column: c, primaryKey, check, uniqueIndex, index, unique }: Kit, batches: Batches) {
  const batchId = () =>
    c
      .text()
      .notNull()
      .references(() => batches.payoutBatches.batchId)
  const payoutFiles = table(
    'payout_file',
    {
      batchId: batchId(),
      fileNo: c.int().notNull(),
      fromSeq: c.int().notNull(),
      throughSeq: c.int().notNull(),
      rowCount: c.int().notNull(),
      totalFen: c.int().notNull(),
      /** Hex; the file is made again from its rows and must give the same. */
      sha256: c.text().notNull(),
      byteCount: c.int().notNull(),
      createdAtMs: c.int().notNull(),
    },
    (t) => [primaryKey({ columns: [t.batchId, t.fileNo] })],
  )
  const payoutObjections = table(
    'payout_objection',
    {
      objectionId: c.text().primaryKey(),
      batchId: batchId(),
      /** Empty: against the batch as a whole. */
      lineId: c.text(),
      raisedBy: c.text().notNull(),
      reason: c.text().notNull(),
      raisedAtMs: c.int().notNull(),
      decision: c.choice(['upheld', 'dismissed']),
      decidedBy: c.text(),
      decisionNote: c.text(),
      decidedAtMs: c.int(),
    },
    (t) => [
      index('payout_objection_by_batch').on(t.batchId, t.objectionId),
      check('payout_objection_decided', sql`(${t.decision} is null) = (${t.decidedBy} is null)`),
    ],
  )
  const payoutReturns = table(
    'payout_return',
    {
      returnId: c.text().primaryKey(),
      batchId: batchId(),
      /** Hex, of the file as it came: the same file does nothing the second time. */
      sha256: c.text().notNull(),
      rowCount: c.int().notNull(),
      paidCount: c.int().notNull(),
      failedCount: c.int().notNull(),
      unknownCount: c.int().notNull(),
      returnedCount: c.int().notNull(),
      repeatedCount: c.int().notNull(),
      importedBy: c.text().notNull(),
      importedAtMs: c.int().notNull(),
    },
    (t) => [unique('payout_return_once').on(t.batchId, t.sha256)],
  )
  const payoutReturnRows = table(
    'payout_return_row',
    {
      returnId: c
        .text()
        .notNull()
        .references(() => payoutReturns.returnId),
      /** As in the file, the header is 1. */
      row: c.int().notNull(),
      seq: c.int().notNull(),
      result: c.choice(bankResults).notNull(),
      failCode: c.text(),
      failReason: c.text(),
      bankSerialNo: c.text(),
      settledAtMs: c.int(),
    },
    (t) => [primaryKey({ columns: [t.returnId, t.row] }), uniqueIndex('payout_return_row_once').on(t.returnId, t.seq)],
  )
  const payoutVerifications = table(
    'payout_verification',
    {
      batchId: batchId(),
      lineId: c.text().notNull(),
      answer: c.choice(['received', 'not-received', 'not-reached']),
      note: c.text(),
      askedBy: c.text(),
      askedAtMs: c.int(),
    },
    (t) => [
      primaryKey({ columns: [t.batchId, t.lineId] }),
      check('payout_verification_asked', sql`(${t.answer} is null) = (${t.askedBy} is null)`),
    ],
  )
  return { payoutFiles, payoutObjections, payoutReturns, payoutReturnRows, payoutVerifications }
}

export function payoutTables(kit: Kit) {
  const accounts = accountTables(kit)
  const profiles = profileTables(kit)
  const batches = batchTables(kit, profiles)
  return {
    ...accounts,
    ...profiles,
    ...batches,
    ...attemptTables(kit, batches, accounts),
    ...paperTables(kit, batches),
  }
}

const signatures = (step: string) =>
  `(select count(*) from payout_part p where p.batch_id = new.batch_id and p.step = '${step}')`

export const payoutStorage: Storage = {
  appendOnly: ['payout_part', 'payout_changer', 'payout_file', 'payout_return', 'payout_return_row'],
  clustered: ['payout_part', 'payout_changer', 'payout_attempt', 'payout_candidate', 'payout_return_row'],
  guards: [
    {
      name: 'payout_batch_reviewed_by_enough',
      table: 'payout_batch',
      before: 'update of state',
      when: `(new.state = 'REVIEWED' and old.state <> 'REVIEWED' and ${signatures('review')} < new.reviews_required)`,
      message: 'payout_batch lacks reviewers',
    },
    {
      name: 'payout_batch_approved_by_enough',
      table: 'payout_batch',
      before: 'update of state',
      when: `(new.state in ('APPROVED', 'EXPORTED', 'BANK_RETURNED', 'SETTLED') and (${signatures('approve')} < new.approvals_required or ${signatures('prepare')} < 1))`,
      message: 'payout_batch lacks approvers',
    },
    {
      name: 'payout_batch_released_by_enough',
      table: 'payout_batch',
      before: 'update of state',
      when: `(new.state in ('EXPORTED', 'BANK_RETURNED', 'SETTLED') and ${signatures('release')} < new.releases_required)`,
      message: 'payout_batch lacks releasers',
    },
    {
      name: 'payout_batch_keeps_its_rules',
      table: 'payout_batch',
      before: 'update of approvals_required',
      when: `(old.state <> 'DRAFT' and new.approvals_required <> old.approvals_required)`,
      message: 'payout_batch is no draft any more',
    },
    {
      name: 'payout_batch_keeps_its_releases',
      table: 'payout_batch',
      before: 'update of releases_required',
      when: `(old.state <> 'DRAFT' and new.releases_required <> old.releases_required)`,
      message: 'payout_batch is no draft any more',
    },
    {
      name: 'payout_batch_begins_as_draft',
      table: 'payout_batch',
      before: 'insert',
      when: `(new.state <> 'DRAFT')`,
      message: 'payout_batch begins as a draft',
    },
    {
      name: 'payout_attempt_keeps_its_account',
      table: 'payout_attempt',
      before: 'update of payee_account_id',
      when: `(new.payee_account_id <> old.payee_account_id)`,
      message: 'payout_attempt keeps its account',
    },
    {
      name: 'payout_file_is_released',
      table: 'payout_file',
      before: 'insert',
      when: `(select b.state <> 'APPROVED' or (select count(*) from payout_part p where p.batch_id = new.batch_id and p.step = 'release') < b.releases_required from payout_batch b where b.batch_id = new.batch_id)`,
      message: 'payout_file needs a released batch',
    },
    {
      name: 'payout_attempt_after_refusal',
      table: 'payout_attempt',
      before: 'insert',
      when: `(new.attempt > 1 and not exists (select 1 from payout_attempt a where a.line_id = new.line_id and a.attempt = new.attempt - 1 and a.outcome = 'failed' and a.household_code = new.household_code and a.income_kind = new.income_kind and a.amount_fen = new.amount_fen))`,
      message: 'payout_attempt needs an explicit refusal of the one before, of the same debt',
    },
    {
      name: 'payee_account_is_not_edited',
      table: 'payee_account',
      before: 'update of account_fingerprint',
      when: `(new.account_fingerprint <> old.account_fingerprint)`,
      message: 'payee_account is changed by a new row',
    },
  ],
}
