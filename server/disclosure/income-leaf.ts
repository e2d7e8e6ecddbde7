// What stands behind a leaf of a day's tree: one line of income, pseudonymous. The household is in it only as an HMAC of its code under
// a key of that line's own, so that two lines of one household cannot be told to belong together, and nobody can try codes; the
// household gets its lines' keys (the openings) with its proofs, a buyer's receipt does not.
import { createHash, createHmac } from 'node:crypto'
import { canonicalJson } from '#shared/contracts/mqtt/canonical-json.ts'
import type { Sealer } from '../personal-data/seal.ts'

export interface IncomeLine {
  readonly householdCode: string
  readonly transferId: string
  readonly atMs: number
  readonly amountFen: number
}

/** The leaf's content; its canonical JSON is what is hashed. */
export interface IncomeLeaf {
  readonly amountFen: number
  readonly atMs: number
  /** SHA-256, hex, of the ledger's transfer id: which line it is, for who knows the line. */
  readonly line: string
  /** HMAC-SHA-256, hex, of the household's code under the line's opening. */
  readonly pseudonym: string
}

/** The line's own key, hex. */
export function openingOf(sealer: Sealer, transferId: string): string {
  return sealer.deriveSecret(`income-line:${transferId}`).toString('hex')
}

export function makeLeaf(sealer: Sealer, { householdCode, transferId, atMs, amountFen }: IncomeLine): IncomeLeaf {
  const opening = Buffer.from(openingOf(sealer, transferId), 'hex')
  return {
    amountFen,
    atMs,
    line: createHash('sha256').update(transferId).digest('hex'),
    pseudonym: createHmac('sha256', opening).update(householdCode).digest('hex'),
  }
}

export const leafText = (leaf: IncomeLeaf): string => canonicalJson(leaf)
