import { createPublicKey, sign, type KeyObject } from 'node:crypto'
import { keyRotationText, rotateCabinetKey } from '#shared/contracts/http/cabinets.ts'
import { obeyedKeys, type CommandKeyList } from '#shared/contracts/mqtt/command-keys.ts'
import { delay, type Clock } from '#shared/time/clock.ts'
import { readPrivateKey, readPublicKey, signedLogin, type Login } from '../link/login.ts'
import { saveIdentity, type Identity } from './identity.ts'
import { newestTrusted } from './key-lists.ts'
import { dropPendingKey, pendingKey } from './pending-key.ts'

export interface KeyKeeperParts {
  identity: Identity
  dataDirectory: string
  serverUrl: string
  fetch: typeof globalThis.fetch
  clock: Clock
  /** How long a key serves. */
  lifetimeMs: number
  onLog: (level: 'info' | 'warn', message: string, detail?: object) => void
}

const lookMs = 3_600_000
const requestTimeoutMs = 15_000

/** Whom the cabinet obeys, and how that changes. */
export interface ServerKeys {
  /** Keys whose signature counts. */
  trusted: () => readonly KeyObject[]
  /** The same, as the wire has them. */
  named: () => readonly string[]
  /** Takes lists as they were told; whether they changed whom it obeys. Throws when what is new could not be kept. */
  follow: (lists: readonly CommandKeyList[]) => boolean
}

/**
 * Holds the cabinet's key, logs in with it, and changes it when it has served its time, without anybody coming by; and holds the
 * server's keys, which the server changes.
 */
export class KeyKeeper {
  readonly #parts: KeyKeeperParts
  #identity: Identity
  #trusted: readonly KeyObject[]

  constructor(parts: KeyKeeperParts) {
    this.#parts = parts
    this.#identity = parts.identity
    this.#trusted = parts.identity.serverPublicKeys.map(readPublicKey)
  }

  get serverKeys(): ServerKeys {
    return {
      trusted: () => this.#trusted,
      named: () => this.#identity.serverPublicKeys,
      follow: (lists) => this.#follow(lists),
    }
  }

  login(): Login {
    const { cabinetId, privateKeyPem } = this.#identity
    return signedLogin(cabinetId, readPrivateKey(privateKeyPem), this.#parts.clock.now())
  }

  /** Looks hourly whether the key is due, until the signal aborts. A server that cannot be asked is asked again at the next look. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, onLog } = this.#parts
    while (!signal.aborted) {
      try {
        if (await this.rotateWhenDue()) onLog('info', 'the key was changed')
      } catch (error) {
        onLog('warn', 'the key could not be changed; trying again', { error: String(error) })
      }
      await delay(clock, lookMs, signal).catch(() => {})
    }
  }

  /** Resolves to whether the key was changed; rejects when the server refuses or cannot be asked, and the present key stays. */
  async rotateWhenDue(): Promise<boolean> {
    const { clock, lifetimeMs, dataDirectory } = this.#parts
    if (clock.now() - this.#identity.keySinceMs < lifetimeMs) return false
    const privateKeyPem = pendingKey(dataDirectory)
    await this.#offer(privateKeyPem)
    this.#identity = { ...this.#identity, privateKeyPem, keySinceMs: clock.now() }
    saveIdentity(dataDirectory, this.#identity)
    dropPendingKey(dataDirectory)
    return true
  }

  /** On the disk before it counts: who is told of it may let the old key go. */
  #follow(lists: readonly CommandKeyList[]): boolean {
    const commandKeys = newestTrusted(this.#identity, lists)
    if (commandKeys === undefined) return false
    const serverPublicKeys = obeyedKeys(commandKeys)
    const trusted = serverPublicKeys.map(readPublicKey)
    const identity = { ...this.#identity, serverPublicKeys, commandKeys }
    saveIdentity(this.#parts.dataDirectory, identity)
    this.#identity = identity
    this.#trusted = trusted
    return true
  }

  async #offer(newPem: string): Promise<void> {
    const { clock, serverUrl, fetch } = this.#parts
    const { cabinetId, privateKeyPem } = this.#identity
    const [present, next] = [readPrivateKey(privateKeyPem), readPrivateKey(newPem)]
    const publicKey = createPublicKey(next).export({ type: 'spki', format: 'der' }).toString('base64')
    const atMs = clock.now()
    const text = Buffer.from(keyRotationText(cabinetId, atMs, publicKey))
    const [signature, newSignature] = [present, next].map((key) => sign(null, text, key).toString('base64'))
    const response = await fetch(new URL(rotateCabinetKey.path.replace(':cabinetId', cabinetId), serverUrl), {
      method: rotateCabinetKey.method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ publicKey, atMs, signature, newSignature }),
      signal: AbortSignal.timeout(requestTimeoutMs),
    })
    if (response.status !== rotateCabinetKey.status)
      throw new Error(`HTTP ${response.status}: ${await response.text()}`)
  }
}
