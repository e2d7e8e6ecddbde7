// Made by `npm run migrations` from server/db/tables.ts through drizzle-kit. Do not edit.
export const after010Postgres: readonly string[] = [
  `CREATE TABLE "command_key_list" (
  "generation" bigint PRIMARY KEY NOT NULL,
  "present" text COLLATE "C" NOT NULL,
  "next" text COLLATE "C",
  "previous" text COLLATE "C",
  "signature" text COLLATE "C" NOT NULL,
  "made_at_ms" bigint NOT NULL
);`,
  `CREATE TABLE "income_rollup" (
  "household_code" text COLLATE "C" NOT NULL,
  "income_kind" text COLLATE "C" NOT NULL,
  "amount_fen" bigint NOT NULL,
  "through_at_ms" bigint NOT NULL,
  CONSTRAINT "income_rollup_household_code_income_kind_pk" PRIMARY KEY("household_code","income_kind"),
  CONSTRAINT "income_rollup_income_kind_known" CHECK (("income_rollup"."income_kind" = 'OPERATING' or "income_rollup"."income_kind" = 'OPERATING_COST' or "income_rollup"."income_kind" = 'PROPERTY' or "income_rollup"."income_kind" = 'WAGE' or "income_rollup"."income_kind" = 'TRANSFER' or "income_rollup"."income_kind" = 'IN_KIND'))
);`,
  `CREATE TABLE "disclosed_audit_head" (
  "day" text COLLATE "C" NOT NULL,
  "chain_id" text COLLATE "C" NOT NULL,
  "seq" bigint NOT NULL,
  "hash" text COLLATE "C" NOT NULL,
  CONSTRAINT "disclosed_audit_head_day_chain_id_pk" PRIMARY KEY("day","chain_id")
);`,
  `DROP INDEX "shopping_session_live_of_buyer";`,
  `DROP INDEX "shopping_session_live_of_cabinet";`,
  `DROP INDEX "shopping_session_overdue";`,
  `DROP INDEX "shopping_session_unfinished";`,
  `ALTER TABLE "cabinet_status" ADD COLUMN "revision" bigint DEFAULT 0 NOT NULL;`,
  `ALTER TABLE "rollout_cabinet" ADD COLUMN "judged_revision" bigint;`,
  `ALTER TABLE "household" ADD COLUMN "taken_out_at_ms" bigint;`,
  `ALTER TABLE "public_notice_line" ADD COLUMN "household_code" text COLLATE "C";`,
  `ALTER TABLE "disclosed_audit_head" ADD CONSTRAINT "disclosed_audit_head_day_disclosed_day_day_fk" FOREIGN KEY ("day") REFERENCES "public"."disclosed_day"("day") ON DELETE no action ON UPDATE no action;`,
  `CREATE INDEX "disclosed_audit_head_by_chain" ON "disclosed_audit_head" USING btree ("chain_id","seq");`,
  `CREATE INDEX "public_notice_line_by_household" ON "public_notice_line" USING btree ("household_code");`,
  `CREATE UNIQUE INDEX "shopping_session_live_of_buyer" ON "shopping_session" USING btree ("account_id") WHERE "shopping_session"."kind" = 'sale' and ("shopping_session"."state" = 'authorised' or "shopping_session"."state" = 'open' or "shopping_session"."state" = 'closing');`,
  `CREATE UNIQUE INDEX "shopping_session_live_of_cabinet" ON "shopping_session" USING btree ("cabinet_id") WHERE ("shopping_session"."state" = 'authorised' or "shopping_session"."state" = 'open' or "shopping_session"."state" = 'closing');`,
  `CREATE INDEX "shopping_session_overdue" ON "shopping_session" USING btree ("deadline_at_ms","session_id") WHERE ("shopping_session"."state" = 'authorised' or "shopping_session"."state" = 'open' or "shopping_session"."state" = 'closing');`,
  `CREATE INDEX "shopping_session_unfinished" ON "shopping_session" USING btree ("state","session_id") WHERE case when ("shopping_session"."state" = 'authorised' or "shopping_session"."state" = 'open' or "shopping_session"."state" = 'closing' or "shopping_session"."state" = 'silent' or "shopping_session"."state" = 'review') then true else false end;`,
  `CREATE TRIGGER command_key_list_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON command_key_list FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();`,
  `CREATE TRIGGER disclosed_audit_head_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON disclosed_audit_head FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();`,
]
