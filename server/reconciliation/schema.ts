// Tables of reconciliation: the statements of banks and channels as they came, what each comparison found, and the differences,
// which only a posting closes that one person proposes and another approves.
import { sql } from 'drizzle-orm'
import type { Kit, Storage } from '../db/kit.ts'
import { differenceKinds, reconciliationChannels } from '#shared/contracts/http/reconciliation.ts'
import type { CauseCandidate } from './rules.ts'

export const differenceStates = [
  'open',
  /** A posting is proposed and waits for a second person. */
  'proposed',
  /** Closed by that posting. */
  'closed',
  /** A later statement or posting brought the other side. */
  'matched',
] as const

export function reconciliationTables({ table, column: c, primaryKey, unique, index, check }: Kit) {
  const statementColumns = () => ({
    statementId: c.text().primaryKey(),
    channel: c.choice(reconciliationChannels).notNull(),
    fromDay: c.text().notNull(),
    throughDay: c.text().notNull(),
    sha256: c.text().notNull(),
    rowCount: c.int().notNull(),
    totalFen: c.int().notNull(),
    importedBy: c.text().notNull(),
    importedAtMs: c.int().notNull(),
  })
  const channelStatements = table('channel_statement', statementColumns(), (t) => [
    unique('channel_statement_once').on(t.channel, t.sha256),
  ])
  const statementLines = table(
    'channel_statement_line',
    {
      channel: c.choice(reconciliationChannels).notNull(),
      reference: c.text().notNull(),
      statementId: c
        .text()
        .notNull()
        .references(() => channelStatements.statementId),
      /** As in the file, the header is 1. */
      row: c.int().notNull(),
      /** YYYY-MM-DD in the district. */
      day: c.text().notNull(),
      /** Money in > 0, money out < 0. */
      amountFen: c.int().notNull(),
      note: c.text().notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.channel, t.reference] }),
      index('channel_statement_line_by_day').on(t.channel, t.day, t.reference),
      check('channel_statement_line_not_zero', sql`${t.amountFen} <> 0`),
    ],
  )
  /** Statements that were imported wrongly, as they stood; nothing is compared with them any more. */
  const takenBackStatements = table(
    'taken_back_statement',
    {
      ...statementColumns(),
      takenBackBy: c.text().notNull(),
      takenBackAtMs: c.int().notNull(),
      reason: c.text().notNull(),
    },
    (t) => [index('taken_back_statement_by_channel').on(t.channel, t.statementId)],
  )
  const takenBackLines = table(
    'taken_back_statement_line',
    {
      statementId: c
        .text()
        .notNull()
        .references(() => takenBackStatements.statementId),
      row: c.int().notNull(),
      channel: c.choice(reconciliationChannels).notNull(),
      reference: c.text().notNull(),
      day: c.text().notNull(),
      amountFen: c.int().notNull(),
      note: c.text().notNull(),
    },
    (t) => [primaryKey({ columns: [t.statementId, t.row] })],
  )
  const reconciliations = table(
    'reconciliation',
    {
      channel: c.choice(reconciliationChannels).notNull(),
      /** A day, or the number of a payout batch; of payouts a day holds what belongs to no batch. */
      subject: c.text().notNull(),
      statementFen: c.int().notNull(),
      booksFen: c.int().notNull(),
      /** Σ statement − Σ books, less what postings closed. */
      differenceFen: c.int().notNull(),
      openCount: c.int().notNull(),
      atMs: c.int().notNull(),
    },
    (t) => [primaryKey({ columns: [t.channel, t.subject] }), index('reconciliation_open').on(t.openCount)],
  )
  const reconciliationDifferences = table(
    'reconciliation_difference',
    {
      differenceId: c.text().primaryKey(),
      channel: c.choice(reconciliationChannels).notNull(),
      subject: c.text().notNull(),
      kind: c.choice(differenceKinds).notNull(),
      reference: c.text().notNull(),
      statementFen: c.int().notNull(),
      booksFen: c.int().notNull(),
      /** What the payout batch says; of payouts only. */
      batchFen: c.int(),
      causes: c.json<readonly CauseCandidate[]>().notNull(),
      state: c.choice(differenceStates).notNull(),
      foundAtMs: c.int().notNull(),
      /** The account that takes the other side of the posting. */
      otherAccountId: c.text(),
      reason: c.text(),
      proposedBy: c.text(),
      proposedAtMs: c.int(),
      approvedBy: c.text(),
      approvedAtMs: c.int(),
    },
    (t) => [
      unique('reconciliation_difference_once').on(t.channel, t.subject, t.reference),
      index('reconciliation_difference_by_state').on(t.state, t.differenceId),
      check('reconciliation_difference_two_people', sql`${t.approvedBy} is null or ${t.approvedBy} <> ${t.proposedBy}`),
      check(
        'reconciliation_difference_closed',
        sql`(${t.state} = 'closed') = (${t.approvedBy} is not null) and (${t.state} not in ('proposed', 'closed') or (${t.proposedBy} is not null and ${t.reason} is not null and ${t.otherAccountId} is not null))`,
      ),
    ],
  )
  return {
    channelStatements,
    statementLines,
    takenBackStatements,
    takenBackLines,
    reconciliations,
    reconciliationDifferences,
  }
}

/** A statement is never changed: it goes as a whole to those that were taken back. */
export const reconciliationStorage: Storage = {
  unchangeable: ['channel_statement', 'channel_statement_line'],
  appendOnly: ['taken_back_statement', 'taken_back_statement_line'],
}
