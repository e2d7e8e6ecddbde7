// The server's copy of every cabinet's journal, how far each is committed, what was kept aside because it broke the contract,
// and the public halves of the keys that sign commands.
import type { Kit, Storage } from '../db/kit.ts'

export function mqttTables({ table, column: c, primaryKey, index }: Kit) {
  const journalPositions = table('journal_position', {
    cabinetId: c.text().primaryKey(),
    /** Everything up to this seq of the cabinet's present journal is committed. */
    committedSeq: c.int().notNull(),
    lastHash: c.text().notNull(),
    /** Entries of earlier journals of this cabinet: a cabinet that lost its disk starts again at 1. */
    seqBase: c.int().notNull(),
    /** A new enrolment allows one restart of the journal. */
    mayRestart: c.bool().notNull(),
  })
  const journalEntries = table(
    'journal_entry',
    {
      cabinetId: c.text().notNull(),
      /** Counts through all journals of the cabinet: the seq on the wire plus seqBase. */
      seq: c.int().notNull(),
      wireSeq: c.int().notNull(),
      bootId: c.text().notNull(),
      atMs: c.int().notNull(),
      receivedAtMs: c.int().notNull(),
      type: c.text().notNull(),
      body: c.json<Record<string, unknown>>().notNull(),
      prevHash: c.text().notNull(),
      hash: c.text().notNull(),
      /** What is odd about it, comma-separated: unknown_type, invalid_body, chain_broken, hash_wrong, or a refusal's code. */
      flag: c.text(),
    },
    (t) => [primaryKey({ columns: [t.cabinetId, t.seq] })],
  )
  const rejectedMessages = table(
    'rejected_message',
    {
      messageId: c.text().primaryKey(),
      atMs: c.int().notNull(),
      cabinetId: c.text(),
      topic: c.text().notNull(),
      reason: c.choice(['oversized', 'not_json', 'invalid', 'conflict', 'foreign_topic']).notNull(),
      detail: c.text().notNull(),
      sizeBytes: c.int().notNull(),
      /** The first kilobytes. */
      payload: c.bytes().notNull(),
    },
    (t) => [index('rejected_message_by_cabinet').on(t.cabinetId, t.messageId)],
  )
  const serverKeys = table('server_key', {
    /** Ed25519 SubjectPublicKeyInfo, DER, base64. */
    publicKey: c.text().primaryKey(),
    createdAtMs: c.int().notNull(),
  })
  /** What cabinets were told of those keys since enrolment; the newest counts (shared/contracts/mqtt/command-keys.ts). */
  const commandKeyLists = table('command_key_list', {
    generation: c.int().primaryKey(),
    present: c.text().notNull(),
    next: c.text(),
    previous: c.text(),
    signature: c.text().notNull(),
    madeAtMs: c.int().notNull(),
  })
  return { journalPositions, journalEntries, rejectedMessages, serverKeys, commandKeyLists }
}

export const mqttStorage: Storage = {
  appendOnly: ['journal_entry', 'command_key_list'],
  clustered: ['journal_entry', 'journal_position'],
}
