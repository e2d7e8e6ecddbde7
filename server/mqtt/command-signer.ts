// Signs commands with the server's Ed25519 key, so that a broker alone cannot open a door. The key may be changed under it while
// the server runs; what an earlier key of ours has signed is signed anew on its way out.
import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto'
import { type Command, commandSigningText } from '#shared/contracts/mqtt/command.ts'
import type { CommandKeyList } from '#shared/contracts/mqtt/command-keys.ts'
import { type PassKey, passKeySigningBytes } from '#shared/passes/pass-code.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'

const readPublicKey = (base64: string) =>
  createPublicKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'spki' })

const isSignedBy = (key: KeyObject, text: string, signature: string) =>
  verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64'))

export class CommandSigner {
  #privateKey: KeyObject
  #publicKey: KeyObject
  #others: readonly KeyObject[] = []
  #keyLists: readonly CommandKeyList[] = []

  /** `privateKeyPem` is PKCS #8 PEM of an Ed25519 key; anything else throws. */
  constructor(privateKeyPem: string) {
    this.#privateKey = createPrivateKey(privateKeyPem)
    if (this.#privateKey.asymmetricKeyType !== 'ed25519') throw new TypeError('the command key is not an Ed25519 key')
    this.#publicKey = createPublicKey(this.#privateKey)
  }

  /** SubjectPublicKeyInfo, DER, base64: what cabinets get at enrolment. */
  get publicKey(): string {
    return this.#publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  }

  /** What cabinets are told of the keys they should obey, oldest first; none until the key is changed for the first time. */
  get keyLists(): readonly CommandKeyList[] {
    return this.#keyLists
  }

  /** Signs with another's key from now on. */
  become(other: CommandSigner): void {
    this.#privateKey = other.#privateKey
    this.#publicKey = other.#publicKey
  }

  /** Takes what the database says of the keys: the lists for cabinets, and every key that was ever ours. */
  learn(keyLists: readonly CommandKeyList[], publicKeys: readonly string[]): void {
    const own = this.publicKey
    this.#keyLists = keyLists
    this.#others = publicKeys.filter((key) => key !== own).map(readPublicKey)
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

  /**
   * The present key's signature of a text that another key of ours has signed: stored commands and releases outlive a key. Any other
   * signature stays as it is, for cabinets to judge: whoever can write a row must not get it signed.
   */
  renew(text: string, signature: string): string {
    if (this.#others.length === 0 || isSignedBy(this.#publicKey, text, signature)) return signature
    return this.#others.some((key) => isSignedBy(key, text, signature)) ? this.signText(text) : signature
  }
}
