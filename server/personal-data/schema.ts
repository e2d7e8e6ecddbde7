// Which keys the personal data of this database is sealed with (of each only a value sealed with it, which proves that a process has
// the right one), and the ledger of consents: what a household agreed to, in which words, when, how, and when it took that back.
import { consentChannels, consentPurposes } from '#shared/contracts/http/personal-data.ts'
import type { Kit, Storage } from '../db/kit.ts'

export function personalDataTables({ table, column: c, unique }: Kit) {
  const dataKeys = table('data_key', {
    /** The data key's id, or `fingerprint`. */
    keyId: c.text().primaryKey(),
    /** A known text sealed with the key, or its fingerprint. */
    proof: c.text().notNull(),
    firstUsedAtMs: c.int().notNull(),
    /** Since then no row is sealed with it: it may leave the ring. */
    retiredAtMs: c.int(),
  })
  const consents = table(
    'consent',
    {
      consentId: c.text().primaryKey(),
      householdCode: c.text().notNull(),
      purpose: c.choice(consentPurposes).notNull(),
      /** Counts from 1; the highest of a purpose is what stands. */
      ordinal: c.int().notNull(),
      isGiven: c.bool().notNull(),
      /** Which wording was shown (consent-texts.ts). */
      textVersion: c.text().notNull(),
      channel: c.choice(consentChannels).notNull(),
      /** Where the proof is: the paper's number, say. */
      evidence: c.text(),
      recordedBy: c.text().notNull(),
      atMs: c.int().notNull(),
    },
    (t) => [unique('consent_in_order').on(t.householdCode, t.purpose, t.ordinal)],
  )
  return { dataKeys, consents }
}

export const personalDataStorage: Storage = { appendOnly: ['consent'] }
