import { createHash } from 'node:crypto'
import { canonicalJson } from '#shared/contracts/mqtt/canonical-json.ts'
import type { JournalEntry } from '#shared/contracts/mqtt/event.ts'

/** Entries above this would not fit a message beside others; evidence is thinned to stay below it. */
const maxBodyBytes = 180_000

/** The hash that chains an entry to the one before it: SHA-256 over every other field, lower-case hex. */
export function hashEntry(entry: Omit<JournalEntry, 'hash'>): string {
  const { bootId, seq, atMs, type, body, prevHash } = entry
  return createHash('sha256').update(canonicalJson({ bootId, seq, atMs, type, body, prevHash })).digest('hex')
}

export function chainEntry(entry: Omit<JournalEntry, 'hash'>): JournalEntry {
  return { ...entry, hash: hashEntry(entry) }
}

/** A body small enough to send. What explains a bill is thinned from the least telling end; what bills never is. */
export function fitBody(body: Record<string, unknown>): Record<string, unknown> {
  if (JSON.stringify(body).length <= maxBodyBytes) return body
  const evidence = body['evidence']
  if (evidence === null || typeof evidence !== 'object') return body
  const members = evidence as { steps?: unknown[]; hypotheses?: unknown[] }
  const thinned = {
    ...members,
    steps: members.steps?.slice(-200) ?? [],
    hypotheses: members.hypotheses?.slice(0, 3) ?? [],
  }
  return { ...body, evidence: thinned }
}
