// The trail of what people changed (操作留痕): who, what, why, before, after. Rows are chained by hash, one chain per writer: a
// connection that writes is the only one that adds to its chain, so the link is made in the transaction of the change itself
// and no two processes ever wait for, or undo, each other over it.
import { sql } from 'drizzle-orm'
import type { Kit, Storage } from '../db/kit.ts'

export function auditTables({ table, column: c, index, unique, check }: Kit) {
  const auditRows = table(
    'audit_row',
    {
      auditId: c.text().primaryKey(),
      atMs: c.int().notNull(),
      /** Who did it; empty: the server itself. */
      accountId: c.text(),
      /** `<noun>.<what happened>`. */
      action: c.text().notNull(),
      subjectId: c.text().notNull(),
      /** The reason the person gave, where one is asked for. */
      why: c.text(),
      /** What of the subject changed, as it was … */
      before: c.json<Facts>(),
      /** … and as it is now. */
      after: c.json<Facts>(),
      detail: c.json<Facts>().notNull(),
      chainId: c.text().notNull(),
      /** Counts from 1 in its chain. */
      seq: c.int().notNull(),
      /** Hash of the row before; of the first row, its chain's id. */
      prevHash: c.text().notNull(),
      /** SHA-256, hex, over every other column (chain.ts). */
      hash: c.text().notNull(),
    },
    (t) => [
      unique('audit_row_place').on(t.chainId, t.seq),
      index('audit_row_by_time').on(t.atMs, t.auditId),
      index('audit_row_by_subject').on(t.subjectId, t.atMs, t.auditId),
      index('audit_row_by_account').on(t.accountId, t.atMs, t.auditId),
      index('audit_row_by_action').on(t.action, t.atMs, t.auditId),
      check('audit_row_seq_positive', sql`${t.seq} > 0`),
    ],
  )
  const auditChains = table('audit_chain', {
    chainId: c.text().primaryKey(),
    startedAtMs: c.int().notNull(),
    /** Where the chain ends: rows cut off its end are missed by this. */
    headSeq: c.int().notNull(),
    headHash: c.text().notNull(),
  })
  return { auditRows, auditChains }
}

export type Facts = Readonly<Record<string, unknown>>

export const auditStorage: Storage = { appendOnly: ['audit_row'] }
