// The private halves of command keys: files that only the server's user reads.
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { makeSecretFile, settleFile, writeSecretFile } from '../durable-file.ts'
import { CommandSigner } from '../mqtt/command-signer.ts'

/** Where a key that is to be the next lies until it is: beside the present one. */
export const nextKeyFileOf = (presentFile: string) => join(dirname(presentFile), `next-${basename(presentFile)}`)

function readPem(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Undefined when there is no such file. Throws when it holds something else. */
export function readKeyFile(path: string): CommandSigner | undefined {
  const pem = readPem(path)
  return pem === undefined ? undefined : new CommandSigner(pem)
}

/** Throws with EEXIST when there is a file. */
export async function makeKeyFile(path: string): Promise<CommandSigner> {
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  await makeSecretFile(path, pem)
  return new CommandSigner(pem)
}

/** Puts a next key's file in the present one's place, which is gone then; whole or not at all. */
export async function promoteKeyFile(nextFile: string, presentFile: string): Promise<void> {
  const pem = readPem(nextFile)
  if (pem === undefined) return
  const partial = `${presentFile}.partial`
  await writeSecretFile(partial, pem)
  await settleFile(partial, presentFile)
  await rm(nextFile, { force: true })
}
