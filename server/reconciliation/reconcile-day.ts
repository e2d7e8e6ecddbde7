// Lays a day of the top-up channel beside the books and keeps what differs. May be run again at any time: what has found its
// other side since is marked as matched, what a posting closed stays closed and counts as settled.
import { and, eq, gte, inArray, lt } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { districtDateOf, districtDateStartMs } from '#shared/time/district-time.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { namedAccounts } from '../ledger/account-kinds.ts'
import { transferIdOf } from '../ledger/causes.ts'
import { keepFindings } from './keep-findings.ts'
import type { ReconciliationRow } from './keep-findings.ts'
import { compareDay } from './rules.ts'
import type { Movement } from './rules.ts'

const dayMs = 86_400_000
/** Values named in one statement; both dialects bind far more. */
const valuesPerStatement = 500

/** Refuses nothing: a day without money is a day without differences. */
export function* reconcileDay(ctx: UnitContext, day: string): Unit<ReconciliationRow> {
  const startMs = districtDateStartMs(day)
  const { statementLines: l, ledgerEntries: e } = ctx.tables
  const statement = yield* stated(ctx, eq(l.day, day))
  const books = yield* booked(ctx, and(gte(e.atMs, startMs), lt(e.atMs, startMs + dayMs)))
  // The other side of a movement may stand on any other day: behind holidays a week later.
  const statedElsewhere = yield* partnersOf(books, statement, (references) =>
    stated(ctx, inArray(l.reference, references)),
  )
  const bookedElsewhere = yield* partnersOf(statement, books, (references) =>
    booked(ctx, inArray(e.transferId, references.map(transferOf))),
  )
  return yield* keepFindings(ctx, {
    channel: 'top-ups',
    subject: day,
    ...compareDay(day, [...statement, ...statedElsewhere], [...books, ...bookedElsewhere]),
    keyOf: (reference) => reference,
  })
}

/** What the other list has of references that it lacks on this day. */
function* partnersOf(
  movements: readonly Movement[],
  others: readonly Movement[],
  find: (references: string[]) => Unit<Movement[]>,
): Unit<Movement[]> {
  const known = new Set(others.map(({ reference }) => reference))
  const lacking = [...new Set(movements.map(({ reference }) => reference))].filter((it) => !known.has(it))
  const found: Movement[] = []
  for (let from = 0; from < lacking.length; from += valuesPerStatement)
    found.push(...(yield* find(lacking.slice(from, from + valuesPerStatement))))
  return found
}

function* stated({ db, tables: { statementLines: l } }: UnitContext, isWanted: SQL | undefined): Unit<Movement[]> {
  return yield* rows(
    db
      .select({ reference: l.reference, day: l.day, amountFen: l.amountFen })
      .from(l)
      .where(and(eq(l.channel, 'top-ups'), isWanted)),
  )
}

/** A top-up's transfer bears the money's own reference (payments/wallets.ts). */
const transferOf = (reference: string) => transferIdOf({ kind: 'top-up', id: encodeURIComponent(reference) }, 'credit')

/** Top-ups that the bank account received. */
function* booked(ctx: UnitContext, isWanted: SQL | undefined): Unit<Movement[]> {
  const { ledgerEntries: e, ledgerTransfers: t } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select({ causeId: t.causeId, atMs: e.atMs, amountFen: e.amountFen })
      .from(e)
      .innerJoin(t, eq(t.id, e.transferId))
      .where(and(eq(e.accountId, namedAccounts.mainBank), eq(t.causeKind, 'top-up'), isWanted)),
  )
  // The bank's account is negative where we hold money (ledger/account-kinds.ts).
  return found.map(({ causeId, atMs, amountFen }) => ({
    reference: decodeURIComponent(causeId),
    day: districtDateOf(atMs),
    amountFen: -amountFen,
  }))
}
