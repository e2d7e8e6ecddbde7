// The keys of personal data: data keys, newest first, and the fingerprint key. They come from the environment, or from a file
// that only the server reads and that is made at the first start. As KeyObjects they show nothing when logged.
import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { makeSecretFile } from '../durable-file.ts'

export interface DataKey {
  /** Lower-case letters, digits and dashes; part of every value sealed with the key. */
  readonly id: string
  /** 32 bytes. */
  readonly key: KeyObject
}

export interface KeyRing {
  /** Newest first: the first seals, all open. */
  readonly dataKeys: readonly DataKey[]
  readonly fingerprintKey: KeyObject
}

const keyBytes = 32
const dataKeyForm = /^([a-z0-9-]{1,32}):([A-Za-z0-9+/]+=*)$/

/** A key of 32 bytes in base64; undefined when it is none. */
export function parseKey(text: string): KeyObject | undefined {
  const bytes = Buffer.from(text.trim(), 'base64')
  return bytes.length === keyBytes ? createSecretKey(bytes) : undefined
}

/** `id:base64` each, parted by commas or white space, newest first; undefined when one is wrong or an id comes twice. */
export function parseDataKeys(text: string): readonly DataKey[] | undefined {
  const keys: DataKey[] = []
  for (const part of text.split(/[\s,]+/).filter((one) => one !== '')) {
    const [, id, base64] = dataKeyForm.exec(part) ?? []
    const key = base64 === undefined ? undefined : parseKey(base64)
    if (id === undefined || key === undefined || keys.some((other) => other.id === id)) return undefined
    keys.push({ id, key })
  }
  return keys.length === 0 ? undefined : keys
}

/** Where the keys come from: the environment, or else a file. */
export type KeySource = KeyRing | { readonly file: string }

const fingerprintPrefix = 'fingerprint '

const fileHead = `# Keys of the personal data of this installation. Without them phone and bank numbers cannot be read any more: keep a
# copy apart from the database. Data keys newest first, one \`id:base64\` a line. A new key goes second first, until every process
# has been started with it; then on top, and again; then run \`npm run batch -- reseal\` and remove the old one.
`

function parseKeyFile(text: string, path: string): KeyRing {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))
  const fingerprintLine = lines.find((line) => line.startsWith(fingerprintPrefix))
  const dataKeys = parseDataKeys(lines.filter((line) => line !== fingerprintLine).join('\n'))
  const fingerprintKey =
    fingerprintLine === undefined ? undefined : parseKey(fingerprintLine.slice(fingerprintPrefix.length))
  if (dataKeys === undefined || fingerprintKey === undefined)
    throw new Error(
      `${path} is no key file: it needs lines \`id:base64\` and one \`fingerprint base64\`, 32 bytes each`,
    )
  return { dataKeys, fingerprintKey }
}

/** The text of a new key file with one data key. */
function makeKeyFileText(): string {
  const key = () => randomBytes(keyBytes).toString('base64')
  return `${fileHead}first:${key()}\n${fingerprintPrefix}${key()}\n`
}

/** The ring from its source; a file that does not exist is made when `mayMake`, else it is an error. */
export async function readKeyRing(source: KeySource, mayMake: boolean): Promise<KeyRing> {
  if (!('file' in source)) return source
  const { file } = source
  try {
    return parseKeyFile(await readFile(file, 'utf8'), file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    if (!mayMake)
      throw new Error(
        `The personal data of this database is sealed with keys, and ${file} does not exist. Name the key file of this ` +
          'installation by HUINONG_DATA_KEY_FILE, or give the keys by HUINONG_DATA_KEYS and HUINONG_FINGERPRINT_KEY.',
        { cause: error },
      )
  }
  const text = makeKeyFileText()
  // Sealed with keys that a power cut took back, a number could never be read again.
  await makeSecretFile(file, text)
  return parseKeyFile(text, file)
}
