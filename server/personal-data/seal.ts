// Seals personal data for the database: AES-256-GCM with a random nonce for each value. The purpose is authenticated beside the
// value, so that what was sealed for one field of one row opens nowhere else (`household-phone:5001121422010001`). Values
// name their key, therefore old ones open after a new key has come; reseal.ts moves them over.
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import type { KeyRing } from './key-ring.ts'

export interface Sealer {
  /** Id of the key that seals: the newest. */
  readonly newestKeyId: string
  /** Seals text for a purpose, `<field>:<owner's id>`. Sealing twice gives two different values. */
  seal(plain: string, purpose: string): string
  /** The text again. Throws SealError when the value was changed, was sealed for another purpose, or its key is missing. */
  open(sealed: string, purpose: string): string
  keyIdOf(sealed: string): string
  /** HMAC-SHA-256, hex, under a key of its own that is not rotated: equal texts have equal fingerprints, nothing else shows. */
  fingerprint(plain: string): string
  /** 32 bytes that belong to the label for good and tell nothing of each other. */
  deriveSecret(label: string): Buffer
}

/** A sealed value that cannot be opened: a fault of the installation or a changed row, never of the caller. */
export class SealError extends Error {
  override readonly name = 'SealError'
}

const cipherName = 'aes-256-gcm'
/** 96 bits, the length GCM is made for; at random that is good for 2^32 values a key (NIST SP 800-38D, 8.3). */
const nonceBytes = 12
const tagBytes = 16
const cipherOptions = { authTagLength: tagBytes }
const sealedForm = /^([a-z0-9-]{1,32})\.([A-Za-z0-9_-]+)$/

const authenticated = (keyId: string, purpose: string) => Buffer.from(`huinong:${keyId}:${purpose}`, 'utf8')

function splitSealed(sealed: string): { keyId: string; bytes: Buffer } {
  const [, keyId, text] = sealedForm.exec(sealed) ?? []
  const bytes = Buffer.from(text ?? '', 'base64url')
  if (keyId === undefined || bytes.length < nonceBytes + tagBytes) throw new SealError('this is no sealed value')
  return { keyId, bytes }
}

/** A sealed value is `<key id>.<base64url of nonce, ciphertext and tag>`. */
export function makeSealer({ dataKeys, fingerprintKey }: KeyRing): Sealer {
  const [newest] = dataKeys
  if (newest === undefined) throw new SealError('a key ring has at least one key')
  const keyById = new Map(dataKeys.map(({ id, key }) => [id, key]))
  return {
    newestKeyId: newest.id,
    seal(plain, purpose) {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv(cipherName, newest.key, nonce, cipherOptions)
      cipher.setAAD(authenticated(newest.id, purpose))
      const parts = [nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]
      return `${newest.id}.${Buffer.concat(parts).toString('base64url')}`
    },
    open(sealed, purpose) {
      const { keyId, bytes } = splitSealed(sealed)
      const key = keyById.get(keyId)
      if (key === undefined) throw new SealError(`the data key ${keyId} is not in the key ring`)
      const decipher = createDecipheriv(cipherName, key, bytes.subarray(0, nonceBytes), cipherOptions)
      decipher.setAAD(authenticated(keyId, purpose))
      decipher.setAuthTag(bytes.subarray(-tagBytes))
      try {
        const plain = decipher.update(bytes.subarray(nonceBytes, -tagBytes))
        // GCM holds nothing back: what is left is to check the tag.
        decipher.final()
        return plain.toString('utf8')
      } catch (error) {
        throw new SealError('a sealed value was changed, or was sealed for another purpose', { cause: error })
      }
    },
    keyIdOf: (sealed) => splitSealed(sealed).keyId,
    fingerprint: (plain) => createHmac('sha256', fingerprintKey).update(`fingerprint:${plain}`).digest('hex'),
    deriveSecret: (label) => createHmac('sha256', fingerprintKey).update(`secret:${label}`).digest(),
  }
}
