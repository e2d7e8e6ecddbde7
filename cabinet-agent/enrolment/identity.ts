import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { CabinetCode } from '#shared/contracts/http/shelf.ts'
import { CommandKeyList } from '#shared/contracts/mqtt/command-keys.ts'
import { PublicKey } from '#shared/contracts/public-key.ts'
import { Id } from '#shared/ids/uuid-v7.ts'
import { replaceFile } from '../durable-file.ts'

/** Who this cabinet is: what enrolment gave it, and its own private key. One file, readable by its owner only. */
export const Identity = z.object({
  cabinetId: Id,
  code: CabinetCode,
  mqttUrl: z.string(),
  /** Whom it obeys. */
  serverPublicKeys: z.array(PublicKey).min(1).max(4),
  /** The list that says so; absent: enrolment did, and no list since. */
  commandKeys: CommandKeyList.optional(),
  /** Ed25519, PKCS #8 PEM; made here and never sent anywhere. */
  privateKeyPem: z.string().startsWith('-----BEGIN PRIVATE KEY-----'),
  /** When the key took its place; 0: before this was written down. */
  keySinceMs: z.int().min(0).default(0),
})
export type Identity = z.infer<typeof Identity>

const fileName = 'identity.json'

/** Undefined when this cabinet is not enrolled. Throws when the file is there and cannot be trusted. */
export function loadIdentity(dataDirectory: string): Identity | undefined {
  const file = join(dataDirectory, fileName)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  const parsed = Identity.safeParse(safeJson(text))
  if (!parsed.success)
    throw new Error(`${file} is damaged; enrol again with a new code:\n${z.prettifyError(parsed.error)}`)
  return parsed.data
}

/** Whole or not at all: a power cut leaves the old file or the new one. */
export function saveIdentity(dataDirectory: string, identity: Identity): void {
  replaceFile(join(dataDirectory, fileName), JSON.stringify(identity, undefined, 2), 0o600)
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
