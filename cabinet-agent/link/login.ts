import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto'
import { mqttLoginText } from '#shared/contracts/http/cabinets.ts'
import { commandSigningText, type Command } from '#shared/contracts/mqtt/command.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'

/** User name and password for one connection; a signed password is made anew for each. */
export interface Login {
  username: string
  password: string
}

export function readPrivateKey(pem: string): KeyObject {
  return createPrivateKey(pem)
}

/** A server key as enrolment gives it: SubjectPublicKeyInfo, DER, base64. */
export function readPublicKey(base64: string): KeyObject {
  return createPublicKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'spki' })
}

export function signedLogin(cabinetId: Id, key: KeyObject, atMs: number): Login {
  const signature = sign(null, Buffer.from(mqttLoginText(cabinetId, atMs)), key).toString('base64')
  return { username: cabinetId, password: `${atMs}.${signature}` }
}

/** True when one of the server's keys made the signature over exactly this command for this cabinet. */
export function isSignedByServer(cabinetId: Id, command: Command, keys: readonly KeyObject[]): boolean {
  const text = Buffer.from(commandSigningText(cabinetId, command))
  const signature = Buffer.from(command.signature, 'base64')
  return keys.some((key) => {
    try {
      return verify(null, text, key, signature)
    } catch {
      return false
    }
  })
}
