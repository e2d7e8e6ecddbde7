// Checks a proof of income in the browser, as public/verify.mjs does with Node.js (RFC 9162, 2.1.3.2).
import type { z } from 'zod'
import { IncomeProof, type DisclosedDay } from '#shared/contracts/http/disclosure.ts'

export type ProofFault = 'format' | 'day' | 'line' | 'root'
export type ProofVerdict =
  | { readonly isProved: true; readonly proof: z.infer<typeof IncomeProof> }
  | { readonly isProved: false; readonly fault: ProofFault }

/** The part of WebCrypto it needs; absent where the page has no https. */
export type Digests = Pick<SubtleCrypto, 'digest' | 'importKey' | 'sign'>

const utf8 = new TextEncoder()
const bytesOf = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
const hexOf = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

async function sha256(digests: Digests, ...parts: readonly Uint8Array[]): Promise<Uint8Array> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return new Uint8Array(await digests.digest('SHA-256', whole))
}

/** JSON of strings and whole numbers with its keys in order and no white space. */
function canonical(object: Readonly<Record<string, string | number>>): Uint8Array {
  const members = Object.keys(object)
    .toSorted()
    .map((key) => `${JSON.stringify(key)}:${JSON.stringify(object[key])}`)
  return utf8.encode(`{${members.join(',')}}`)
}

/** The root that a leaf, its place and its siblings give; undefined when the path does not fit the tree. */
async function climb(
  digests: Digests,
  leafHash: Uint8Array,
  { leafIndex, path, day: { lineCount } }: z.infer<typeof IncomeProof>,
): Promise<string | undefined> {
  if (leafIndex < 0 || leafIndex >= lineCount) return undefined
  let [place, last, hash] = [leafIndex, lineCount - 1, leafHash]
  for (const sibling of path) {
    if (last === 0) return undefined
    if (place % 2 === 1 || place === last) {
      hash = await sha256(digests, Uint8Array.of(1), bytesOf(sibling), hash)
      while (place % 2 === 0 && place !== 0) [place, last] = [Math.floor(place / 2), Math.floor(last / 2)]
    } else {
      hash = await sha256(digests, Uint8Array.of(1), hash, bytesOf(sibling))
    }
    ;[place, last] = [Math.floor(place / 2), Math.floor(last / 2)]
  }
  return last === 0 ? hexOf(hash) : undefined
}

async function isItsOwnHash(digests: Digests, day: z.infer<typeof DisclosedDay>): Promise<boolean> {
  const { root, lineCount, totalFen, auditHash, prevHash } = day
  const content = canonical({ day: day.day, root, lineCount, totalFen, auditHash, prevHash })
  return hexOf(await sha256(digests, content)) === day.hash
}

async function isOfItsLine(
  digests: Digests,
  { leaf, transferId, householdCode, opening }: z.infer<typeof IncomeProof>,
): Promise<boolean> {
  if (hexOf(await sha256(digests, utf8.encode(transferId))) !== leaf.line) return false
  if (householdCode === undefined || opening === undefined) return householdCode === opening
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await digests.importKey('raw', bytesOf(opening), algorithm, false, ['sign'])
  const pseudonym = await digests.sign('HMAC', key, utf8.encode(householdCode))
  return hexOf(new Uint8Array(pseudonym)) === leaf.pseudonym
}

/** Whether the text is a whole proof; that its day is the published one is the caller's to ask. */
export async function verifyProof(text: string, digests: Digests): Promise<ProofVerdict> {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return { isProved: false, fault: 'format' }
  }
  const parsed = IncomeProof.safeParse(json)
  if (!parsed.success) return { isProved: false, fault: 'format' }
  const proof = parsed.data
  if (!(await isItsOwnHash(digests, proof.day))) return { isProved: false, fault: 'day' }
  if (!(await isOfItsLine(digests, proof))) return { isProved: false, fault: 'line' }
  const leafHash = await sha256(digests, Uint8Array.of(0), canonical(proof.leaf))
  if ((await climb(digests, leafHash, proof)) !== proof.day.root) return { isProved: false, fault: 'root' }
  return { isProved: true, proof }
}
