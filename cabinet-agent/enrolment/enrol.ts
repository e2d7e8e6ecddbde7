import { createPublicKey } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { enrolCabinet } from '#shared/contracts/http/cabinets.ts'
import { Problem } from '#shared/contracts/http/route.ts'
import type { Clock } from '#shared/time/clock.ts'
import { readPrivateKey } from '../link/login.ts'
import { saveIdentity, type Identity } from './identity.ts'
import { dropPendingKey, pendingKey } from './pending-key.ts'

export interface EnrolOptions {
  serverUrl: string
  enrolmentCode: string
  dataDirectory: string
  fetch: typeof globalThis.fetch
  clock: Pick<Clock, 'now'>
}

/** The server said no: the code is used up, expired or wrong. Trying again does not help. */
export class EnrolmentRefusedError extends Error {
  override readonly name = 'EnrolmentRefusedError'
}

const requestTimeoutMs = 15_000

/**
 * Trades the one-time code for the cabinet's place. The key pair is made here; its private half stays in the data
 * directory. Throws EnrolmentRefusedError when the server refuses, any other error when it could not be asked.
 */
export async function enrol({
  serverUrl,
  enrolmentCode,
  dataDirectory,
  fetch,
  clock,
}: EnrolOptions): Promise<Identity> {
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
  const identity: Identity = { ...enrolCabinet.reply.parse(body), privateKeyPem, keySinceMs: clock.now() }
  saveIdentity(dataDirectory, identity)
  dropPendingKey(dataDirectory)
  return identity
}
