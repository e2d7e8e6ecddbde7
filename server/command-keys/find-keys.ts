// The keys that sign commands, as the database has them: their public halves and what cabinets were told of them.
import { and, desc, eq, isNotNull, ne } from 'drizzle-orm'
import { type CommandKeyList, maxKeyLists } from '#shared/contracts/mqtt/command-keys.ts'
import { one, rows, statement, type Unit, type UnitContext } from '../db/unit.ts'

/** Keys as a list would name them. */
export type NamedKeys = Omit<CommandKeyList, 'signature'>

type ListRow = UnitContext['tables']['commandKeyLists']['$inferSelect']

function listOf({ generation, present, next, previous, signature }: ListRow): CommandKeyList {
  return {
    generation,
    present,
    ...(next === null ? {} : { next }),
    ...(previous === null ? {} : { previous }),
    signature,
  }
}

/** The newest lists, oldest first. */
export function* findKeyLists({ db, tables: { commandKeyLists: t } }: UnitContext): Unit<CommandKeyList[]> {
  const found = yield* rows(db.select().from(t).orderBy(desc(t.generation)).limit(maxKeyLists))
  return found.map(listOf).toReversed()
}

/** Every server asks for it every few seconds. */
const newestGeneration = statement(({ db, tables: { commandKeyLists: t } }) =>
  db.select({ generation: t.generation }).from(t).orderBy(desc(t.generation)).limit(1),
)

/** 0 before the first list. */
export function* findGeneration(): Unit<number> {
  const newest = yield* one(newestGeneration.with({}))
  return newest?.generation ?? 0
}

/** Every key that was ever ours. */
export function* findPublicKeys({ db, tables: { serverKeys: t } }: UnitContext): Unit<string[]> {
  const found = yield* rows(db.select({ publicKey: t.publicKey }).from(t).orderBy(t.createdAtMs))
  return found.map(({ publicKey }) => publicKey)
}

/** What holds now: by the newest list, made at `sinceMs`, or by the one key there is while there is no list. */
export function* findCommandKeys(
  ctx: UnitContext,
): Unit<{ readonly keys: NamedKeys; readonly list?: CommandKeyList; readonly sinceMs: number }> {
  const { commandKeyLists: t } = ctx.tables
  const row = yield* one(ctx.db.select().from(t).orderBy(desc(t.generation)).limit(1))
  if (row !== undefined) {
    const list = listOf(row)
    const { signature: _, ...keys } = list
    return { keys, list, sinceMs: row.madeAtMs }
  }
  const [present] = yield* findPublicKeys(ctx)
  if (present === undefined) throw new Error('the server has no command key yet')
  return { keys: { generation: 0, present }, sinceMs: 0 }
}

/** Codes of enrolled cabinets that are not withdrawn and have not said that they obey this key. */
export function* findBehind(ctx: UnitContext, publicKey: string): Unit<string[]> {
  const { cabinets: c, cabinetStatuses: s } = ctx.tables
  const enrolled = yield* rows(
    ctx.db
      .select({ code: c.code, reported: s.reported })
      .from(c)
      .leftJoin(s, eq(s.cabinetId, c.cabinetId))
      .where(and(isNotNull(c.publicKey), ne(c.rolloutState, 'withdrawn')))
      .orderBy(c.code),
  )
  return enrolled.filter(({ reported }) => reported?.obeyedKeys?.includes(publicKey) !== true).map(({ code }) => code)
}
