// Bundles of the agent: the code that cabinets may be told to run. A bundle never changes once it is here.
import { sql } from 'drizzle-orm'
import type { Kit, Storage } from '../db/kit.ts'

export function agentReleaseTables({ table, column: c, check }: Kit) {
  const agentReleases = table(
    'agent_release',
    {
      version: c.text().primaryKey(),
      /** Of the bytes, hex. */
      sha256: c.text().notNull().unique(),
      sizeBytes: c.int().notNull(),
      bytes: c.bytes().notNull(),
      /** Over agentReleaseSigningText, base64. */
      signature: c.text().notNull(),
      uploadedBy: c.text().notNull(),
      uploadedAtMs: c.int().notNull(),
    },
    (t) => [check('agent_release_size_positive', sql`${t.sizeBytes} > 0`)],
  )
  return { agentReleases }
}

export const agentReleaseStorage: Storage = { appendOnly: ['agent_release'] }
