// Which days and batches a statement concerns, and the daily round: all that is open, and yesterday, compared again; what is
// left open is a metric and an alarm.
import { asc, eq, gt, inArray } from 'drizzle-orm'
import { districtDateOf } from '#shared/time/district-time.ts'
import type { ServerContext } from '../context.ts'
import type { Database } from '../db/database.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import type { ReconciliationRow } from './keep-findings.ts'
import { reconcileBatch } from './reconcile-batch.ts'
import { reconcileDay } from './reconcile-day.ts'
import { reconciliationChannels } from '#shared/contracts/http/reconciliation.ts'
import type { Channel } from './rules.ts'

const dayMs = 86_400_000

export interface Subject {
  readonly channel: Channel
  readonly subject: string
}

export function reconcile(ctx: UnitContext, { channel, subject }: Subject): Unit<ReconciliationRow> {
  return channel === 'top-ups' ? reconcileDay(ctx, subject) : reconcileBatch(ctx, subject)
}

/** The days that a statement of top-ups names. */
export function* daysOfStatement(ctx: UnitContext, statementId: string): Unit<Subject[]> {
  const { statementLines: l } = ctx.tables
  const found = yield* rows(
    ctx.db.selectDistinct({ day: l.day }).from(l).where(eq(l.statementId, statementId)).orderBy(asc(l.day)),
  )
  return found.map(({ day }) => ({ channel: 'top-ups', subject: day }))
}

/** The batches that the bank has answered and that a statement of payouts may speak of. */
export function* answeredBatches({ db, tables: { payoutBatches: b } }: UnitContext): Unit<Subject[]> {
  const found = yield* rows(
    db
      .select({ batchNo: b.batchNo })
      .from(b)
      .where(inArray(b.state, ['EXPORTED', 'BANK_RETURNED']))
      .orderBy(asc(b.batchNo)),
  )
  return found.map(({ batchNo }) => ({ channel: 'payouts', subject: batchNo }))
}

/** What the daily round looks at: the last seven days of top-ups, batches under way, and whatever is open. */
export function* dueSubjects(ctx: UnitContext): Unit<Subject[]> {
  const { reconciliations: r } = ctx.tables
  const days: Subject[] = Array.from({ length: 7 }, (_, back) => ({
    channel: 'top-ups',
    subject: districtDateOf(ctx.now() - (7 - back) * dayMs),
  }))
  const open = yield* rows(ctx.db.select({ channel: r.channel, subject: r.subject }).from(r).where(gt(r.openCount, 0)))
  const due = [...days, ...(yield* answeredBatches(ctx)), ...open]
  return [...new Map(due.map((subject) => [`${subject.channel} ${subject.subject}`, subject])).values()]
}

/** Compares subjects, one unit each; returns what was found of each. */
export async function reconcileAll(
  database: Database,
  subjects: readonly Subject[],
  progress: (done: number, total: number) => void = () => {},
): Promise<ReconciliationRow[]> {
  const found: ReconciliationRow[] = []
  for (const subject of subjects) {
    progress(found.length, subjects.length)
    found.push(await database.run((ctx) => reconcile(ctx, subject)))
  }
  progress(subjects.length, subjects.length)
  return found
}

export interface OpenDifferences {
  readonly channel: Channel
  readonly openCount: number
  /** Σ of the magnitudes, so that a shortage and a surplus do not hide each other. */
  readonly openFen: number
  /** Of the newest day or batch. */
  readonly newestFen: number
}

/** What is open of each channel. */
export function* findOpen(ctx: UnitContext): Unit<OpenDifferences[]> {
  const { reconciliations: r } = ctx.tables
  const found = yield* rows(ctx.db.select().from(r).orderBy(asc(r.subject)))
  return reconciliationChannels.map((channel) => {
    const own = found.filter((row) => row.channel === channel)
    return {
      channel,
      openCount: own.reduce((sum, row) => sum + row.openCount, 0),
      openFen: own.reduce((sum, row) => sum + Math.abs(row.differenceFen), 0),
      newestFen: own.at(-1)?.differenceFen ?? 0,
    }
  })
}

/** The daily round of the server. */
export async function reconcileDaily({ database, logger, metrics }: ServerContext): Promise<void> {
  await reconcileAll(database, await database.read(dueSubjects))
  for (const { channel, openCount, openFen, newestFen } of await database.read(findOpen)) {
    metrics.reconciliationDifferenceFen.set({ channel }, newestFen)
    metrics.reconciliationOpen.set({ channel }, openCount)
    if (openCount > 0) logger.error({ channel, openCount, openFen }, 'books and statements differ')
  }
}
