// A check of all lanes, every night and whenever somebody asks; its result is kept, and its share of accurate lanes is a metric.
import { desc, isNull } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import type { ServerContext } from '../context.ts'
import { countRows } from '../db/expressions.ts'
import { insertRows, one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { checkAllLanes } from './check-lanes.ts'

export type CheckRow = UnitContext['tables']['stockChecks']['$inferSelect']
type Deps = Pick<ServerContext, 'database' | 'clock' | 'logger' | 'metrics'>

/** `startedBy` is the account that asked; undefined: the server itself. */
export async function runCheck(deps: Deps, startedBy?: string, signal?: AbortSignal): Promise<CheckRow> {
  const { database, clock, logger } = deps
  const startedAtMs = clock.now()
  const checked = await checkAllLanes(database, signal)
  const row = await database.run(function* (ctx) {
    const kept: CheckRow = {
      checkId: ctx.newId(),
      startedAtMs,
      endedAtMs: ctx.now(),
      startedBy: startedBy ?? null,
      ...checked,
    }
    yield* insertRows(ctx.tables.stockChecks, [kept])
    yield* recordAudit(ctx, {
      accountId: startedBy,
      action: 'stock.checked',
      subjectId: kept.checkId,
      detail: { ...checked },
    })
    return kept
  })
  logger.info({ ...checked }, 'lanes weighed against the books')
  await showInMetrics(deps)
  return row
}

/** Lanes that agree with the books, of those whose scale can be trusted; nothing checked is neither good nor bad. */
export function accuracyOf({ lanes, unweighed, accurate }: Pick<CheckRow, 'lanes' | 'unweighed' | 'accurate'>) {
  return lanes === unweighed ? undefined : accurate / (lanes - unweighed)
}

function* readState({ db, tables: { stockChecks: c, laneDifferences: d } }: UnitContext) {
  const newest = yield* one(db.select().from(c).orderBy(desc(c.checkId)).limit(1))
  const nightly = yield* one(db.select().from(c).where(isNull(c.startedBy)).orderBy(desc(c.checkId)).limit(1))
  const open = yield* one(db.select({ count: countRows() }).from(d).where(isNull(d.closedAtMs)))
  return { newest, nightly, open: open?.count ?? 0 }
}

async function showInMetrics({ database, metrics }: Deps): Promise<CheckRow | undefined> {
  const { newest, nightly, open } = await database.read(function* (ctx): Unit<{
    newest: CheckRow | undefined
    nightly: CheckRow | undefined
    open: number
  }> {
    return yield* readState(ctx)
  })
  metrics.laneDifferencesOpen.set(open)
  const accuracy = newest === undefined ? undefined : accuracyOf(newest)
  if (accuracy === undefined) metrics.serviceShare.remove({ quality: 'stock_accuracy' })
  else metrics.serviceShare.set({ quality: 'stock_accuracy' }, accuracy)
  return nightly
}

const dayMs = 86_400_000
/** 03:00 in the district (UTC+8), when the doors are shut and the books are proved. */
const nightlyOffsetMs = 19 * 3_600_000

/** The job: checks once a night, and shows what the newest check found, also after a restart. */
export async function checkNightly(ctx: ServerContext, signal: AbortSignal): Promise<void> {
  const nightly = await showInMetrics(ctx)
  const dueMs = Math.floor((ctx.clock.now() - nightlyOffsetMs) / dayMs) * dayMs + nightlyOffsetMs
  if (nightly !== undefined && nightly.startedAtMs >= dueMs) return
  await runCheck(ctx, undefined, signal)
}
