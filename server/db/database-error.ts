// One error for what either database says, so that callers can tell a broken constraint from a busy or broken store
// without knowing the dialect. A unit never sees it: by then PostgreSQL has aborted the transaction, so the unit is
// dropped where it stands and its caller gets the error.

export const databaseErrorKinds = [
  'unique',
  'foreign-key',
  'check',
  'not-null',
  'immutable',
  'busy',
  'conflict',
  /** Lost or not to be had; nothing of the unit is kept. */
  'connection',
  /** Lost at the commit: the unit is kept or not. */
  'uncertain',
  'full',
  /** The device underneath failed a read or write. */
  'io',
  'other',
] as const
export type DatabaseErrorKind = (typeof databaseErrorKinds)[number]

export class DatabaseError extends Error {
  override readonly name = 'DatabaseError'
  readonly kind: DatabaseErrorKind

  constructor(kind: DatabaseErrorKind, message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
  }
}

const kindByCode: Readonly<Record<string, DatabaseErrorKind>> = {
  SQLITE_CONSTRAINT_UNIQUE: 'unique',
  SQLITE_CONSTRAINT_PRIMARYKEY: 'unique',
  SQLITE_CONSTRAINT_FOREIGNKEY: 'foreign-key',
  SQLITE_CONSTRAINT_CHECK: 'check',
  SQLITE_CONSTRAINT_NOTNULL: 'not-null',
  SQLITE_CONSTRAINT_DATATYPE: 'check',
  SQLITE_CONSTRAINT_TRIGGER: 'immutable',
  SQLITE_BUSY: 'busy',
  SQLITE_BUSY_SNAPSHOT: 'busy',
  SQLITE_LOCKED: 'busy',
  SQLITE_FULL: 'full',
  '23505': 'unique',
  '23503': 'foreign-key',
  '23514': 'check',
  '23502': 'not-null',
  HC001: 'immutable',
  '55P03': 'busy',
  '40001': 'conflict',
  '40P01': 'conflict',
  '53100': 'full',
  '58030': 'io',
  '57P01': 'connection',
  '57P02': 'connection',
  '57P03': 'connection',
  '08000': 'connection',
  '08003': 'connection',
  '08006': 'connection',
  '25P03': 'connection',
  ECONNREFUSED: 'connection',
  ECONNRESET: 'connection',
  EHOSTUNREACH: 'connection',
  ENETUNREACH: 'connection',
  EPIPE: 'connection',
  ETIMEDOUT: 'connection',
  ENOENT: 'connection',
}

/** How pg begins what it says of a connection that has ended, without a code. */
const lostConnection = /^(?:Connection terminated|Client (?:was closed|has encountered a connection error))/

function kindOf(code: string): DatabaseErrorKind | undefined {
  // SQLite has some thirty of these, by the call that failed.
  return kindByCode[code] ?? (code.startsWith('SQLITE_IOERR') ? 'io' : undefined)
}

/** Whatever a driver threw → DatabaseError; the driver's own error stays its cause. */
export function asDatabaseError(thrown: unknown): DatabaseError {
  if (thrown instanceof DatabaseError) return thrown
  for (let link: unknown = thrown; link instanceof Error; link = link.cause) {
    const code = (link as { code?: unknown }).code
    const kind = typeof code === 'string' ? kindOf(code) : undefined
    if (kind !== undefined) return new DatabaseError(kind, link.message, { cause: thrown })
    if (lostConnection.test(link.message)) return new DatabaseError('connection', link.message, { cause: thrown })
  }
  return new DatabaseError('other', thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown })
}

const passing: ReadonlySet<DatabaseErrorKind> = new Set(['busy', 'conflict', 'connection', 'uncertain', 'full', 'io'])

/** Whether the same unit may succeed later; any other error would come again and again. */
export function mayPass(thrown: unknown): boolean {
  return passing.has(asDatabaseError(thrown).kind)
}
