// Proves over HTTP, in every test that starts a server, that a mutation leaves an audit row: one that answers with success and
// left none fails with a 500 instead. What its contract exempts with a reason is not watched, nor is a repeat of an intent.
import type { RouteContract } from '#shared/contracts/http/route.ts'
import { sumOf } from '#server/db/expressions.ts'
import type { Database } from '#server/db/database.ts'
import { one } from '#server/db/unit.ts'
import type { MutationWatch } from '#server/http/register-route.ts'

/** Audit rows ever written, by any process. */
const countAudited = async (database: Database) =>
  database.read(function* ({ db, tables: { auditChains } }) {
    return (yield* one(db.select({ rows: sumOf(auditChains.headSeq) }).from(auditChains)))?.rows ?? 0
  })

const intentOf = ({ path }: RouteContract, body: unknown): string | undefined => {
  const key = (body as { idempotencyKey?: unknown } | undefined)?.idempotencyKey
  return typeof key === 'string' ? `${path} ${key}` : undefined
}

export function makeMutationWatch(database: Database): MutationWatch {
  const seenIntents = new Set<string>()
  return async (contract, body, mutate) => {
    const intent = intentOf(contract, body)
    const isRepeat = intent !== undefined && seenIntents.has(intent)
    if (intent !== undefined) seenIntents.add(intent)
    const before = await countAudited(database)
    const result = await mutate()
    if (!isRepeat && (await countAudited(database)) === before)
      throw new Error(`${contract.method} ${contract.path} left no audit row`)
    return result
  }
}
