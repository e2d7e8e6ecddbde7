// Signs commands with the server's Ed25519 key, so that a broker alone cannot open a door.
import { createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto'
import { type Command, commandSigningText } from '#shared/contracts/mqtt/command.ts'
import { type PassKey, passKeySigningBytes } from '#shared/passes/pass-code.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'

export class CommandSigner {
  /** SubjectPublicKeyInfo, DER, base64: what cabinets get at enrolment. */
  readonly publicKey: string
  readonly #privateKey: KeyObject

  /** `privateKeyPem` is PKCS #8 PEM of an Ed25519 key; anything else throws. */
  constructor(privateKeyPem: string) {
    this.#privateKey = createPrivateKey(privateKeyPem)
    if (this.#privateKey.asymmetricKeyType !== 'ed25519') throw new TypeError('the command key is not an Ed25519 key')
    this.publicKey = createPublicKey(this.#privateKey).export({ type: 'spki', format: 'der' }).toString('base64')
  }

  /** Vouches for a key that signs offline passes. */
  signPassKey(key: PassKey): Uint8Array {
    return Uint8Array.from(sign(null, passKeySigningBytes(key), this.#privateKey))
  }

  sign(cabinetId: Id, command: Omit<Command, 'signature'>): Command {
    return { ...command, signature: this.signText(commandSigningText(cabinetId, command)) }
  }

  /** Base64. The text names its purpose, so that no signature serves for anything else. */
  signText(text: string): string {
    return sign(null, Buffer.from(text), this.#privateKey).toString('base64')
  }
}
