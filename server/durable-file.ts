// Files that are whole or absent: written beside their place, forced to the disk, and renamed into it.
import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { link, mkdir, open, rename, rm, writeFile } from 'node:fs/promises'
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

/**
 * Makes a file that only its owner reads, for good. Rejects with EEXIST when there is one: of two processes that start at once, one
 * makes it and the other fails.
 */
export async function makeSecretFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const partial = `${path}.${randomUUID()}.partial`
  try {
    await writeFile(partial, text, { mode: 0o600, flush: true })
    // A rename would put it over what the other has made.
    await link(partial, path)
  } finally {
    await rm(partial, { force: true })
  }
  await sync(dirname(path))
}

/** Writes a file that only its owner reads, over whatever is there, and forces it to the disk. */
export async function writeSecretFile(path: string, text: string): Promise<void> {
  await rm(path, { force: true })
  await writeFile(path, text, { mode: 0o600, flush: true })
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
