// The key that signs commands: a file that only the server reads, made at the first start. The database knows the public
// half, so that a server that was started without the right file says so instead of sending commands no cabinet obeys.
import { generateKeyPairSync } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Database } from '../db/database.ts'
import { insertRows, rows } from '../db/unit.ts'
import { makeSecretFile } from '../durable-file.ts'
import { CommandSigner } from './command-signer.ts'

async function readKeyFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function makeKeyFile(path: string): Promise<string> {
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  await makeSecretFile(path, pem)
  return pem
}

/** Reads or makes the key; throws when the installation has another one already. */
export async function openCommandSigner(database: Database, path: string): Promise<CommandSigner> {
  const known = await database.read((ctx) => rows(ctx.db.select().from(ctx.tables.serverKeys)))
  const pem = await readKeyFile(path)
  if (pem === undefined && known.length > 0)
    throw new Error(
      `The cabinets of this database obey another command key, and ${path} does not exist. ` +
        'Name the key file of this installation by HUINONG_COMMAND_KEY_FILE.',
    )
  const signer = new CommandSigner(pem ?? (await makeKeyFile(path)))
  const { publicKey } = signer
  if (known.length > 0 && !known.some((one) => one.publicKey === publicKey))
    throw new Error(`The key in ${path} is not the one that the cabinets of this database obey.`)
  await database.run(function* (ctx) {
    yield* insertRows(ctx.tables.serverKeys, [{ publicKey, createdAtMs: ctx.now() }], 'ignore')
  })
  return signer
}
