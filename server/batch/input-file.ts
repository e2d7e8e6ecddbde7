// A file and a person named on the command line: the same limits and the same roles as over HTTP.
import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { and, eq, inArray } from 'drizzle-orm'
import type { Role } from '#shared/contracts/http/route.ts'
import { one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { InvalidRequestError } from '../http/problem.ts'

export interface InputFile {
  readonly bytes: Uint8Array
  /** Hex. */
  readonly sha256: string
}

/** Refuses a file that is larger before it reads it. */
export async function readInputFile(path: string, maxBytes: number): Promise<InputFile> {
  const { size } = await stat(path)
  if (size > maxBytes)
    throw new InvalidRequestError([{ field: 'file', message: `has ${size} bytes; ${maxBytes} are the most` }])
  const bytes = await readFile(path)
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') }
}

/** The account of who runs the job, by login. Refuses with identity.role_missing unless it has one of the roles. */
export function* requireClerk(
  ctx: UnitContext,
  login: string,
  roles: readonly Role[] = ['finance', 'admin'],
): Unit<string> {
  const { accounts: a, accountRoles: r } = ctx.tables
  const found = yield* one(
    ctx.db
      .select({ accountId: a.accountId })
      .from(a)
      .innerJoin(r, eq(r.accountId, a.accountId))
      .where(and(eq(a.login, login.toLowerCase()), eq(a.isActive, true), inArray(r.role, [...roles])))
      .limit(1),
  )
  if (found === undefined) throw new RefusalError('identity.role_missing', `${login} is not of ${roles.join(' or ')}`)
  return found.accountId
}
