// The key that this process signs with: a file that only the server reads, made at the first start. The database knows the public
// half, so that a server that was started without the right file says so instead of sending commands no cabinet obeys.
import type { Database } from '../db/database.ts'
import { insertRows } from '../db/unit.ts'
import type { CommandSigner } from '../mqtt/command-signer.ts'
import { findKeyLists, findPublicKeys } from './find-keys.ts'
import { makeKeyFile, nextKeyFileOf, readKeyFile } from './key-files.ts'

const readStanding = (database: Database) =>
  database.read(function* (ctx) {
    return { lists: yield* findKeyLists(ctx), known: yield* findPublicKeys(ctx) }
  })
type Standing = Awaited<ReturnType<typeof readStanding>>

/** The key to sign with, of those whose files are here: the present one, or while it is not here the previous one. */
function findSigner(path: string, { lists, known }: Standing): CommandSigner | undefined {
  const own = readKeyFile(path)
  const newest = lists.at(-1)
  if (newest === undefined) return own !== undefined && known.includes(own.publicKey) ? own : undefined
  const here = [own, readKeyFile(nextKeyFileOf(path))].filter((key) => key !== undefined)
  return (
    here.find(({ publicKey }) => publicKey === newest.present) ??
    here.find(({ publicKey }) => publicKey === newest.previous)
  )
}

/** Reads or makes the key; throws when the installation has another one already. */
export async function openCommandSigner(database: Database, path: string): Promise<CommandSigner> {
  const standing = await readStanding(database)
  if (standing.known.length > 0) {
    const signer = findSigner(path, standing)
    if (signer === undefined)
      throw new Error(
        `The cabinets of this database obey another command key than the one in ${path}, if there is one. ` +
          'Name the key file of this installation by HUINONG_COMMAND_KEY_FILE; a database that was put back wants `batch after-restore`.',
      )
    signer.learn(standing.lists, standing.known)
    return signer
  }
  const signer = readKeyFile(path) ?? (await makeKeyFile(path))
  await database.run(function* (ctx) {
    const row = { publicKey: signer.publicKey, createdAtMs: ctx.now() }
    yield* insertRows(ctx.tables.serverKeys, [row], 'ignore')
  })
  return signer
}

/** Takes over what the database says now. Returns whether this process signs with the present key. */
export async function refreshSigner(signer: CommandSigner, database: Database, path: string): Promise<boolean> {
  const standing = await readStanding(database)
  const found = findSigner(path, standing)
  if (found !== undefined) signer.become(found)
  signer.learn(standing.lists, standing.known)
  return standing.lists.at(-1)?.present === signer.publicKey
}
