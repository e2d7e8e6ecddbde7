// How a cabinet proves itself to the broker: user name = cabinet id, password = `{atMs}.{signature}` with its enrolled key
// over mqttLoginText. There is no shared secret to steal, and a password overheard is worth five minutes.
import { createPublicKey, verify } from 'node:crypto'
import { mqttLoginText } from '#shared/contracts/http/cabinets.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'

/** How far a cabinet's clock may be from the server's. */
export const maxLoginSkewMs = 300_000

export type LoginVerdict = 'good' | 'malformed' | 'skewed' | 'bad_signature'

/** True when the text is an Ed25519 public key (SubjectPublicKeyInfo, DER, base64). */
export function isEd25519PublicKey(publicKey: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
    return key.asymmetricKeyType === 'ed25519'
  } catch {
    return false
  }
}

/** Judges a password at `nowMs` against the cabinet's enrolled public key. */
export function judgeLogin(cabinetId: Id, publicKey: string, password: string, nowMs: number): LoginVerdict {
  const match = /^(\d{1,16})\.([A-Za-z0-9+/]{86}==)$/.exec(password)
  const [, atText, signature] = match ?? []
  if (atText === undefined || signature === undefined) return 'malformed'
  const atMs = Number(atText)
  if (Math.abs(nowMs - atMs) > maxLoginSkewMs) return 'skewed'
  const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
  const isGood = verify(null, Buffer.from(mqttLoginText(cabinetId, atMs)), key, Buffer.from(signature, 'base64'))
  return isGood ? 'good' : 'bad_signature'
}
