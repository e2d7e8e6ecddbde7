// Tables of the ledger: accounts, transfers (what was decided) and entries (what each account saw). Transfers and entries are
// append-only; triggers refuse anything else in both dialects. Entries are kept in the order of (account, instant), which is
// the order that balances and statements read. Beside them what each self-check found.
import { sql } from 'drizzle-orm'
import { isOneOf } from '../db/kit.ts'
import type { Kit, Storage } from '../db/kit.ts'
import { accountKindNames, inlineKinds, neverNegativeKinds } from './account-kinds.ts'
import { causeKinds } from './causes.ts'
import type { ProofResult } from './proof.ts'

export function ledgerTables(kit: Kit) {
  const { column } = kit

  const ledgerAccounts = kit.table(
    'ledger_account',
    {
      /** `<kind>:<owner>`. */
      id: column.text().primaryKey(),
      kind: column.choice(accountKindNames).notNull(),
      ownerId: column.text().notNull(),
      /** Σ entries, for inline kinds; NULL for the others. */
      balanceFen: column.int(),
      createdAtMs: column.int().notNull(),
    },
    (table) => [
      kit.check('ledger_account_id_says_owner', sql`${table.id} = ${table.kind} || ':' || ${table.ownerId}`),
      kit.check('ledger_account_inline', sql`${isOneOf(table.kind, inlineKinds)} = (${table.balanceFen} is not null)`),
      kit.check(
        'ledger_account_never_negative',
        sql`not ${isOneOf(table.kind, neverNegativeKinds)} or ${table.balanceFen} >= 0`,
      ),
      kit.index('ledger_account_by_kind').on(table.kind, table.id),
      // The roll-up finds its few accounts among any number of households by this one.
      kit
        .index('ledger_account_summed')
        .on(table.id)
        .where(sql`not ${isOneOf(table.kind, inlineKinds)}`),
    ],
  )

  const ledgerTransfers = kit.table(
    'ledger_transfer',
    {
      /** `<cause kind>:<cause id>:<leg>`: the idempotency key. */
      id: column.text().primaryKey(),
      debitAccountId: column.text().notNull(),
      creditAccountId: column.text().notNull(),
      amountFen: column.int().notNull(),
      causeKind: column.choice(causeKinds).notNull(),
      causeId: column.text().notNull(),
      leg: column.text().notNull(),
      /** When it was booked. */
      atMs: column.int().notNull(),
      /** The transfer this one undoes. */
      reversesId: column.text(),
      memo: column.text(),
    },
    (table) => [
      kit.check('ledger_transfer_positive', sql`${table.amountFen} > 0`),
      kit.check('ledger_transfer_two_accounts', sql`${table.debitAccountId} <> ${table.creditAccountId}`),
      kit.check(
        'ledger_transfer_id_says_cause',
        sql`${table.id} = ${table.causeKind} || ':' || ${table.causeId} || ':' || ${table.leg}`,
      ),
      kit
        .uniqueIndex('ledger_transfer_reversed_once')
        .on(table.reversesId)
        .where(sql`${table.reversesId} is not null`),
    ],
  )

  const ledgerEntries = kit.table(
    'ledger_entry',
    {
      accountId: column
        .text()
        .notNull()
        .references(() => ledgerAccounts.id),
      atMs: column.int().notNull(),
      transferId: column
        .text()
        .notNull()
        .references(() => ledgerTransfers.id),
      /** Credit positive, debit negative. */
      amountFen: column.int().notNull(),
    },
    (table) => [
      kit.primaryKey({ columns: [table.accountId, table.atMs, table.transferId] }),
      kit.check('ledger_entry_not_zero', sql`${table.amountFen} <> 0`),
    ],
  )

  const ledgerRollups = kit.table(
    'ledger_rollup',
    {
      accountId: column
        .text()
        .notNull()
        .references(() => ledgerAccounts.id),
      /** Includes every entry with atMs ≤ this. */
      throughAtMs: column.int().notNull(),
      balanceFen: column.int().notNull(),
    },
    (table) => [kit.primaryKey({ columns: [table.accountId, table.throughAtMs] })],
  )

  const booksChecks = kit.table('books_check', {
    checkId: column.text().primaryKey(),
    startedAtMs: column.int().notNull(),
    endedAtMs: column.int().notNull(),
    /** Who asked for it; NULL: the nightly job. */
    startedBy: column.text(),
    isSound: column.bool().notNull(),
    checkedTransfers: column.int().notNull(),
    proofs: column.json<ProofResult[]>().notNull(),
  })

  return { ledgerAccounts, ledgerTransfers, ledgerEntries, ledgerRollups, booksChecks }
}

export const ledgerStorage: Storage = {
  appendOnly: ['ledger_transfer', 'ledger_entry', 'books_check'],
  clustered: ['ledger_account', 'ledger_transfer', 'ledger_entry', 'ledger_rollup'],
}
