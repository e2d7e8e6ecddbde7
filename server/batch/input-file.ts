// A file and a person named on the command line: the same limits and the same roles as over HTTP.
import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { and, eq } from 'drizzle-orm'
import type { Role } from '#shared/contracts/http/route.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { InvalidRequestError } from '../http/problem.ts'

export interface InputFile {
  readonly bytes: Uint8Array
  /** Hex. */
  readonly sha256: string
}

const refuse = (message: string) => new InvalidRequestError([{ field: 'file', message }])

/** Refuses a file that is larger before it reads it, and one that cannot be read. */
export async function readInputFile(path: string, maxBytes: number): Promise<InputFile> {
  const unreadable = (error: unknown) => {
    throw refuse(`cannot be read: ${(error as Error).message}`)
  }
  const { size } = await stat(path).catch(unreadable)
  if (size > maxBytes) throw refuse(`has ${size} bytes; ${maxBytes} are the most`)
  const bytes = await readFile(path).catch(unreadable)
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') }
}

/**
 * The account of who runs the job, by login: it may do what the route of the same work lets it do. Refuses with
 * identity.account_unknown, also of one that is closed, and identity.role_missing.
 */
export function* requirePerson(
  ctx: UnitContext,
  login: string,
  { access }: { readonly access: readonly Role[] },
): Unit<string> {
  const { accounts: a, accountRoles: r } = ctx.tables
  const held = yield* rows(
    ctx.db
      .select({ accountId: a.accountId, role: r.role })
      .from(a)
      .leftJoin(r, eq(r.accountId, a.accountId))
      .where(and(eq(a.login, login.toLowerCase()), eq(a.isActive, true))),
  )
  const [person] = held
  if (person === undefined)
    throw new RefusalError('identity.account_unknown', `there is no open account with the login ${login}`, {
      field: 'login',
    })
  if (!held.some(({ role }) => role !== null && access.includes(role)))
    throw new RefusalError('identity.role_missing', `${login} is not of ${access.join(' or ')}`)
  return person.accountId
}
