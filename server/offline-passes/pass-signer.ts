// Signs offline passes with a key of this process alone: made at the first pass, in memory only, vouched for by the command key
// in every pass it signs. It never touches a disk, is replaced daily, and the command key signs no pass itself.
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { encodePassCode, type Pass, type PassKey, passSigningBytes } from '#shared/passes/pass-code.ts'
import type { Clock } from '#shared/time/clock.ts'
import type { CommandSigner } from '../mqtt/command-signer.ts'

/** A key is used this long, and vouched for as long again, so that no pass is made at its very end. */
const keyLifeMs = 86_400_000

/** Of Ed25519. */
export interface KeyPair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

interface CertifiedKey {
  readonly privateKey: KeyObject
  readonly key: PassKey
  readonly keySignature: Uint8Array
  /** The command key that vouched. */
  readonly vouchedBy: string
}

/** Passes carry whole seconds. */
export const wholeSeconds = (atMs: number) => Math.floor(atMs / 1_000) * 1_000

export class PassSigner {
  readonly #commandSigner: CommandSigner
  readonly #clock: Pick<Clock, 'now'>
  readonly #makeKeyPair: () => KeyPair
  #current: CertifiedKey | undefined

  /** `makeKeyPair` is the simulation's way to the same keys in every run. */
  constructor(
    commandSigner: CommandSigner,
    clock: Pick<Clock, 'now'>,
    makeKeyPair: () => KeyPair = () => generateKeyPairSync('ed25519'),
  ) {
    this.#commandSigner = commandSigner
    this.#clock = clock
    this.#makeKeyPair = makeKeyPair
  }

  /** The code of a pass that begins now. */
  sign(pass: Pass): string {
    const { privateKey, key, keySignature } = this.#keyFor(pass.notBeforeMs)
    const signature = Uint8Array.from(sign(null, passSigningBytes(pass), privateKey))
    return encodePassCode({ pass, signature, key, keySignature })
  }

  #keyFor(atMs: number): CertifiedKey {
    const current = this.#current
    const isGood = current !== undefined && atMs >= current.key.notBeforeMs && atMs <= current.key.expiresAtMs
    const isFresh = current !== undefined && this.#clock.now() - current.key.notBeforeMs < keyLifeMs
    const vouchedBy = this.#commandSigner.publicKey
    if (isGood && isFresh && current.vouchedBy === vouchedBy) return current
    const { privateKey, publicKey } = this.#makeKeyPair()
    const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32)
    const key: PassKey = { publicKey: Uint8Array.from(raw), notBeforeMs: atMs, expiresAtMs: atMs + 2 * keyLifeMs }
    this.#current = { privateKey, key, keySignature: this.#commandSigner.signPassKey(key), vouchedBy }
    return this.#current
  }
}
