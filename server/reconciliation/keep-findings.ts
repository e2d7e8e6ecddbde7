// Keeps what a comparison found: the sums of its subject, and each difference with its state.
import { and, asc, eq, inArray } from 'drizzle-orm'
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
  /** The movement that a reference names; one that comes to have another reference stays the same. */
  readonly keyOf: (reference: string) => string
}

type Found = Findings['differences'][number]

/** `a` of `a#2`, the second row of `a`: what did not fit any more when a posting had closed the first. */
const firstReference = (reference: string): string => /^(.*)#\d+$/.exec(reference)?.[1] ?? reference

/** What is found of one movement now, and every row kept of it, under whichever of its references. */
interface Case {
  readonly now: Found | undefined
  readonly rows: DifferenceRow[]
}

function gatherCases({ differences, keyOf }: Findings, known: readonly DifferenceRow[]): Case[] {
  const cases = new Map<string, Case>(differences.map((now) => [keyOf(now.reference), { now, rows: [] }]))
  const isFound = new Set(differences.map(({ reference }) => reference))
  const isClosed = new Set(known.filter(({ state }) => state === 'closed').map(({ reference }) => reference))
  for (const row of known) {
    const first = firstReference(row.reference)
    // A bank's own reference may end like the second row of another.
    const key = keyOf(!isFound.has(row.reference) && isClosed.has(first) ? first : row.reference)
    const kept = cases.get(key) ?? { now: undefined, rows: [] }
    cases.set(key, kept)
    kept.rows.push(row)
  }
  return [...cases.values()]
}

/** The row that goes on to be what is open of a case, if it has one. */
const openRowOf = ({ rows: kept }: Case): DifferenceRow | undefined =>
  kept.find(({ state }) => state === 'open' || state === 'proposed') ?? kept.find(({ state }) => state === 'matched')

/**
 * A closed difference stays as it is, and its posting holds for the figures it was made for. Where these have moved since, or the other side
 * has come after all, what the posting is now too much or too little is a difference of its own, under the next reference.
 */
function findOpenOf(one: Case, isTaken: (reference: string) => boolean): Found | undefined {
  const { now } = one
  const closed = one.rows.filter(({ state }) => state === 'closed')
  const [first] = closed
  if (first === undefined) return now && { ...now, reference: openRowOf(one)?.reference ?? now.reference }
  const statementFen = now?.statementFen ?? 0
  const closedFen = closed.reduce((sum, row) => sum + row.statementFen - row.booksFen, 0)
  const booksFen = (now?.booksFen ?? 0) + closedFen
  if (statementFen === booksFen) return undefined
  const next = (turn: number): string => {
    const reference = `${firstReference(first.reference)}#${turn}`
    return isTaken(reference) ? next(turn + 1) : reference
  }
  const reference = openRowOf(one)?.reference ?? next(2)
  return { ...now, kind: 'amount_differs', reference, statementFen, booksFen, causes: ['closed_too_early'] }
}

/** Enters new differences, brings known ones up to date, marks as matched what is gone. */
export function* keepFindings(ctx: UnitContext, findings: Findings): Unit<ReconciliationRow> {
  const { channel, subject, statementFen, booksFen } = findings
  const { reconciliations, reconciliationDifferences: d } = ctx.tables
  const isOfSubject = and(eq(d.channel, channel), eq(d.subject, subject))
  const kept = yield* rows(ctx.db.select().from(d).where(isOfSubject).orderBy(asc(d.differenceId)))
  const known = new Map(kept.map((row) => [row.reference, row]))
  const isFound = new Set(findings.differences.map(({ reference }) => reference))
  const isTaken = (reference: string) => known.has(reference) || isFound.has(reference)
  const differences = gatherCases(findings, kept).flatMap((one) => findOpenOf(one, isTaken) ?? [])
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
