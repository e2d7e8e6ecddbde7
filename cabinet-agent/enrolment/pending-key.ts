// The key that is to be this cabinet's next: on disk before anybody hears of it.
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from '../durable-file.ts'

const fileOf = (dataDirectory: string) => join(dataDirectory, 'pending-key.pem')

/** PKCS #8 PEM, made once and kept until it is in its place: a reply lost on the way leaves the same key for the next try. */
export function pendingKey(dataDirectory: string): string {
  const file = fileOf(dataDirectory)
  try {
    return readFileSync(file, 'utf8')
  } catch {
    const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    replaceFile(file, pem, 0o600)
    return pem
  }
}

/** It is in its place: the next one is to be another. */
export function dropPendingKey(dataDirectory: string): void {
  rmSync(fileOf(dataDirectory), { force: true })
}
