// Which days and batches a statement concerns, and the daily round: all that is open, and yesterday, compared again; what is
// left open is a metric and an alarm.
import { and, asc, eq, exists, gt, inArray, or } from 'drizzle-orm'
import { districtDateOf } from '#shared/time/district-time.ts'
import type { ServerContext } from '../context.ts'
import type { Database } from '../db/database.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import type { StatementRow } from './import-statement.ts'
import type { ReconciliationRow } from './keep-findings.ts'
import { findStatedDays, reconcileStrays } from './payout-lines.ts'
import { reconcileBatch } from './reconcile-batch.ts'
import { reconcileDay } from './reconcile-day.ts'
import { reconciliationChannels } from '#shared/contracts/http/reconciliation.ts'
import type { Channel } from './rules.ts'

const dayMs = 86_400_000

export interface Subject {
  readonly channel: Channel
  readonly subject: string
}

/** Of payouts a subject is a batch, or a day with strays. */
export function reconcile(ctx: UnitContext, { channel, subject }: Subject): Unit<ReconciliationRow> {
  if (channel === 'top-ups') return reconcileDay(ctx, subject)
  return isDay(subject) ? reconcileStrays(ctx, subject) : reconcileBatch(ctx, subject)
}

const isDay = (subject: string) => /^\d{4}-\d\d-\d\d$/.test(subject)

/** What a statement concerns: the days of top-ups; the batches of payouts and those it may lack, and days with strays. */
export function* subjectsOfStatement(
  ctx: UnitContext,
  { statementId, channel, fromDay, throughDay }: StatementRow,
): Unit<Subject[]> {
  if (channel === 'top-ups') return yield* daysOfStatement(ctx, statementId)
  return distinct([...(yield* answeredBatches(ctx)), ...(yield* statedSubjects(ctx, fromDay, throughDay))])
}

/** The days that a statement of top-ups names. */
function* daysOfStatement(ctx: UnitContext, statementId: string): Unit<Subject[]> {
  const { statementLines: l } = ctx.tables
  const found = yield* rows(
    ctx.db.selectDistinct({ day: l.day }).from(l).where(eq(l.statementId, statementId)).orderBy(asc(l.day)),
  )
  return found.map(({ day }) => ({ channel: 'top-ups', subject: day }))
}

/** The batches and days with strays that statements of payouts name on some days, whatever has become of the batches since. */
function* statedSubjects(ctx: UnitContext, fromDay: string, throughDay: string): Unit<Subject[]> {
  const { lines, batchNoOf } = yield* findStatedDays(ctx, fromDay, throughDay)
  return distinct(lines.map(({ reference, day }) => ({ channel: 'payouts', subject: batchNoOf.get(reference) ?? day })))
}

/** The batches that a statement of payouts should speak of: at the bank, answered, or with an answer that came after they were settled. */
function* answeredBatches({ db, tables: { payoutBatches: b, payoutReturns: r } }: UnitContext): Unit<Subject[]> {
  const lateAnswer = db
    .select({ returnId: r.returnId })
    .from(r)
    .where(and(eq(r.batchId, b.batchId), gt(r.importedAtMs, b.settledAtMs)))
  const found = yield* rows(
    db
      .select({ batchNo: b.batchNo })
      .from(b)
      .where(or(inArray(b.state, ['EXPORTED', 'BANK_RETURNED']), and(eq(b.state, 'SETTLED'), exists(lateAnswer))))
      .orderBy(asc(b.batchNo)),
  )
  return found.map(({ batchNo }) => ({ channel: 'payouts', subject: batchNo }))
}

const distinct = (subjects: readonly Subject[]): Subject[] => [
  ...new Map(subjects.map((subject) => [`${subject.channel} ${subject.subject}`, subject])).values(),
]

/** What the daily round looks at: the last seven days, batches under way, and whatever is open. */
export function* dueSubjects(ctx: UnitContext): Unit<Subject[]> {
  const { reconciliations: r } = ctx.tables
  const lastDays = Array.from({ length: 7 }, (_, back) => districtDateOf(ctx.now() - (7 - back) * dayMs))
  const days = lastDays.map((subject): Subject => ({ channel: 'top-ups', subject }))
  const open = yield* rows(ctx.db.select({ channel: r.channel, subject: r.subject }).from(r).where(gt(r.openCount, 0)))
  const stated = yield* statedSubjects(ctx, lastDays[0] ?? '', districtDateOf(ctx.now()))
  return distinct([...days, ...(yield* answeredBatches(ctx)), ...stated, ...open])
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
