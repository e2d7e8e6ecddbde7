import { z } from 'zod'
import { PublicKey } from '../public-key.ts'
import { canonicalJson } from './canonical-json.ts'

/**
 * Which keys of the server a cabinet obeys, instead of those it knew before. Each list is signed by a key that the list before
 * it, or enrolment, has named for that: what is told by a broker alone changes nothing.
 */
export const CommandKeyList = z
  .object({
    /** Grows with each list. */
    generation: z.int().min(1),
    /** Signs commands. */
    present: PublicKey,
    /** Is to take its place, and alone signs the next list: who steals the present key cannot name an heir. */
    next: PublicKey.optional(),
    /** Signed before, and is still obeyed. */
    previous: PublicKey.optional(),
    /** Ed25519 over `commandKeysSigningText`, base64. */
    signature: z.string().max(128),
  })
  .meta({ id: 'CommandKeyList' })
export type CommandKeyList = z.infer<typeof CommandKeyList>

/** A cabinet that missed more lists than these in a row is to be enrolled anew. */
export const maxKeyLists = 16

/** The text a list's signature covers, as canonical JSON. */
export function commandKeysSigningText({ generation, present, next, previous }: Omit<CommandKeyList, 'signature'>) {
  return canonicalJson({ purpose: 'huinong-command-keys-v1', generation, present, next, previous })
}

/** Keys whose signature on a command, a release or an offline pass's key counts. */
export function obeyedKeys({ present, next, previous }: Omit<CommandKeyList, 'signature'>): string[] {
  return [present, next, previous].filter((key) => key !== undefined)
}

/** The one key that signs the list after this one. */
export function heirOf({ present, next }: Omit<CommandKeyList, 'signature'>): string {
  return next ?? present
}
