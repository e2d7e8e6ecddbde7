// Writes the trail, in the transaction of the change itself: a change without its row, or a row without its change, cannot
// commit. Each row is chained there and then to the last of this connection's own chain. One chain for all would make every
// pair of processes conflict on its head under SERIALIZABLE, and take sales that share a commit with them; a job that
// chains rows afterwards would leave a while in which they are not protected. Sales write no row here: their events are a
// hash chain of the cabinet's own.
import { eq, sql } from 'drizzle-orm'
import { command, exec, insertRows, one, type Params, statement, type Unit, type UnitContext } from '../db/unit.ts'
import { maskNumbers, maskWritten } from '../personal-data/mask-numbers.ts'
import { type AuditContent, type ChainHead, hashAuditRow, startOfChain } from './chain.ts'
import type { Facts } from './schema.ts'

export interface AuditEntry {
  /** Undefined: the server itself. */
  readonly accountId: string | undefined
  /** `<noun>.<what happened>`. */
  readonly action: string
  readonly subjectId: string
  /** The reason the person gave, where one is asked for; numbers of people in it are masked. */
  readonly why?: string | undefined
  /** What of the subject changed: as it was and as it is. Never a phone, bank or identity number, nor a password. */
  readonly before?: Facts | undefined
  readonly after?: Facts | undefined
  readonly detail?: Facts | undefined
}

/** As a database keeps it and gives it back; numbers in what people wrote are masked. */
const kept = (facts: Facts): Facts => maskWritten(JSON.parse(JSON.stringify(facts)) as Facts)

const headOf = statement(({ db, tables: { auditChains: t } }, p: Params<{ chainId: string }>) =>
  db.select({ seq: t.headSeq, hash: t.headHash }).from(t).where(eq(t.chainId, p.chainId)),
)

const moveHead = command(
  ({ db, tables: { auditChains: t } }, p: Params<{ chainId: string; seq: number; hash: string }>) =>
    db
      .update(t)
      .set({ headSeq: sql`${p.seq}`, headHash: sql`${p.hash}` })
      .where(eq(t.chainId, p.chainId)),
)

function* readHead(ctx: UnitContext): Unit<{ head: ChainHead; isNew: boolean }> {
  const found = yield* one(headOf.with({ chainId: ctx.writerId }))
  return { head: found ?? startOfChain(ctx.writerId), isNew: found === undefined }
}

/** Several rows at once, in this order. */
export function* recordAudits(ctx: UnitContext, entries: readonly AuditEntry[]): Unit<void> {
  if (entries.length === 0) return
  const { auditChains: t } = ctx.tables
  const chainId = ctx.writerId
  const atMs = ctx.now()
  const { head, isNew } = yield* readHead(ctx)
  let { seq, hash } = head
  const chained = entries.map(({ accountId, action, subjectId, why, before, after, detail }) => {
    seq += 1
    const content: AuditContent & { before: Facts | null; after: Facts | null; detail: Facts } = {
      auditId: ctx.newId(),
      atMs,
      accountId: accountId ?? null,
      action,
      subjectId,
      why: why === undefined ? null : maskNumbers(why),
      before: before === undefined ? null : kept(before),
      after: after === undefined ? null : kept(after),
      detail: kept(detail ?? {}),
      chainId,
      seq,
      prevHash: hash,
    }
    hash = hashAuditRow(content)
    return { ...content, hash }
  })
  yield* insertRows(
    ctx.tables.auditRows,
    // A prepared JSON column given null stores JSON null; left undefined it is NULL.
    chained.map((row) => ({ ...row, before: row.before ?? undefined, after: row.after ?? undefined })),
  )
  if (isNew) yield* insertRows(t, [{ chainId, startedAtMs: atMs, headSeq: seq, headHash: hash }])
  else yield* exec(moveHead.with({ chainId, seq, hash }))
}

export function* recordAudit(ctx: UnitContext, entry: AuditEntry): Unit<void> {
  yield* recordAudits(ctx, [entry])
}
