// Key pairs that a seed makes, so that signatures are the same in every run. Never outside the simulation.
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'

/** PKCS #8 of an Ed25519 key up to its 32 secret bytes (RFC 8410). */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex')

export interface SimKey {
  readonly privateKey: KeyObject
  readonly pem: string
  /** SubjectPublicKeyInfo, DER, base64. */
  readonly publicKey: string
}

/** The key pair of a number; other numbers give other keys. */
export function makeKeyPair(ordinal: number): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  const secret = Buffer.alloc(32, 7)
  secret.writeUInt32BE(ordinal, 0)
  const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8Head, secret]), format: 'der', type: 'pkcs8' })
  return { privateKey, publicKey: createPublicKey(privateKey) }
}

export function makeKey(ordinal: number): SimKey {
  const { privateKey, publicKey } = makeKeyPair(ordinal)
  return {
    privateKey,
    pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
  }
}
