// Passwords are kept as scrypt hashes (RFC 7914) with their parameters beside them, so that these can grow later without
// locking anybody out. Hashing runs on the thread pool, outside of any transaction.
import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto'
import { nextBelow, type Random } from '#shared/ids/random.ts'

/** N = 2^15, r = 8, p = 1: 32 MB and some 80 ms a guess. */
const cost = { log2N: 15, r: 8, p: 1 } as const
/** For passwords of ours with 59 random bits, which no guessing reaches: an import of thousands must not take minutes. */
const randomCost = { log2N: 11, r: 8, p: 1 } as const
const keyBytes = 32
const saltBytes = 16
/** Parameters read from a stored hash may not cost more than this. */
const maxLog2N = 20

function derive(password: string, salt: Buffer, length: number, it: { log2N: number; r: number; p: number }) {
  const options: ScryptOptions = { N: 2 ** it.log2N, r: it.r, p: it.p, maxmem: 256 * 2 ** it.log2N * it.r }
  return new Promise<Buffer>((resolve, reject) => {
    // NFKC, so that a password typed on another keyboard or system is the same password.
    scrypt(password.normalize('NFKC'), salt, length, options, (error, key) => (error ? reject(error) : resolve(key)))
  })
}

/** `scrypt$log2N$r$p$salt$key`, salt and key in base64. */
export function hashPassword(password: string): Promise<string> {
  return hashAt(password, cost)
}

/** The same at less cost, for a password made by makeOneTimePassword only. */
export function hashOneTimePassword(password: string): Promise<string> {
  return hashAt(password, randomCost)
}

async function hashAt(password: string, it: { log2N: number; r: number; p: number }): Promise<string> {
  const salt = randomBytes(saltBytes)
  const key = await derive(password, salt, keyBytes, it)
  return ['scrypt', it.log2N, it.r, it.p, salt.toString('base64'), key.toString('base64')].join('$')
}

/** False for a wrong password and for a stored text that is no hash. */
export async function isPassword(password: string, stored: string): Promise<boolean> {
  const match = /^scrypt\$(\d{1,2})\$(\d{1,2})\$(\d{1,2})\$([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+)$/.exec(stored)
  if (match === null) return false
  const [, log2N, r, p, salt = '', key = ''] = match
  if (Number(log2N) > maxLog2N) return false
  const wanted = Buffer.from(key, 'base64')
  const parameters = { log2N: Number(log2N), r: Number(r), p: Number(p) }
  const given = await derive(password, Buffer.from(salt, 'base64'), wanted.length, parameters)
  return timingSafeEqual(given, wanted)
}

/** Letters and digits that nobody confuses when reading them aloud. */
const codeLetters = 'ABCDEFGHJKMNPQRSTUVWXYZ23456789'

/** A code for people to carry over: groups of four, 31^length of them. */
export function makeReadableCode(random: Random, length: number): string {
  let code = ''
  for (let index = 0; index < length; index += 1) {
    if (index > 0 && index % 4 === 0) code += '-'
    code += codeLetters[nextBelow(random, codeLetters.length)]
  }
  return code
}

/** 12 characters, 59 bits: enough until the first sign-in. */
export function makeOneTimePassword(random: Random): string {
  return makeReadableCode(random, 12)
}
