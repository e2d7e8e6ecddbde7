/** Why a backup was not made, is not sound, or was not put back; the message is for the person at the terminal. */
export class BackupError extends Error {
  override readonly name = 'BackupError'
}
