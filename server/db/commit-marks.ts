// Whether a COMMIT took effect whose answer was lost with the connection. Each transaction that wrote leaves a mark as its last
// statement; whoever was not answered claims that mark. A mark that is there already was kept together with everything else. A claim
// that comes first stands in its place, so that the transaction, should it still be under way, breaks at it and never commits.
import type { ClientBase } from 'pg'
import type { Id } from '#shared/ids/uuid-v7.ts'

export const makeCommitMarks = `CREATE TABLE IF NOT EXISTS commit_mark (
  mark uuid PRIMARY KEY, is_kept boolean NOT NULL, made_at timestamptz NOT NULL DEFAULT now())`

/** SQL that leaves the mark, for the end of a transaction. It only inserts: a read would make transactions conflict. */
export function keepMark(mark: Id): string {
  return `INSERT INTO commit_mark (mark, is_kept) VALUES ('${mark}', true)`
}

/** Settles whether the transaction with this mark was kept; asked again it says the same. Waits while it commits. */
export async function claimMark(client: ClientBase, mark: Id): Promise<boolean> {
  const { rows } = await client.query<{ is_kept: boolean }>(
    `INSERT INTO commit_mark (mark, is_kept) VALUES ($1, false)
     ON CONFLICT (mark) DO UPDATE SET mark = excluded.mark RETURNING is_kept`,
    [mark],
  )
  return rows[0]?.is_kept === true
}

/**
 * Those that nobody asks for any more, by the clock of the database: it is the same for all who write. Not within a transaction: a
 * serializable one that reads marks conflicts with all others.
 */
export async function dropOldMarks(client: ClientBase): Promise<void> {
  await client.query(`DELETE FROM commit_mark WHERE made_at < now() - interval '1 hour'`)
}
