// Takes a statement back that was imported wrongly: of the wrong account, of wrong days, the wrong file. It leaves as a whole, kept
// beside those that hold, and its file may be imported again. What a posting closed by what the statement says stays closed,
// therefore a statement that such a posting rests on stays too.
import { and, asc, eq, inArray } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import { exec, insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import type { StatementRow } from './import-statement.ts'
import type { DifferenceRow } from './keep-findings.ts'
import { reconcile, subjectsOfStatement } from './reconcile.ts'
import type { Subject } from './reconcile.ts'

/** Most postings that one refusal names. */
const maxNamed = 20

export interface StatementTaking {
  readonly statementId: string
  readonly reason: string
  readonly byAccountId: string
}

/** Returns what must be compared again. Refuses with reconciliation.statement_unknown, statement_taken_back and statement_rests. */
export function* takeStatementBack(ctx: UnitContext, taking: StatementTaking): Unit<Subject[]> {
  const { statementId, reason, byAccountId } = taking
  const statement = yield* requireStatement(ctx, statementId)
  const subjects = yield* subjectsOfStatement(ctx, statement)
  const closed = yield* findClosed(ctx, subjects)
  // The comparison itself says whether a posting still fits: once with the statement, once without.
  const before = yield* findMisfits(ctx, closed)
  yield* moveAway(ctx, statement, taking)
  const after = yield* findMisfits(ctx, closed)
  const resting = after.filter((row) => !before.some((other) => isSame(row, other)))
  if (resting.length > 0) {
    const named = resting.slice(0, maxNamed).map(({ subject, reference }) => `${subject} ${firstReference(reference)}`)
    throw new RefusalError('reconciliation.statement_rests', named.join('; '), { facts: { count: resting.length } })
  }
  const { channel, sha256, fromDay, throughDay, rowCount, totalFen } = statement
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'reconciliation.statement_taken_back',
    subjectId: statementId,
    why: reason,
    before: { channel, sha256, fromDay, throughDay, rowCount, totalFen },
  })
  return subjects
}

function* requireStatement(ctx: UnitContext, statementId: string): Unit<StatementRow> {
  const { channelStatements: s, takenBackStatements: t } = ctx.tables
  const found = yield* one(ctx.db.select().from(s).where(eq(s.statementId, statementId)))
  if (found !== undefined) return found
  const taken = yield* one(ctx.db.select({ id: t.statementId }).from(t).where(eq(t.statementId, statementId)))
  throw new RefusalError(
    taken === undefined ? 'reconciliation.statement_unknown' : 'reconciliation.statement_taken_back',
  )
}

/** Those of the subjects in which a posting has closed something. */
function* findClosed(ctx: UnitContext, subjects: readonly Subject[]): Unit<Subject[]> {
  const { reconciliationDifferences: d } = ctx.tables
  const found = yield* rows(
    ctx.db.selectDistinct({ channel: d.channel, subject: d.subject }).from(d).where(eq(d.state, 'closed')),
  )
  return subjects.filter(({ channel, subject }) =>
    found.some((row) => row.channel === channel && row.subject === subject),
  )
}

/** Compares the subjects; returns what is open because a posting does not fit any more. */
function* findMisfits(ctx: UnitContext, subjects: readonly Subject[]): Unit<DifferenceRow[]> {
  const { reconciliationDifferences: d } = ctx.tables
  const found: DifferenceRow[] = []
  for (const subject of subjects) {
    yield* reconcile(ctx, subject)
    const isOfSubject = and(eq(d.channel, subject.channel), eq(d.subject, subject.subject))
    const open = yield* rows(
      ctx.db
        .select()
        .from(d)
        .where(and(isOfSubject, inArray(d.state, ['open', 'proposed'])))
        .orderBy(asc(d.differenceId)),
    )
    found.push(...open.filter(({ causes }) => causes.includes('closed_too_early')))
  }
  return found
}

const isSame = (one: DifferenceRow, other: DifferenceRow) =>
  one.differenceId === other.differenceId && one.statementFen === other.statementFen && one.booksFen === other.booksFen

/** `a` of `a#2`, which stands for what does not fit behind the posting of `a`. */
const firstReference = (reference: string) => reference.replace(/#\d+$/, '')

function* moveAway(ctx: UnitContext, statement: StatementRow, taking: StatementTaking): Unit<void> {
  const { channelStatements: s, statementLines: l, takenBackStatements, takenBackLines } = ctx.tables
  const { statementId, reason, byAccountId } = taking
  const lines = yield* rows(ctx.db.select().from(l).where(eq(l.statementId, statementId)).orderBy(asc(l.row)))
  yield* insertRows(takenBackStatements, [{ ...statement, takenBackBy: byAccountId, takenBackAtMs: ctx.now(), reason }])
  yield* insertRows(takenBackLines, lines)
  yield* exec(ctx.db.delete(l).where(eq(l.statementId, statementId)))
  yield* exec(ctx.db.delete(s).where(eq(s.statementId, statementId)))
}
