// Made by `npm run migrations` from server/db/tables.ts through drizzle-kit. Do not edit.
export const initialPostgres: readonly string[] = [
  `CREATE TABLE "ledger_account" (
  "id" text COLLATE "C" PRIMARY KEY NOT NULL,
  "kind" text COLLATE "C" NOT NULL,
  "owner_id" text COLLATE "C" NOT NULL,
  "balance_fen" bigint,
  "created_at_ms" bigint NOT NULL,
  CONSTRAINT "ledger_account_kind_known" CHECK ("ledger_account"."kind" in ('wallet', 'hold', 'channel', 'supplier', 'household', 'organisation', 'fund', 'fee', 'rounding', 'bank', 'transit', 'writeoff', 'opening')),
  CONSTRAINT "ledger_account_id_says_owner" CHECK ("ledger_account"."id" = "ledger_account"."kind" || ':' || "ledger_account"."owner_id"),
  CONSTRAINT "ledger_account_inline" CHECK (("ledger_account"."kind" in ('wallet', 'hold', 'supplier', 'household', 'organisation')) = ("ledger_account"."balance_fen" is not null)),
  CONSTRAINT "ledger_account_never_negative" CHECK ("ledger_account"."kind" not in ('wallet', 'hold', 'household') or "ledger_account"."balance_fen" >= 0)
);`,
  `CREATE TABLE "ledger_transfer" (
  "id" text COLLATE "C" PRIMARY KEY NOT NULL,
  "debit_account_id" text COLLATE "C" NOT NULL,
  "credit_account_id" text COLLATE "C" NOT NULL,
  "amount_fen" bigint NOT NULL,
  "cause_kind" text COLLATE "C" NOT NULL,
  "cause_id" text COLLATE "C" NOT NULL,
  "leg" text COLLATE "C" NOT NULL,
  "at_ms" bigint NOT NULL,
  "reverses_id" text COLLATE "C",
  "memo" text COLLATE "C",
  CONSTRAINT "ledger_transfer_cause_kind_known" CHECK ("ledger_transfer"."cause_kind" in ('opening', 'top-up', 'withdrawal', 'hold', 'release', 'capture', 'refund', 'sale-line', 'sale-refund', 'write-off', 'distribution-line', 'payout-line', 'payout-return', 'wage-line', 'surplus-line', 'reconciliation', 'correction', 'reversal')),
  CONSTRAINT "ledger_transfer_positive" CHECK ("ledger_transfer"."amount_fen" > 0),
  CONSTRAINT "ledger_transfer_two_accounts" CHECK ("ledger_transfer"."debit_account_id" <> "ledger_transfer"."credit_account_id"),
  CONSTRAINT "ledger_transfer_id_says_cause" CHECK ("ledger_transfer"."id" = "ledger_transfer"."cause_kind" || ':' || "ledger_transfer"."cause_id" || ':' || "ledger_transfer"."leg")
);`,
  `CREATE TABLE "ledger_entry" (
  "account_id" text COLLATE "C" NOT NULL,
  "at_ms" bigint NOT NULL,
  "transfer_id" text COLLATE "C" NOT NULL,
  "amount_fen" bigint NOT NULL,
  CONSTRAINT "ledger_entry_account_id_at_ms_transfer_id_pk" PRIMARY KEY("account_id","at_ms","transfer_id"),
  CONSTRAINT "ledger_entry_not_zero" CHECK ("ledger_entry"."amount_fen" <> 0)
);`,
  `CREATE TABLE "ledger_rollup" (
  "account_id" text COLLATE "C" NOT NULL,
  "through_at_ms" bigint NOT NULL,
  "balance_fen" bigint NOT NULL,
  CONSTRAINT "ledger_rollup_account_id_through_at_ms_pk" PRIMARY KEY("account_id","through_at_ms")
);`,
  `ALTER TABLE "ledger_entry" ADD CONSTRAINT "ledger_entry_account_id_ledger_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."ledger_account"("id") ON DELETE no action ON UPDATE no action;`,
  `ALTER TABLE "ledger_entry" ADD CONSTRAINT "ledger_entry_transfer_id_ledger_transfer_id_fk" FOREIGN KEY ("transfer_id") REFERENCES "public"."ledger_transfer"("id") ON DELETE no action ON UPDATE no action;`,
  `ALTER TABLE "ledger_rollup" ADD CONSTRAINT "ledger_rollup_account_id_ledger_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."ledger_account"("id") ON DELETE no action ON UPDATE no action;`,
  `CREATE INDEX "ledger_account_by_kind" ON "ledger_account" USING btree ("kind","id");`,
  `CREATE UNIQUE INDEX "ledger_transfer_reversed_once" ON "ledger_transfer" USING btree ("reverses_id") WHERE "ledger_transfer"."reverses_id" is not null;`,
  `CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'HC001'; END $$;`,
  `CREATE TRIGGER ledger_transfer_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_transfer FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();`,
  `CREATE TRIGGER ledger_entry_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entry FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();`,
]
