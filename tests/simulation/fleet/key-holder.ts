// The administrator who holds the key that signs commands: makes the next one known, has it sign, lets the previous one go, and now
// and then finds the present one in other hands. Steps as `batch command-key-…` takes them, one between two visits, the file moved
// at once or only at the next step, as after a run that was ended in between.
import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { nextUnit, type Random } from '#shared/ids/random.ts'
import { endPrevious, prepareKey, replaceStolen, rotateToNext } from '#server/command-keys/change-keys.ts'
import { findCommandKeys, type NamedKeys } from '#server/command-keys/find-keys.ts'
import { nextKeyFileOf, readKeyFile } from '#server/command-keys/key-files.ts'
import type { CommandSigner } from '#server/mqtt/command-signer.ts'
import { makeKey } from './keys.ts'
import { chance, type World } from './world.ts'

/** Each makes up to three lists, and a cabinet that misses more than sixteen in a row is lost. */
const mostStolen = 3
/** Keys of cabinets and of passes have other numbers. */
const firstOrdinal = 50_000

export class KeyHolder {
  readonly counts = { keysPrepared: 0, keysRotated: 0, keysEnded: 0, keysStolen: 0 }
  readonly #world: World
  readonly #random: Random

  constructor(world: World) {
    this.#world = world
    this.#random = world.fork()
  }

  /** One step; a refusal is an answer like any other. */
  async work(): Promise<void> {
    const { backend, shop } = this.#world
    const { keys } = await backend.run((ctx) => findCommandKeys(ctx))
    this.#promote(keys)
    const present = readKeyFile(backend.keyFile)
    if (present === undefined) throw new Error('the key file is gone')
    const step = { byAccountId: shop.operatorId }
    if (this.counts.keysStolen < mostStolen && nextUnit(this.#random) < 0.1) {
      const next = this.#nextKey()
      await backend.run((ctx) => replaceStolen(ctx, present, next, { ...step, why: '失窃' }))
      this.counts.keysStolen += 1
      this.#promoteOften({ ...keys, present: next.publicKey })
    } else if (keys.previous !== undefined && chance(this.#random, 0.7)) {
      await backend.run((ctx) => endPrevious(ctx, present, step))
      this.counts.keysEnded += 1
    } else if (keys.next === undefined) {
      const next = this.#nextKey()
      await backend.run((ctx) => prepareKey(ctx, present, next.publicKey, step))
      this.counts.keysPrepared += 1
    } else {
      const next = this.#nextKey()
      await backend.run((ctx) => rotateToNext(ctx, next, step))
      this.counts.keysRotated += 1
      this.#promoteOften({ ...keys, present: next.publicKey })
    }
  }

  /** From its file, or made. */
  #nextKey(): CommandSigner {
    const { backend, commandKeys } = this.#world
    const file = nextKeyFileOf(backend.keyFile)
    const known = readKeyFile(file)
    if (known !== undefined) return known
    const made = makeKey(firstOrdinal + commandKeys.length)
    commandKeys.push(made)
    writeFileSync(file, made.pem, { mode: 0o600 })
    return this.#nextKey()
  }

  #promoteOften(keys: NamedKeys): void {
    if (chance(this.#random, 0.7)) this.#promote(keys)
  }

  /** The next key's file takes the place of the present one's, once it signs. */
  #promote({ present }: NamedKeys): void {
    const file = nextKeyFileOf(this.#world.backend.keyFile)
    if (existsSync(file) && readKeyFile(file)?.publicKey === present) renameSync(file, this.#world.backend.keyFile)
  }
}
