import type BetterSqlite3 from 'better-sqlite3'
import { genesisHash } from '#shared/contracts/mqtt/event.ts'
import { JournalError } from './journal-error.ts'

/** Raised with every change of the tables; an older journal is brought forward, a newer one is refused. */
export const schemaVersion = 4

/**
 * The agent's only store. `entries` is journal and outbox in one: a row is written with the state that caused it and
 * leaves only after the server has committed it.
 */
const tables = `
CREATE TABLE entries (
  seq INTEGER PRIMARY KEY CHECK (seq >= 1),
  bootId TEXT NOT NULL,
  atMs INTEGER NOT NULL,
  type TEXT NOT NULL,
  body TEXT NOT NULL,
  prevHash TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;
CREATE TABLE chain (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  lastSeq INTEGER NOT NULL CHECK (lastSeq >= 0),
  lastHash TEXT NOT NULL,
  ackedSeq INTEGER NOT NULL CHECK (ackedSeq >= 0)
) STRICT;
CREATE TABLE machine (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  state TEXT NOT NULL
) STRICT;
CREATE TABLE sessions (
  sessionId TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  commandId TEXT NOT NULL,
  startedAtMs INTEGER NOT NULL,
  opening TEXT,
  finalEvent TEXT,
  endedAtMs INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE commands (
  commandId TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  issuedAtMs INTEGER NOT NULL,
  expiresAtMs INTEGER NOT NULL,
  reply TEXT,
  isDelivered INTEGER NOT NULL DEFAULT 0 CHECK (isDelivered IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE INDEX commandsUndelivered ON commands (isDelivered) WHERE isDelivered = 0;
CREATE TABLE lanes (
  laneId TEXT PRIMARY KEY,
  record TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE alarms (
  alarm TEXT PRIMARY KEY,
  detail TEXT NOT NULL,
  raisedAtMs INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO chain VALUES (1, 0, '${genesisHash}', 0);
`

/** What the decoder was told of the newest sales (sampling/trace-recorder.ts): NDJSON, gzipped. */
const tracesTable = `
CREATE TABLE traces (
  sessionId TEXT PRIMARY KEY,
  atMs INTEGER NOT NULL,
  trace BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tracesByAge ON traces (atMs);
`

/** How fast each SKU dries, as learned here (weighing/moisture-loss.ts). */
const dryingTable = `
CREATE TABLE dryingRates (
  skuId TEXT PRIMARY KEY,
  rate TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`

/**
 * Passes that open nothing here any more: used or revoked. `seq` is the entry that told of the use; behind the acknowledged
 * position the server may not know of it.
 */
const passUsesTable = `
CREATE TABLE passUses (
  passId TEXT PRIMARY KEY,
  buyerId TEXT NOT NULL,
  counter INTEGER NOT NULL CHECK (counter >= 0),
  capFen INTEGER NOT NULL CHECK (capFen >= 0),
  expiresAtMs INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  isRevoked INTEGER NOT NULL CHECK (isRevoked IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE INDEX passUsesByBuyer ON passUses (buyerId, counter);
CREATE INDEX passUsesBySeq ON passUses (seq);
`

/** Makes the tables of a new file; throws JournalError when the file was written by a newer agent. */
export function prepareSchema(db: BetterSqlite3.Database, file: string): void {
  const found = db.pragma('user_version', { simple: true }) as number
  if (found === schemaVersion) return
  if (found > schemaVersion) {
    throw new JournalError('journal.newer_schema', `${file} was written by a newer agent (schema ${found})`)
  }
  db.transaction(() => {
    if (found < 1) db.exec(tables)
    if (found < 2) db.exec(tracesTable)
    if (found < 3) db.exec(dryingTable)
    if (found < 4) db.exec(passUsesTable)
    db.pragma(`user_version = ${schemaVersion}`)
  })()
}
