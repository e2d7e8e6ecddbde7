// Made by `npm run migrations` from server/db/tables.ts through drizzle-kit. Do not edit.
export const after010Sqlite: readonly string[] = [
  `CREATE TABLE \`command_key_list\` (
  \`generation\` integer PRIMARY KEY NOT NULL,
  \`present\` text NOT NULL,
  \`next\` text,
  \`previous\` text,
  \`signature\` text NOT NULL,
  \`made_at_ms\` integer NOT NULL
) STRICT;`,
  `CREATE TABLE \`income_rollup\` (
  \`household_code\` text NOT NULL,
  \`income_kind\` text NOT NULL,
  \`amount_fen\` integer NOT NULL,
  \`through_at_ms\` integer NOT NULL,
  PRIMARY KEY(\`household_code\`, \`income_kind\`),
  CONSTRAINT "income_rollup_income_kind_known" CHECK(("income_rollup"."income_kind" = 'OPERATING' or "income_rollup"."income_kind" = 'OPERATING_COST' or "income_rollup"."income_kind" = 'PROPERTY' or "income_rollup"."income_kind" = 'WAGE' or "income_rollup"."income_kind" = 'TRANSFER' or "income_rollup"."income_kind" = 'IN_KIND'))
) STRICT, WITHOUT ROWID;`,
  `CREATE TABLE \`disclosed_audit_head\` (
  \`day\` text NOT NULL,
  \`chain_id\` text NOT NULL,
  \`seq\` integer NOT NULL,
  \`hash\` text NOT NULL,
  PRIMARY KEY(\`day\`, \`chain_id\`),
  FOREIGN KEY (\`day\`) REFERENCES \`disclosed_day\`(\`day\`) ON UPDATE no action ON DELETE no action
) STRICT;`,
  `CREATE INDEX \`disclosed_audit_head_by_chain\` ON \`disclosed_audit_head\` (\`chain_id\`,\`seq\`);`,
  `DROP INDEX \`shopping_session_live_of_buyer\`;`,
  `DROP INDEX \`shopping_session_live_of_cabinet\`;`,
  `DROP INDEX \`shopping_session_overdue\`;`,
  `DROP INDEX \`shopping_session_unfinished\`;`,
  `CREATE UNIQUE INDEX \`shopping_session_live_of_buyer\` ON \`shopping_session\` (\`account_id\`) WHERE "shopping_session"."kind" = 'sale' and ("shopping_session"."state" = 'authorised' or "shopping_session"."state" = 'open' or "shopping_session"."state" = 'closing');`,
  `CREATE UNIQUE INDEX \`shopping_session_live_of_cabinet\` ON \`shopping_session\` (\`cabinet_id\`) WHERE ("shopping_session"."state" = 'authorised' or "shopping_session"."state" = 'open' or "shopping_session"."state" = 'closing');`,
  `CREATE INDEX \`shopping_session_overdue\` ON \`shopping_session\` (\`deadline_at_ms\`,\`session_id\`) WHERE ("shopping_session"."state" = 'authorised' or "shopping_session"."state" = 'open' or "shopping_session"."state" = 'closing');`,
  `CREATE INDEX \`shopping_session_unfinished\` ON \`shopping_session\` (\`state\`,\`session_id\`) WHERE case when ("shopping_session"."state" = 'authorised' or "shopping_session"."state" = 'open' or "shopping_session"."state" = 'closing' or "shopping_session"."state" = 'silent' or "shopping_session"."state" = 'review') then true else false end;`,
  `ALTER TABLE \`cabinet_status\` ADD \`revision\` integer DEFAULT 0 NOT NULL;`,
  `ALTER TABLE \`rollout_cabinet\` ADD \`judged_revision\` integer;`,
  `ALTER TABLE \`household\` ADD \`taken_out_at_ms\` integer;`,
  `ALTER TABLE \`public_notice_line\` ADD \`household_code\` text;`,
  `CREATE INDEX \`public_notice_line_by_household\` ON \`public_notice_line\` (\`household_code\`);`,
  `CREATE TRIGGER command_key_list_refuses_update BEFORE UPDATE ON command_key_list BEGIN SELECT RAISE(ABORT, 'command_key_list is append-only'); END;`,
  `CREATE TRIGGER command_key_list_refuses_delete BEFORE DELETE ON command_key_list BEGIN SELECT RAISE(ABORT, 'command_key_list is append-only'); END;`,
  `CREATE TRIGGER disclosed_audit_head_refuses_update BEFORE UPDATE ON disclosed_audit_head BEGIN SELECT RAISE(ABORT, 'disclosed_audit_head is append-only'); END;`,
  `CREATE TRIGGER disclosed_audit_head_refuses_delete BEFORE DELETE ON disclosed_audit_head BEGIN SELECT RAISE(ABORT, 'disclosed_audit_head is append-only'); END;`,
]
