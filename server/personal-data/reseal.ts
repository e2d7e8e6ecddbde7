// Moves every sealed value over to the newest key, row by row. A value names its key, so the rows themselves say what is left:
// the work may be interrupted at any instant and goes on where it stood, and a value that somebody changes meanwhile is left
// to them. When none is left the old keys are marked as free to leave the key ring.
import { and, asc, eq, getTableColumns, gt, isNotNull, notLike, type SQL } from 'drizzle-orm'
import { countRows } from '../db/expressions.ts'
import type { Database } from '../db/database.ts'
import { exec, one, rows, type Unit, type UnitContext } from '../db/unit.ts'
import { retireOldKeys } from './open-sealer.ts'
import type { Sealer } from './seal.ts'
import { type SealedColumn, sealedColumns } from './sealed-columns.ts'

/** Rows of one commit. */
const pageRows = 200

export interface ResealResult {
  readonly resealed: number
  /** Keys that no row needs any more. */
  readonly retiredKeys: number
}

/** Rows of the column that are not sealed with this key. Key ids have no wildcards of LIKE in them. */
const isOld = (place: ReturnType<SealedColumn['place']>, newestKeyId: string): SQL | undefined =>
  and(isNotNull(place.sealed), notLike(place.sealed, `${newestKeyId}.%`))

function* countOld(ctx: UnitContext, newestKeyId: string): Unit<number> {
  let count = 0
  for (const column of sealedColumns) {
    const place = column.place(ctx.tables)
    const found = yield* one(ctx.db.select({ count: countRows() }).from(place.table).where(isOld(place, newestKeyId)))
    count += found?.count ?? 0
  }
  return count
}

function* readPage(ctx: UnitContext, column: SealedColumn, newestKeyId: string, after: string) {
  const place = column.place(ctx.tables)
  return (yield* rows(
    ctx.db
      .select({ key: place.key, sealed: place.sealed })
      .from(place.table)
      .where(and(gt(place.key, after), isOld(place, newestKeyId)))
      .orderBy(asc(place.key))
      .limit(pageRows),
  )) as Array<{ key: string; sealed: string }>
}

interface Replacement {
  readonly key: string
  readonly from: string
  readonly to: string
}

function* replace(ctx: UnitContext, column: SealedColumn, replacements: readonly Replacement[]): Unit<void> {
  const { table, key: keyColumn, sealed } = column.place(ctx.tables)
  const property = Object.entries(getTableColumns(table)).find(([, one]) => one === sealed)?.[0] ?? ''
  for (const { key, from, to } of replacements)
    yield* exec(
      ctx.db
        .update(table)
        .set({ [property]: to })
        .where(and(eq(keyColumn, key), eq(sealed, from))),
    )
}

/** Reseals what an older key has sealed. `progress` is told after each commit how many of all rows are done. */
export async function resealPersonalData(
  database: Database,
  sealer: Sealer,
  progress: (done: number, total: number) => void = () => {},
): Promise<ResealResult> {
  const { newestKeyId } = sealer
  const total = await database.read((ctx) => countOld(ctx, newestKeyId))
  let resealed = 0
  for (const column of sealedColumns) {
    let after = ''
    for (;;) {
      const page = await database.read((ctx) => readPage(ctx, column, newestKeyId, after))
      const last = page.at(-1)
      if (last === undefined) break
      const replacements = page.map(({ key, sealed }) => {
        const purpose = column.purposeOf(key)
        return { key, from: sealed, to: sealer.seal(sealer.open(sealed, purpose), purpose) }
      })
      await database.run((ctx) => replace(ctx, column, replacements))
      after = last.key
      resealed += page.length
      progress(resealed, Math.max(total, resealed))
    }
  }
  const retiredKeys = await database.run(function* (ctx) {
    return (yield* countOld(ctx, newestKeyId)) > 0 ? 0 : yield* retireOldKeys(ctx, newestKeyId)
  })
  return { resealed, retiredKeys }
}
