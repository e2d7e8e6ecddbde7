// Files that are whole or absent: written beside their place, forced to the disk, and renamed into it.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

async function sync(path: string): Promise<void> {
  await using file = await open(path, 'r')
  await file.sync()
}

/** Puts a finished file in its place for good. */
export async function settleFile(partial: string, path: string): Promise<void> {
  await sync(partial)
  await rename(partial, path)
  await sync(dirname(path))
}

/** SHA-256 of a file, hex, and its length in bytes. */
export async function hashFile(
  path: string,
  onProgress: (bytes: number) => void = () => {},
): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    hash.update(chunk)
    bytes += chunk.length
    onProgress(bytes)
  }
  return { sha256: hash.digest('hex'), bytes }
}
