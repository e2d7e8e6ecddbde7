// Keeps what a comparison found: the sums of its subject, and each difference with its state.
import { and, eq, inArray } from 'drizzle-orm'
import { exec, insertRows, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import type { Channel, Difference } from './rules.ts'

export type ReconciliationRow = UnitContext['tables']['reconciliations']['$inferSelect']
export type DifferenceRow = UnitContext['tables']['reconciliationDifferences']['$inferSelect']

export interface Findings {
  readonly channel: Channel
  readonly subject: string
  readonly statementFen: number
  readonly booksFen: number
  readonly differences: ReadonlyArray<Difference & { readonly batchFen?: number }>
}

type Found = Findings['differences'][number]

const afterReference = (reference: string): string => {
  const [, first = reference, turn = '1'] = /^(.*)#(\d+)$/.exec(reference) ?? []
  return `${first}#${Number(turn) + 1}`
}

/** References before those behind them: `a`, `a#2`, … `a#10`. */
const inTheirOrder = ({ reference: a }: DifferenceRow, { reference: b }: DifferenceRow) =>
  a.length === b.length ? (a < b ? -1 : 1) : a.length - b.length

/**
 * A closed difference stays as it is, and its posting holds for the figures it was made for. Where these have moved since, or the other side
 * has come after all, what the posting is now too much or too little is a difference of its own, under the next reference.
 */
function findAfterClosing(differences: readonly Found[], known: ReadonlyMap<string, DifferenceRow>): Found[] {
  const found = new Map(differences.map((difference) => [difference.reference, difference]))
  const closed = [...known.values()].filter(({ state }) => state === 'closed')
  for (const row of closed.toSorted(inTheirOrder)) {
    const now = found.get(row.reference)
    found.delete(row.reference)
    const statementFen = now?.statementFen ?? 0
    const booksFen = (now?.booksFen ?? 0) + row.statementFen - row.booksFen
    if (statementFen === booksFen) continue
    const reference = afterReference(row.reference)
    const kind = 'amount_differs'
    found.set(reference, { ...now, kind, reference, statementFen, booksFen, causes: ['closed_too_early'] })
  }
  return [...found.values()]
}

/** Enters new differences, brings known ones up to date, marks as matched what is gone. */
export function* keepFindings(ctx: UnitContext, findings: Findings): Unit<ReconciliationRow> {
  const { channel, subject, statementFen, booksFen } = findings
  const { reconciliations, reconciliationDifferences: d } = ctx.tables
  const isOfSubject = and(eq(d.channel, channel), eq(d.subject, subject))
  const known = new Map((yield* rows(ctx.db.select().from(d).where(isOfSubject))).map((row) => [row.reference, row]))
  const differences = findAfterClosing(findings.differences, known)
  const found = new Set(differences.map(({ reference }) => reference))
  const atMs = ctx.now()
  const fresh: Array<typeof d.$inferInsert> = []
  for (const difference of differences) {
    const { kind, reference, causes, batchFen } = difference
    const figures = {
      kind,
      statementFen: difference.statementFen,
      booksFen: difference.booksFen,
      batchFen: batchFen ?? null,
    }
    const earlier = known.get(reference)
    if (earlier === undefined) {
      const differenceId = ctx.newId()
      fresh.push({ differenceId, channel, subject, reference, ...figures, causes, state: 'open', foundAtMs: atMs })
    } else if (earlier.state === 'matched' || hasMoved(earlier, figures))
      // What was proposed was proposed for other figures.
      yield* exec(
        ctx.db
          .update(d)
          .set({ ...figures, causes, state: 'open', otherAccountId: null, reason: null, proposedBy: null })
          .where(eq(d.differenceId, earlier.differenceId)),
      )
  }
  yield* insertRows(d, fresh)
  const gone = [...known.values()].filter(
    ({ reference, state }) => !found.has(reference) && (state === 'open' || state === 'proposed'),
  )
  for (const { differenceId } of gone)
    yield* exec(ctx.db.update(d).set({ state: 'matched' }).where(eq(d.differenceId, differenceId)))
  const open = yield* rows(
    ctx.db
      .select({ statementFen: d.statementFen, booksFen: d.booksFen })
      .from(d)
      .where(and(isOfSubject, inArray(d.state, ['open', 'proposed']))),
  )
  const row: ReconciliationRow = {
    channel,
    subject,
    statementFen,
    booksFen,
    differenceFen: open.reduce((sum, it) => sum + it.statementFen - it.booksFen, 0),
    openCount: open.length,
    atMs,
  }
  if ((yield* insertRows(reconciliations, [row], 'ignore')) === 0)
    yield* exec(
      ctx.db
        .update(reconciliations)
        .set(row)
        .where(and(eq(reconciliations.channel, channel), eq(reconciliations.subject, subject))),
    )
  return row
}

type Figures = Pick<DifferenceRow, 'kind' | 'statementFen' | 'booksFen' | 'batchFen'>

const hasMoved = (row: Figures, now: Figures) =>
  row.kind !== now.kind ||
  row.statementFen !== now.statementFen ||
  row.booksFen !== now.booksFen ||
  row.batchFen !== now.batchFen
