import type { Id } from '../ids/uuid-v7.ts'
import { decodeBase45, encodeBase45 } from './base45.ts'

/**
 * The code of an offline pass: what the server signs, the buyer shows as a QR code and a cabinet without a network
 * verifies. It brings the certificate of the key that signed it, made by a server key that every cabinet learned when it
 * enrolled: the pass key may change without touching a cabinet, and the command key never signs a pass.
 *
 * Layout, big-endian: version 1 · pass id 16 · group id 16 · buyer id 16 · not before 4 · expires 4 · cap 4 · counter 4 ·
 * pass signature 64 · pass key 32 · key not before 4 · key expires 4 · key signature 64; instants in epoch seconds.
 */

/** What a pass promises. Ids are UUIDs; the cap is in fen; instants are whole seconds, given in epoch ms. */
export interface Pass {
  passId: Id
  /** The cabinets it opens: a host site. */
  groupId: Id
  buyerId: Id
  notBeforeMs: number
  expiresAtMs: number
  /** Most that a session on it may cost, fen; held in the buyer's wallet. */
  capFen: number
  /** Grows with each pass of a buyer: a cabinet takes none that is not above the last it took. */
  counter: number
}

/** The key that signs passes, vouched for by a server key for a time. */
export interface PassKey {
  /** Ed25519, the 32 raw bytes. */
  publicKey: Uint8Array
  notBeforeMs: number
  expiresAtMs: number
}

export interface SignedPass {
  pass: Pass
  signature: Uint8Array
  key: PassKey
  keySignature: Uint8Array
}

/** What stands before the payload in a QR code, so that other codes are told from passes at a glance. */
export const passPrefix = 'HN1:'

const formatVersion = 1
const passLength = 65
const keyLength = 40
const signatureLength = 64
const codeLength = passLength + signatureLength + keyLength + signatureLength
/** No pass is longer, characters. */
export const maxPassCode = passPrefix.length + Math.ceil(codeLength / 2) * 3

const maxUint32 = 0xff_ff_ff_ff

/** The bytes that a pass's signature covers; the purpose keeps it apart from everything else an Ed25519 key may sign. */
export function passSigningBytes(pass: Pass): Uint8Array {
  return withPurpose('huinong-pass-v1\0', encodePass(pass))
}

/** The bytes that a server key signs to vouch for a pass key. */
export function passKeySigningBytes(key: PassKey): Uint8Array {
  return withPurpose('huinong-pass-key-v1\0', encodeKey(key))
}

/** Throws RangeError on what no pass can carry: ids that are no UUIDs, amounts and instants out of range. */
export function encodePassCode({ pass, signature, key, keySignature }: SignedPass): string {
  if (signature.length !== signatureLength || keySignature.length !== signatureLength)
    throw new RangeError('an Ed25519 signature is 64 bytes')
  return passPrefix + encodeBase45(join([encodePass(pass), signature, encodeKey(key), keySignature]))
}

/** Reads a scanned text; undefined when it is none of ours. Says nothing about who signed it. Never throws. */
export function decodePassCode(text: string): SignedPass | undefined {
  if (text.length > maxPassCode || !text.startsWith(passPrefix)) return undefined
  const bytes = decodeBase45(text.slice(passPrefix.length))
  if (bytes === undefined || bytes.length !== codeLength || bytes[0] !== formatVersion) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const at = { key: passLength + signatureLength, keySignature: passLength + signatureLength + keyLength }
  const signed: SignedPass = {
    pass: {
      passId: readId(bytes, 1),
      groupId: readId(bytes, 17),
      buyerId: readId(bytes, 33),
      notBeforeMs: view.getUint32(49) * 1_000,
      expiresAtMs: view.getUint32(53) * 1_000,
      capFen: view.getUint32(57),
      counter: view.getUint32(61),
    },
    signature: bytes.slice(passLength, at.key),
    key: {
      publicKey: bytes.slice(at.key, at.key + 32),
      notBeforeMs: view.getUint32(at.key + 32) * 1_000,
      expiresAtMs: view.getUint32(at.key + 36) * 1_000,
    },
    keySignature: bytes.slice(at.keySignature),
  }
  // One text for one pass: a second spelling of the same bytes would slip past a look-up by text.
  return encodePassCode(signed) === text ? signed : undefined
}

function encodePass(pass: Pass): Uint8Array {
  const bytes = new Uint8Array(passLength)
  const view = new DataView(bytes.buffer)
  bytes[0] = formatVersion
  writeId(bytes, 1, pass.passId)
  writeId(bytes, 17, pass.groupId)
  writeId(bytes, 33, pass.buyerId)
  writeInstant(view, 49, pass.notBeforeMs)
  writeInstant(view, 53, pass.expiresAtMs)
  writeUint32(view, 57, pass.capFen)
  writeUint32(view, 61, pass.counter)
  return bytes
}

function encodeKey({ publicKey, notBeforeMs, expiresAtMs }: PassKey): Uint8Array {
  if (publicKey.length !== 32) throw new RangeError('an Ed25519 key is 32 bytes')
  const bytes = new Uint8Array(keyLength)
  const view = new DataView(bytes.buffer)
  bytes.set(publicKey)
  writeInstant(view, 32, notBeforeMs)
  writeInstant(view, 36, expiresAtMs)
  return bytes
}

function writeUint32(view: DataView, offset: number, value: number): void {
  if (!Number.isInteger(value) || value < 0 || value > maxUint32) throw new RangeError(`not in 32 bits: ${value}`)
  view.setUint32(offset, value)
}

function writeInstant(view: DataView, offset: number, atMs: number): void {
  writeUint32(view, offset, atMs / 1_000)
}

function writeId(bytes: Uint8Array, offset: number, id: Id): void {
  const hex = id.replaceAll('-', '')
  if (!/^[0-9a-f]{32}$/.test(hex)) throw new RangeError(`not a UUID: ${id}`)
  for (let index = 0; index < 16; index += 1) bytes[offset + index] = parseInt(hex.slice(index * 2, index * 2 + 2), 16)
}

function readId(bytes: Uint8Array, offset: number): Id {
  const hex = Array.from(bytes.subarray(offset, offset + 16), (byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

function withPurpose(purpose: string, payload: Uint8Array): Uint8Array {
  return join([new TextEncoder().encode(purpose), payload])
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}
