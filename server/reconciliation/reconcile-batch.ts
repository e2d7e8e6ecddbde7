// A payout run, three ways: what the ledger let go, what the batch holds for paid, and what the bank's statement shows, attempt
// by attempt. How a line of the bank's names an attempt is in payout-lines.ts; a payment that came back is two lines, and what they come
// to together counts.
import { and, eq, inArray, isNotNull, or, sql } from 'drizzle-orm'
import { sumOf } from '../db/expressions.ts'
import { one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { namedAccounts } from '../ledger/account-kinds.ts'
import { keepFindings } from './keep-findings.ts'
import type { ReconciliationRow } from './keep-findings.ts'
import { referencesOf } from './payout-lines.ts'
import { compareThreeWays } from './rules.ts'
import type { ThreeWays } from './rules.ts'

/** Values named in one statement; both dialects bind far more. */
const valuesPerStatement = 500

/** Refuses with reconciliation.batch_unknown. */
export function* reconcileBatch(ctx: UnitContext, batchNo: string): Unit<ReconciliationRow> {
  const { payoutBatches: b } = ctx.tables
  const batch = yield* one(ctx.db.select({ batchId: b.batchId }).from(b).where(eq(b.batchNo, batchNo)))
  if (batch === undefined) throw new RefusalError('reconciliation.batch_unknown', undefined, { field: 'subject' })
  const attempts = yield* findAttempts(ctx, batch.batchId)
  const serials = yield* findSerials(ctx, batch.batchId)
  const stated = yield* findStated(
    ctx,
    attempts.flatMap(({ seq }) => referencesOf(batchNo, seq, serials.get(seq))),
  )
  // A serial number comes with an answer, and another with the next.
  const placeOf = new Map(
    attempts.flatMap(({ seq }) =>
      referencesOf(batchNo, seq, serials.get(seq)).map((reference) => [reference, `${batchNo}-${seq}`] as const),
    ),
  )
  const lines = attempts.map(({ seq, bankSerialNo, outcome, amountFen, ledgerFen }): ThreeWays => {
    const shown = referencesOf(batchNo, seq, serials.get(seq)).flatMap((reference) => stated.get(reference) ?? [])
    return {
      reference: bankSerialNo ?? `${batchNo}-${seq}`,
      ledgerFen,
      batchFen: outcome === 'paid' ? -amountFen : 0,
      bankFen: shown.reduce((total, fen) => total + fen, 0),
      isInStatement: shown.length > 0,
    }
  })
  const sum = (part: (line: ThreeWays) => number) => lines.reduce((total, line) => total + part(line), 0)
  return yield* keepFindings(ctx, {
    channel: 'payouts',
    subject: batchNo,
    statementFen: sum(({ bankFen }) => bankFen),
    booksFen: sum(({ ledgerFen }) => ledgerFen),
    differences: compareThreeWays(lines),
    keyOf: (reference) => placeOf.get(reference) ?? reference,
  })
}

interface KnownAttempt {
  readonly seq: number
  readonly bankSerialNo: string | null
  readonly outcome: string
  readonly amountFen: number
  /** What this attempt moved on the bank's account, money out < 0. */
  readonly ledgerFen: number
}

function* findAttempts(ctx: UnitContext, batchId: string): Unit<KnownAttempt[]> {
  const { payoutAttempts: a, ledgerEntries: e, ledgerTransfers: t } = ctx.tables
  // The two legs of an attempt that touch the bank's account (payouts/postings.ts).
  const leg = (cause: string, name: string) =>
    sql`${cause} || ':' || ${a.lineId} || ':' || ${name} || '.' || ${a.attempt}`
  const isOwn = or(eq(t.id, leg('payout-line', 'paid')), eq(t.id, leg('payout-return', 'returned')))
  // The bank's account is negative where we hold money, so what leaves it is a credit.
  const moved = ctx.db
    .select({ total: sumOf(e.amountFen) })
    .from(t)
    .innerJoin(e, and(eq(e.transferId, t.id), eq(e.accountId, namedAccounts.mainBank), eq(e.atMs, t.atMs)))
    .where(isOwn)
  return yield* rows(
    ctx.db
      .select({
        seq: a.seq,
        bankSerialNo: a.bankSerialNo,
        outcome: a.outcome,
        amountFen: a.amountFen,
        ledgerFen: sql<number>`-(${moved})`.mapWith(Number),
      })
      .from(a)
      .where(eq(a.batchId, batchId))
      .orderBy(a.seq),
  )
}

/** By seq: every serial number that the bank's answers gave, of the payment and of its coming back. */
function* findSerials(ctx: UnitContext, batchId: string): Unit<Map<number, string[]>> {
  const { payoutReturns: r, payoutReturnRows: w } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select({ seq: w.seq, bankSerialNo: w.bankSerialNo })
      .from(r)
      .innerJoin(w, eq(w.returnId, r.returnId))
      .where(and(eq(r.batchId, batchId), isNotNull(w.bankSerialNo))),
  )
  const serials = new Map<number, string[]>()
  for (const { seq, bankSerialNo } of found) serials.set(seq, [...(serials.get(seq) ?? []), bankSerialNo ?? ''])
  return serials
}

/** What the statement shows, by the references that the batch can have. */
function* findStated(ctx: UnitContext, references: readonly string[]): Unit<Map<string, number>> {
  const { statementLines: s } = ctx.tables
  const stated = new Map<string, number>()
  for (let from = 0; from < references.length; from += valuesPerStatement) {
    const asked = references.slice(from, from + valuesPerStatement)
    const found = yield* rows(
      ctx.db
        .select({ reference: s.reference, amountFen: s.amountFen })
        .from(s)
        .where(and(eq(s.channel, 'payouts'), inArray(s.reference, asked))),
    )
    for (const { reference, amountFen } of found) stated.set(reference, amountFen)
  }
  return stated
}
