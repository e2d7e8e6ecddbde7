// Checks that a line of income is in a root that was published. Stands alone: Node.js and nothing else.
//
//   node verify.mjs PROOF.json PUBLISHED
//
// PROOF.json is what a receipt or a household's income page gives. PUBLISHED is what the proof is held against: the root
// (64 hex digits) or a day's hash from a printed notice, a JSON file of days, or the address of one, such as
// https://…/api/disclosure/days/2026-03-01. Days given as a list are also checked to continue one another.
// Prints what was proved and exits with 0; prints the first thing that is wrong and exits with 1.
import { createHash, createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'

const isHash = (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
const sha256 = (...parts) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
const hex = (text) => Buffer.from(text, 'hex')

/** JSON of strings and whole numbers with its keys in order and no white space. */
function canonical(object) {
  const members = Object.keys(object)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${JSON.stringify(object[key])}`)
  return `{${members.join(',')}}`
}

function fail(message) {
  throw new Error(message)
}

/** The root that a leaf, its place and its siblings give (RFC 9162, 2.1.3.2). */
function climb(leafHash, leafIndex, treeSize, path) {
  if (!Number.isSafeInteger(leafIndex) || leafIndex < 0 || leafIndex >= treeSize) fail('the leaf is outside the tree')
  let [place, last, hash] = [leafIndex, treeSize - 1, leafHash]
  for (const sibling of path) {
    if (last === 0) fail('the path is too long')
    if (place % 2 === 1 || place === last) {
      hash = sha256(Buffer.of(1), hex(sibling), hash)
      while (place % 2 === 0 && place !== 0) [place, last] = [Math.floor(place / 2), Math.floor(last / 2)]
    } else {
      hash = sha256(Buffer.of(1), hash, hex(sibling))
    }
    ;[place, last] = [Math.floor(place / 2), Math.floor(last / 2)]
  }
  if (last !== 0) fail('the path is too short')
  return hash.toString('hex')
}

function checkDay({ day, root, lineCount, totalFen, auditHash, prevHash, hash }) {
  const content = canonical({ day, root, lineCount, totalFen, auditHash, prevHash })
  if (sha256(content).toString('hex') !== hash) fail(`the day ${day} does not have the hash it says`)
}

function checkProof(proof) {
  if (proof.format !== 'huinong-income-proof-1') fail('this is no proof of an income line')
  const { day, leaf, leafIndex, path, transferId, householdCode, opening } = proof
  if (!Array.isArray(path) || !path.every(isHash)) fail('the path is not made of hashes')
  checkDay(day)
  if (sha256(transferId).toString('hex') !== leaf.line) fail('the leaf is of another line')
  if ((householdCode === undefined) !== (opening === undefined)) fail('the opening and the household come together')
  if (opening !== undefined) {
    if (!isHash(opening)) fail('the opening is no key')
    const pseudonym = createHmac('sha256', hex(opening)).update(householdCode).digest('hex')
    if (pseudonym !== leaf.pseudonym) fail('the pseudonym is not this household’s')
  }
  const leafHash = sha256(Buffer.of(0), canonical(leaf))
  if (climb(leafHash, leafIndex, day.lineCount, path) !== day.root) fail('the line is not in the root of its day')
}

/** The days of a list, oldest first, must continue one another. */
function checkChain(days) {
  const inOrder = [...days].sort((a, b) => (a.day < b.day ? -1 : 1))
  for (const [index, day] of inOrder.entries()) {
    checkDay(day)
    const before = inOrder[index - 1]
    if (before !== undefined && day.prevHash !== before.hash) fail(`the day ${day.day} does not continue ${before.day}`)
  }
}

async function readPublished(given) {
  if (isHash(given)) return { hashes: [given] }
  const text = /^https?:/.test(given) ? await (await fetch(given)).text() : await readFile(given, 'utf8')
  const parsed = JSON.parse(text)
  const days = Array.isArray(parsed.rows) ? parsed.rows : [parsed]
  checkChain(days)
  return { days }
}

function checkPublished({ day }, { hashes, days }) {
  const isPublished =
    days === undefined
      ? hashes.some((one) => one === day.root || one === day.hash)
      : days.some((one) => one.day === day.day && one.root === day.root && one.hash === day.hash)
  if (!isPublished) fail(`the root of ${day.day} in the proof is not the published one`)
}

const yuan = (fen) =>
  `${fen < 0 ? '-' : ''}${Math.floor(Math.abs(fen) / 100)}.${String(Math.abs(fen) % 100).padStart(2, '0')}`

try {
  const [proofFile, published, ...rest] = process.argv.slice(2)
  if (proofFile === undefined || published === undefined || rest.length > 0)
    fail('usage: node verify.mjs PROOF.json ROOT|DAYS.json|URL')
  const proof = JSON.parse(await readFile(proofFile, 'utf8'))
  checkProof(proof)
  checkPublished(proof, await readPublished(published))
  const whose = proof.householdCode === undefined ? 'a household' : `household ${proof.householdCode}`
  console.log(
    `OK: ${yuan(proof.leaf.amountFen)} yuan of ${whose} is line ${proof.leafIndex + 1} of ${proof.day.lineCount} published for ${proof.day.day}.`,
  )
} catch (error) {
  console.error(`NOT PROVED: ${error.message}`)
  process.exitCode = 1
}
