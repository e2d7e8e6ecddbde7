// Whether everything has come to rest after the last fault, as the databases tell it.
import type BetterSqlite3 from 'better-sqlite3'

/** The server has committed all that this journal tells. */
export function isAcknowledged(journal: BetterSqlite3.Database): boolean {
  const chain = journal.prepare('SELECT lastSeq, ackedSeq FROM chain').get() as { lastSeq: number; ackedSeq: number }
  return chain.lastSeq === chain.ackedSeq
}

/** Every command answered, nobody's door expected, every twin taken over. */
export function isServerAtRest(db: BetterSqlite3.Database): boolean {
  const count = (sql: string) => (db.prepare(sql).get() as { n: number }).n
  return (
    count('SELECT count(*) AS n FROM cabinet_command WHERE outcome IS NULL') === 0 &&
    count(`SELECT count(*) AS n FROM shopping_session WHERE state IN ('authorised', 'open', 'closing')`) === 0 &&
    count(`SELECT count(*) AS n FROM cabinet_twin t JOIN cabinet_status s ON s.cabinet_id = t.cabinet_id
           WHERE coalesce(json_extract(s.reported, '$.desiredVersion'), -1) <> t.version OR s.is_online = 0`) === 0
  )
}
