// Lays a day of the top-up channel beside the books and keeps what differs. May be run again at any time: what has found its
// other side since is marked as matched, what a posting closed stays closed and counts as settled.
import { and, eq, gte, lt, lte } from 'drizzle-orm'
import { districtDateOf, districtDateStartMs } from '#shared/time/district-time.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { namedAccounts } from '../ledger/account-kinds.ts'
import { keepFindings } from './keep-findings.ts'
import type { ReconciliationRow } from './keep-findings.ts'
import { compareDay } from './rules.ts'
import type { Movement } from './rules.ts'

const dayMs = 86_400_000
/** A statement may show money this many days before or after the books do. */
const nearDays = 3

/** Refuses nothing: a day without money is a day without differences. */
export function* reconcileDay(ctx: UnitContext, day: string): Unit<ReconciliationRow> {
  const startMs = districtDateStartMs(day)
  const [fromMs, beforeMs] = [startMs - nearDays * dayMs, startMs + (nearDays + 1) * dayMs]
  const statement = yield* stated(ctx, districtDateOf(fromMs), districtDateOf(beforeMs - 1))
  const books = yield* booked(ctx, fromMs, beforeMs)
  return yield* keepFindings(ctx, { channel: 'top-ups', subject: day, ...compareDay(day, statement, books) })
}

function* stated(ctx: UnitContext, fromDay: string, throughDay: string): Unit<Movement[]> {
  const { statementLines: l } = ctx.tables
  return yield* rows(
    ctx.db
      .select({ reference: l.reference, day: l.day, amountFen: l.amountFen })
      .from(l)
      .where(and(eq(l.channel, 'top-ups'), gte(l.day, fromDay), lte(l.day, throughDay))),
  )
}

/** Top-ups that the bank account received, by their own reference (payments/wallets.ts). */
function* booked(ctx: UnitContext, fromMs: number, beforeMs: number): Unit<Movement[]> {
  const { ledgerEntries: e, ledgerTransfers: t } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select({ causeId: t.causeId, atMs: e.atMs, amountFen: e.amountFen })
      .from(e)
      .innerJoin(t, eq(t.id, e.transferId))
      .where(
        and(
          eq(e.accountId, namedAccounts.mainBank),
          gte(e.atMs, fromMs),
          lt(e.atMs, beforeMs),
          eq(t.causeKind, 'top-up'),
        ),
      ),
  )
  // The bank's account is negative where we hold money (ledger/account-kinds.ts).
  return found.map(({ causeId, atMs, amountFen }) => ({
    reference: decodeURIComponent(causeId),
    day: districtDateOf(atMs),
    amountFen: -amountFen,
  }))
}
