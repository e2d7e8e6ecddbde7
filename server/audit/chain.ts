// The hash chain of audit rows. A row's hash covers its whole content and the hash before it, so that a row cannot be changed,
// taken out, put in or moved without the chain saying where. Pure; the database's share is in record-audit.ts and
// check-audit.ts.
import { createHash } from 'node:crypto'
import { canonicalJson } from '#shared/contracts/mqtt/canonical-json.ts'

/** What is hashed; of JSON what a database keeps of it. */
export interface AuditContent {
  readonly auditId: string
  readonly atMs: number
  readonly accountId: string | null
  readonly action: string
  readonly subjectId: string
  readonly why: string | null
  readonly before: unknown
  readonly after: unknown
  readonly detail: unknown
  readonly chainId: string
  readonly seq: number
  readonly prevHash: string
}

export interface ChainedRow extends AuditContent {
  readonly hash: string
}

/** Where a chain ends. */
export interface ChainHead {
  readonly seq: number
  readonly hash: string
}

/** Before a chain's first row. */
export function startOfChain(chainId: string): ChainHead {
  return { seq: 0, hash: createHash('sha256').update(`huinong audit chain ${chainId}`).digest('hex') }
}

export function hashAuditRow(content: AuditContent): string {
  const { auditId, atMs, accountId, action, subjectId, why, before, after, detail, chainId, seq, prevHash } = content
  const all = { auditId, atMs, accountId, action, subjectId, why, before, after, detail, chainId, seq, prevHash }
  return createHash('sha256').update(canonicalJson(all)).digest('hex')
}

export interface BrokenRow {
  readonly chainId: string
  /** The place in the chain that is wrong: the row there, or where one is missing. */
  readonly seq: number
  readonly auditId: string | undefined
  readonly problem: string
}

/**
 * Follows rows of one chain, in order of seq, from a head; returns the head after them, or the first place that is wrong.
 * A row that was taken out shows as the gap before the next one.
 */
export function followChain(head: ChainHead, rows: readonly ChainedRow[]): ChainHead | BrokenRow {
  let { seq, hash } = head
  for (const row of rows) {
    const { chainId, auditId } = row
    if (row.seq !== seq + 1) return { chainId, seq: seq + 1, auditId: undefined, problem: 'the row is missing' }
    if (row.prevHash !== hash)
      return { chainId, seq: row.seq, auditId, problem: 'the row does not continue the one before it' }
    if (row.hash !== hashAuditRow(row)) return { chainId, seq: row.seq, auditId, problem: 'the row was changed' }
    seq = row.seq
    hash = row.hash
  }
  return { seq, hash }
}
