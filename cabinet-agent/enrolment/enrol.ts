import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { enrolCabinet } from '#shared/contracts/http/cabinets.ts'
import { Problem } from '#shared/contracts/http/route.ts'
import { readPrivateKey } from '../link/login.ts'
import { createPublicKey } from 'node:crypto'
import { saveIdentity, type Identity } from './identity.ts'

export interface EnrolOptions {
  serverUrl: string
  enrolmentCode: string
  dataDirectory: string
  fetch: typeof globalThis.fetch
}

/** The server said no: the code is used up, expired or wrong. Trying again does not help. */
export class EnrolmentRefusedError extends Error {
  override readonly name = 'EnrolmentRefusedError'
}

const requestTimeoutMs = 15_000
const pendingKeyFile = 'pending-key.pem'

/**
 * Trades the one-time code for the cabinet's place. The key pair is made here; its private half stays in the data
 * directory. Throws EnrolmentRefusedError when the server refuses, any other error when it could not be asked.
 */
export async function enrol({ serverUrl, enrolmentCode, dataDirectory, fetch }: EnrolOptions): Promise<Identity> {
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 })
  const privateKeyPem = pendingKey(dataDirectory)
  const publicKey = createPublicKey(readPrivateKey(privateKeyPem)).export({ type: 'spki', format: 'der' })
  const response = await fetch(new URL(enrolCabinet.path, serverUrl), {
    method: enrolCabinet.method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ enrolmentCode, publicKey: publicKey.toString('base64') }),
    signal: AbortSignal.timeout(requestTimeoutMs),
  })
  const body: unknown = await response.json().catch(() => undefined)
  if (response.status !== enrolCabinet.status) {
    const problem = Problem.safeParse(body)
    const why = problem.success ? `${problem.data.code}: ${problem.data.detail ?? problem.data.title}` : ''
    const message = `enrolment failed with HTTP ${response.status} ${why}`.trim()
    if (response.status >= 500 || response.status === 429) throw new Error(message)
    throw new EnrolmentRefusedError(message)
  }
  const identity: Identity = { ...enrolCabinet.reply.parse(body), privateKeyPem }
  saveIdentity(dataDirectory, identity)
  return identity
}

/** Made once and kept until it is enrolled: a reply lost on the way leaves the same key for the next try. */
function pendingKey(dataDirectory: string): string {
  const file = join(dataDirectory, pendingKeyFile)
  try {
    return readFileSync(file, 'utf8')
  } catch {
    const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    writeFileSync(`${file}.new`, pem, { mode: 0o600, flush: true })
    chmodSync(`${file}.new`, 0o600)
    renameSync(`${file}.new`, file)
    return pem
  }
}
