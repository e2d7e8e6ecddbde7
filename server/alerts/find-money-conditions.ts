// What holds now of the money: differences nobody has closed, payouts that are not done in time, and books that are not proven.
import { and, desc, gt, inArray, lt } from 'drizzle-orm'
import { one, type Params, rows, statement, type Unit, type UnitContext } from '../db/unit.ts'
import { hourMs, type Condition, type Thresholds } from './rules.ts'

const openDifferences = statement(({ db, tables: { reconciliations: r } }) =>
  db.select().from(r).where(gt(r.openCount, 0)),
)

function* findDifferences(): Unit<Condition[]> {
  const found = yield* rows(openDifferences.with({}))
  return found.map(({ channel, subject, differenceFen, openCount }) => ({
    kind: 'reconciliation_difference',
    subjectId: `${channel} ${subject}`,
    facts: { differenceFen, openCount },
  }))
}

const overduePayouts = statement(({ db, tables: { payoutBatches: b } }, p: Params<{ nowMs: number }>) =>
  db
    .select({ batchNo: b.batchNo, state: b.state, returnDueMs: b.returnDueMs, totalFen: b.totalFen })
    .from(b)
    .where(and(inArray(b.state, ['APPROVED', 'EXPORTED', 'BANK_RETURNED']), lt(b.returnDueMs, p.nowMs))),
)

/** Payouts that the bank has not answered by its day, or that nobody has reconciled and closed so many hours after that. */
function* findOverduePayouts(ctx: UnitContext, hoursToClose: number): Unit<Condition[]> {
  const found = yield* rows(overduePayouts.with({ nowMs: ctx.now() }))
  return found.flatMap(({ batchNo, state, returnDueMs, totalFen }): Condition[] => {
    const isAnswered = state === 'BANK_RETURNED'
    const dueMs = Number(returnDueMs) + (isAnswered ? hoursToClose * hourMs : 0)
    if (dueMs >= ctx.now()) return []
    const facts = { waitsFor: isAnswered ? 'closing' : 'bank', dueAt: new Date(dueMs).toISOString(), totalFen }
    return [{ kind: 'payout_overdue', subjectId: batchNo, sinceMs: dueMs, facts }]
  })
}

const newestCheck = statement(({ db, tables: { booksChecks: k } }) =>
  db.select().from(k).orderBy(desc(k.checkId)).limit(1),
)

/** What the newest proof of the books found wrong, and a newest proof that is too old: the nightly one did not come through. */
function* findBooks(ctx: UnitContext, hoursToProve: number): Unit<Condition[]> {
  const newest = yield* one(newestCheck.with({}))
  const found: Condition[] = []
  const problems = newest?.proofs.flatMap((proof) => proof.problems) ?? []
  if (newest !== undefined && !newest.isSound)
    found.push({
      kind: 'books_unsound',
      subjectId: 'books',
      sinceMs: newest.endedAtMs,
      facts: { problems: problems.length, firstProblem: problems[0] ?? '' },
    })
  if (newest === undefined || newest.endedAtMs < ctx.now() - hoursToProve * hourMs) {
    const provenAt = newest === undefined ? 'never' : new Date(newest.endedAtMs).toISOString()
    found.push({ kind: 'books_unproven', subjectId: 'books', facts: { provenAt } })
  }
  return found
}

export function* findMoneyConditions(ctx: UnitContext, thresholds: Thresholds): Unit<Condition[]> {
  return [
    ...(yield* findDifferences()),
    ...(yield* findOverduePayouts(ctx, thresholds.get('payout_overdue') ?? 0)),
    ...(yield* findBooks(ctx, thresholds.get('books_unproven') ?? 0)),
  ]
}
