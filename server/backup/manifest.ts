// What a backup says of itself, in a file of its own beside it.
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { BackupError } from './backup-error.ts'

export const BackupManifest = z.object({
  format: z.literal('huinong-backup-1'),
  /** When its snapshot was taken, epoch ms. */
  takenAtMs: z.int().nonnegative(),
  bytes: z.int().positive(),
  /** Of the database file, hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Of the schema that made it: the program that reads it must have the same. */
  schemaHash: z.string(),
})
export type BackupManifest = z.infer<typeof BackupManifest>

export const manifestPathOf = (path: string) => `${path}.json`

/** Throws BackupError when there is none or it is not one. */
export async function readManifest(path: string): Promise<BackupManifest> {
  const manifestPath = manifestPathOf(path)
  let text: string
  try {
    text = await readFile(manifestPath, 'utf8')
  } catch {
    throw new BackupError(`There is no ${manifestPath}: ${path} is not a backup, or was copied without it.`)
  }
  const parsed = BackupManifest.safeParse(parseJson(text))
  if (!parsed.success) throw new BackupError(`${manifestPath} is damaged: ${z.prettifyError(parsed.error)}`)
  return parsed.data
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
