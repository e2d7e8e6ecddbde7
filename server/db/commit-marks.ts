// Whether a COMMIT took effect whose answer was lost with the connection. Each transaction that wrote leaves a mark as its last
// statement; whoever was not answered claims that mark. A mark that is there already was kept together with everything else. A claim
// that comes first stands in its place, so that the transaction, should it still be under way, breaks at it and never commits.
// PostgreSQL's own pg_xact_status does not serve: an id whose log records had not reached the disk before a crash is given again to
// another transaction, whose commit is then told as ours. To have the id in time costs as much as the mark besides.
import type { Id } from '#shared/ids/uuid-v7.ts'
import type { PostgresConnection } from './postgres-connection.ts'

export const makeCommitMarks = `CREATE TABLE IF NOT EXISTS commit_mark (
  mark uuid PRIMARY KEY, is_kept boolean NOT NULL, made_at timestamptz NOT NULL DEFAULT now())`

/** SQL that leaves the mark, for the end of a transaction. It only inserts: a read would make transactions conflict. */
export function keepMark(mark: Id): string {
  return `INSERT INTO commit_mark (mark, is_kept) VALUES ('${mark}', true)`
}

/** Settles whether the transaction with this mark was kept; asked again it says the same. Waits while it commits. */
export async function claimMark(connection: PostgresConnection, mark: Id): Promise<boolean> {
  const [found] = await connection.query<{ is_kept: boolean }>(
    `INSERT INTO commit_mark (mark, is_kept) VALUES ($1, false)
     ON CONFLICT (mark) DO UPDATE SET mark = excluded.mark RETURNING is_kept`,
    [mark],
  )
  return found?.is_kept === true
}

/**
 * Those that nobody asks for any more, by the clock of the database: it is the same for all who write. Not within a transaction: a
 * serializable one that reads marks conflicts with all others.
 */
export async function dropOldMarks(connection: PostgresConnection): Promise<void> {
  await connection.command(`DELETE FROM commit_mark WHERE made_at < now() - interval '1 hour'`)
}
