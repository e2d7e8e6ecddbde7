/** Why a journal cannot be used; stable codes, the message names the file and what to do. */
export type JournalErrorCode = 'journal.corrupt' | 'journal.unreadable' | 'journal.locked' | 'journal.newer_schema'

export class JournalError extends Error {
  override readonly name = 'JournalError'
  readonly code: JournalErrorCode

  constructor(code: JournalErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The disk took nothing of a commit: the journal stands as before it. */
export class DiskFullError extends Error {
  override readonly name = 'DiskFullError'
}

/** SQLite's word for a disk that takes no more. A failed write of the log shows as an I/O error on some file systems. */
export function isDiskFull(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return (
    code === 'SQLITE_FULL' ||
    code === 'SQLITE_IOERR_WRITE' ||
    code === 'SQLITE_IOERR_FSYNC' ||
    code === 'SQLITE_IOERR_TRUNCATE' ||
    code === 'ENOSPC' ||
    code === 'EDQUOT'
  )
}
