// A payout run, three ways: what the ledger let go, what the batch holds for paid, and what the bank's statement shows, attempt
// by attempt. The bank's line names the serial number of the return file, or our batch and place.
import { and, eq, inArray, or, sql } from 'drizzle-orm'
import { sumOf } from '../db/expressions.ts'
import { one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { namedAccounts } from '../ledger/account-kinds.ts'
import { keepFindings } from './keep-findings.ts'
import type { ReconciliationRow } from './keep-findings.ts'
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
  const stated = yield* findStated(ctx, batchNo, attempts)
  const lines = attempts.map(({ seq, bankSerialNo, outcome, amountFen, ledgerFen }): ThreeWays => {
    const own = `${batchNo}-${seq}`
    const reference = bankSerialNo ?? own
    const bankFen = stated.get(reference) ?? stated.get(own)
    return {
      reference,
      ledgerFen,
      batchFen: outcome === 'paid' ? -amountFen : 0,
      bankFen: bankFen ?? 0,
      isInStatement: bankFen !== undefined,
    }
  })
  const sum = (part: (line: ThreeWays) => number) => lines.reduce((total, line) => total + part(line), 0)
  return yield* keepFindings(ctx, {
    channel: 'payouts',
    subject: batchNo,
    statementFen: sum(({ bankFen }) => bankFen),
    booksFen: sum(({ ledgerFen }) => ledgerFen),
    differences: compareThreeWays(lines),
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

/** What the statement shows, by the references that the batch can have. */
function* findStated(ctx: UnitContext, batchNo: string, attempts: readonly KnownAttempt[]): Unit<Map<string, number>> {
  const { statementLines: s } = ctx.tables
  const references = attempts.flatMap(({ seq, bankSerialNo }) => [
    `${batchNo}-${seq}`,
    ...(bankSerialNo === null ? [] : [bankSerialNo]),
  ])
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
