// Two requests of one intent may arrive at once: the second then breaks a unique index. Running it again lets it find what
// the first one made.
import type { Database, Work } from '../db/database.ts'
import { DatabaseError } from '../db/database-error.ts'

export async function runOnce<T>(database: Database, work: Work<T>): Promise<T> {
  try {
    return await database.run(work)
  } catch (error) {
    if (error instanceof DatabaseError && error.kind === 'unique') return await database.run(work)
    throw error
  }
}
