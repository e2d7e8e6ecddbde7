// Keys of a server and the lists it makes of them, without a server.
import { generateKeyPairSync } from 'node:crypto'
import { commandKeysSigningText, type CommandKeyList } from '#shared/contracts/mqtt/command-keys.ts'
import { CommandSigner } from '#server/mqtt/command-signer.ts'

export const makeSigner = () =>
  new CommandSigner(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())

interface Named {
  readonly present: CommandSigner
  readonly next?: CommandSigner
  readonly previous?: CommandSigner
}

export function signedList(generation: number, { present, next, previous }: Named, by: CommandSigner): CommandKeyList {
  const list = {
    generation,
    present: present.publicKey,
    ...(next && { next: next.publicKey }),
    ...(previous && { previous: previous.publicKey }),
  }
  return { ...list, signature: by.signText(commandKeysSigningText(list)) }
}

/** A first rotation from one key to another: prepared, rotated, ended. */
export function rotationOf(from: CommandSigner, to: CommandSigner) {
  const prepared = signedList(1, { present: from, next: to }, from)
  const rotated = signedList(2, { present: to, previous: from }, to)
  const ended = signedList(3, { present: to }, to)
  return { prepared, rotated, ended, all: [prepared, rotated, ended] }
}
