// Which keys the personal data of this database is sealed with. Of each key only a value sealed with it is kept, which proves that
// a process has the right one.
import type { Kit } from '../db/kit.ts'

export function personalDataTables({ table, column: c }: Kit) {
  const dataKeys = table('data_key', {
    /** The data key's id, or `fingerprint`. */
    keyId: c.text().primaryKey(),
    /** A known text sealed with the key, or its fingerprint. */
    proof: c.text().notNull(),
    firstUsedAtMs: c.int().notNull(),
    /** Since then no row is sealed with it: it may leave the ring. */
    retiredAtMs: c.int(),
  })
  return { dataKeys }
}
