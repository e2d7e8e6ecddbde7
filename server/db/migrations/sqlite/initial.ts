// Made by `npm run migrations` from server/db/tables.ts through drizzle-kit. Do not edit.
export const initialSqlite: readonly string[] = [
  `CREATE TABLE \`ledger_account\` (
  \`id\` text PRIMARY KEY NOT NULL,
  \`kind\` text NOT NULL,
  \`owner_id\` text NOT NULL,
  \`balance_fen\` integer,
  \`created_at_ms\` integer NOT NULL,
  CONSTRAINT "ledger_account_kind_known" CHECK("ledger_account"."kind" in ('wallet', 'hold', 'channel', 'supplier', 'household', 'organisation', 'fund', 'fee', 'rounding', 'bank', 'transit', 'writeoff', 'opening')),
  CONSTRAINT "ledger_account_id_says_owner" CHECK("ledger_account"."id" = "ledger_account"."kind" || ':' || "ledger_account"."owner_id"),
  CONSTRAINT "ledger_account_inline" CHECK(("ledger_account"."kind" in ('wallet', 'hold', 'supplier', 'household', 'organisation')) = ("ledger_account"."balance_fen" is not null)),
  CONSTRAINT "ledger_account_never_negative" CHECK("ledger_account"."kind" not in ('wallet', 'hold', 'household') or "ledger_account"."balance_fen" >= 0)
) STRICT, WITHOUT ROWID;`,
  `CREATE INDEX \`ledger_account_by_kind\` ON \`ledger_account\` (\`kind\`,\`id\`);`,
  `CREATE TABLE \`ledger_transfer\` (
  \`id\` text PRIMARY KEY NOT NULL,
  \`debit_account_id\` text NOT NULL,
  \`credit_account_id\` text NOT NULL,
  \`amount_fen\` integer NOT NULL,
  \`cause_kind\` text NOT NULL,
  \`cause_id\` text NOT NULL,
  \`leg\` text NOT NULL,
  \`at_ms\` integer NOT NULL,
  \`reverses_id\` text,
  \`memo\` text,
  CONSTRAINT "ledger_transfer_cause_kind_known" CHECK("ledger_transfer"."cause_kind" in ('opening', 'top-up', 'withdrawal', 'hold', 'release', 'capture', 'refund', 'sale-line', 'sale-refund', 'write-off', 'distribution-line', 'payout-line', 'payout-return', 'wage-line', 'surplus-line', 'reconciliation', 'correction', 'reversal')),
  CONSTRAINT "ledger_transfer_positive" CHECK("ledger_transfer"."amount_fen" > 0),
  CONSTRAINT "ledger_transfer_two_accounts" CHECK("ledger_transfer"."debit_account_id" <> "ledger_transfer"."credit_account_id"),
  CONSTRAINT "ledger_transfer_id_says_cause" CHECK("ledger_transfer"."id" = "ledger_transfer"."cause_kind" || ':' || "ledger_transfer"."cause_id" || ':' || "ledger_transfer"."leg")
) STRICT, WITHOUT ROWID;`,
  `CREATE UNIQUE INDEX \`ledger_transfer_reversed_once\` ON \`ledger_transfer\` (\`reverses_id\`) WHERE "ledger_transfer"."reverses_id" is not null;`,
  `CREATE TABLE \`ledger_entry\` (
  \`account_id\` text NOT NULL,
  \`at_ms\` integer NOT NULL,
  \`transfer_id\` text NOT NULL,
  \`amount_fen\` integer NOT NULL,
  PRIMARY KEY(\`account_id\`, \`at_ms\`, \`transfer_id\`),
  FOREIGN KEY (\`account_id\`) REFERENCES \`ledger_account\`(\`id\`) ON UPDATE no action ON DELETE no action,
  FOREIGN KEY (\`transfer_id\`) REFERENCES \`ledger_transfer\`(\`id\`) ON UPDATE no action ON DELETE no action,
  CONSTRAINT "ledger_entry_not_zero" CHECK("ledger_entry"."amount_fen" <> 0)
) STRICT, WITHOUT ROWID;`,
  `CREATE TABLE \`ledger_rollup\` (
  \`account_id\` text NOT NULL,
  \`through_at_ms\` integer NOT NULL,
  \`balance_fen\` integer NOT NULL,
  PRIMARY KEY(\`account_id\`, \`through_at_ms\`),
  FOREIGN KEY (\`account_id\`) REFERENCES \`ledger_account\`(\`id\`) ON UPDATE no action ON DELETE no action
) STRICT, WITHOUT ROWID;`,
  `CREATE TRIGGER ledger_transfer_refuses_update BEFORE UPDATE ON ledger_transfer BEGIN SELECT RAISE(ABORT, 'ledger_transfer is append-only'); END;`,
  `CREATE TRIGGER ledger_transfer_refuses_delete BEFORE DELETE ON ledger_transfer BEGIN SELECT RAISE(ABORT, 'ledger_transfer is append-only'); END;`,
  `CREATE TRIGGER ledger_entry_refuses_update BEFORE UPDATE ON ledger_entry BEGIN SELECT RAISE(ABORT, 'ledger_entry is append-only'); END;`,
  `CREATE TRIGGER ledger_entry_refuses_delete BEFORE DELETE ON ledger_entry BEGIN SELECT RAISE(ABORT, 'ledger_entry is append-only'); END;`,
]
