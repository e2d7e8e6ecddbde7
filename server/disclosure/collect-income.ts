// The income lines of a span of time, read household by household along the ledger's own order (account, instant), in pages: no
// span needs a walk over the whole ledger. Payouts move income on and are no income.
import { and, asc, eq, gt, gte, inArray, lte, notExists, notLike, sql } from 'drizzle-orm'
import type { Database } from '../db/database.ts'
import { rows, type Unit, type UnitContext } from '../db/unit.ts'
import type { IncomeLine } from './income-leaf.ts'

/** Accounts of one read. */
const pageAccounts = 400

export interface IncomeSpan {
  readonly fromMs: number
  /** Inclusive. */
  readonly throughMs: number
  /** Beginning of the household codes; empty: all. */
  readonly codePrefix?: string
  /** Only lines that no published day holds yet. */
  readonly isUndisclosed?: boolean
}

function* nextAccounts({ db, tables: { ledgerAccounts: a } }: UnitContext, after: string, prefix: string) {
  return yield* rows(
    db
      .select({ id: a.id })
      .from(a)
      .where(
        and(
          eq(a.kind, 'household'),
          gt(a.id, after),
          gte(a.id, `household:${prefix}`),
          lte(a.id, `household:${prefix}:`),
        ),
      )
      .orderBy(asc(a.id))
      .limit(pageAccounts),
  )
}

/** `last` is the account to go on behind; absent at the end. */
function* readIncome(ctx: UnitContext, after: string, span: IncomeSpan): Unit<{ last?: string; lines: IncomeLine[] }> {
  const { ledgerEntries: e, disclosedLines: d } = ctx.tables
  const accounts = yield* nextAccounts(ctx, after, span.codePrefix ?? '')
  const last = accounts.at(-1)?.id
  if (last === undefined) return { lines: [] }
  const ids = accounts.map(({ id }) => id)
  const found = yield* rows(
    ctx.db
      .select({ accountId: e.accountId, transferId: e.transferId, atMs: e.atMs, amountFen: e.amountFen })
      .from(e)
      .where(
        and(
          inArray(e.accountId, ids),
          gte(e.atMs, span.fromMs),
          lte(e.atMs, span.throughMs),
          notLike(e.transferId, 'payout-%'),
          span.isUndisclosed === true
            ? notExists(
                ctx.db
                  .select({ found: sql`1` })
                  .from(d)
                  .where(and(eq(d.transferId, e.transferId), eq(d.accountId, e.accountId))),
              )
            : undefined,
        ),
      )
      .orderBy(asc(e.accountId), asc(e.atMs), asc(e.transferId)),
  )
  const lines = found.map(({ accountId, ...line }) => ({
    ...line,
    householdCode: accountId.slice('household:'.length),
  }))
  return accounts.length < pageAccounts ? { lines } : { last, lines }
}

/** Pages of income lines, each page of whole households, in order of their codes. */
export async function* collectIncome(database: Database, span: IncomeSpan): AsyncGenerator<readonly IncomeLine[]> {
  for (let after = ''; ;) {
    const from = after
    const page = await database.read((ctx) => readIncome(ctx, from, span))
    yield page.lines
    if (page.last === undefined) return
    after = page.last
  }
}
