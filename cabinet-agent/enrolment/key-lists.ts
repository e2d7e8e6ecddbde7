import { verify } from 'node:crypto'
import { commandKeysSigningText, heirOf, type CommandKeyList } from '#shared/contracts/mqtt/command-keys.ts'
import { readPublicKey } from '../link/login.ts'
import type { Identity } from './identity.ts'

/**
 * The newest of the lists offered to which a chain of signatures leads from what the cabinet holds; undefined when there is none
 * newer. Lists that nobody with the right signed are passed over: they must not keep it from those behind them.
 */
export function newestTrusted(
  held: Pick<Identity, 'serverPublicKeys' | 'commandKeys'>,
  offered: readonly CommandKeyList[],
): CommandKeyList | undefined {
  let newest = held.commandKeys
  for (const list of offered.toSorted((a, b) => a.generation - b.generation)) {
    if (list.generation <= (newest?.generation ?? 0)) continue
    const heirs = newest === undefined ? held.serverPublicKeys : [heirOf(newest)]
    if (heirs.some((heir) => isSignedBy(list, heir))) newest = list
  }
  return newest === held.commandKeys ? undefined : newest
}

function isSignedBy(list: CommandKeyList, publicKey: string): boolean {
  try {
    const text = Buffer.from(commandKeysSigningText(list))
    return verify(null, text, readPublicKey(publicKey), Buffer.from(list.signature, 'base64'))
  } catch {
    return false
  }
}
