// Keeps the sum of a household's income of all time short: now and then what the ledger booked of it through an instant is added up
// by kind, so that a sum is these rows and the entries since. Run off the hot path; a posting to a household that is dated back
// removes the rows it would have to be in.
import { and, asc, eq, gt, inArray, lte, max, or, sql } from 'drizzle-orm'
import type { AnyColumn } from 'drizzle-orm'
import type { ServerContext } from '../context.ts'
import { sumOf } from '../db/expressions.ts'
import { isOneOf } from '../db/kit.ts'
import { exec, insertRows, rows, sqlRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { accountIdOf } from '../ledger/account-kinds.ts'
import { proofOver, shownProblems } from '../ledger/proof.ts'
import type { Proof } from '../ledger/proof.ts'
import { rollupMarginMs } from '../ledger/roll-up.ts'
import { sumBooked } from './booked-income.ts'
import type { BookedIncome } from './booked-income.ts'
import { incomeCauses } from './income-source.ts'
import { cashKinds } from './rules.ts'

/** Households per unit, so that a unit stays short. */
const householdsPerUnit = 200

function* findRollups({ db, tables: { incomeRollups: r } }: UnitContext, householdCodes: readonly string[]) {
  return yield* rows(
    db
      .select()
      .from(r)
      .where(inArray(r.householdCode, [...householdCodes]))
      .orderBy(asc(r.householdCode), asc(r.incomeKind)),
  )
}

interface Edges {
  /** What is rolled up of them. */
  readonly rolled: ReadonlyArray<{ readonly householdCode: string; readonly throughAtMs: number }>
  /** Which entries: newer than the roll-up, all where there is none, or those in it. */
  readonly side: 'behind' | 'within'
  /** None newer than this. */
  readonly throughAtMs?: number
}

/** What the ledger booked of each household, on one side of its roll-up. */
function* sumEntries(
  ctx: UnitContext,
  householdCodes: readonly string[],
  { rolled, side, throughAtMs }: Edges,
): Unit<BookedIncome[]> {
  const { ledgerEntries: e } = ctx.tables
  const edgeOf = new Map(rolled.map((row) => [row.householdCode, row.throughAtMs]))
  const byEdge = new Map<number, string[]>()
  for (const code of householdCodes) {
    const edge = edgeOf.get(code) ?? -1
    byEdge.set(edge, [...(byEdge.get(edge) ?? []), accountIdOf('household', code)])
  }
  // With the instant as a value, either dialect goes to where an account's newer entries begin.
  const ranges = [...byEdge].map(([edge, ids]) =>
    and(inArray(e.accountId, ids), side === 'behind' ? gt(e.atMs, edge) : lte(e.atMs, edge)),
  )
  return yield* sumBooked(ctx, and(or(...ranges), throughAtMs === undefined ? undefined : lte(e.atMs, throughAtMs)))
}

/** Everything the ledger booked of the households' income; a household and kind may come twice. */
export function* bookedOfAllTime(ctx: UnitContext, householdCodes: readonly string[]): Unit<BookedIncome[]> {
  const rolled = yield* findRollups(ctx, householdCodes)
  return [...rolled, ...(yield* sumEntries(ctx, householdCodes, { rolled, side: 'behind' }))]
}

/**
 * Gross cash income of all time of every household, for a list that is sorted by it: two sums to join by household code, and the whole
 * of a household over them, fen. The same as `incomeOfHouseholds` says.
 */
export function incomeSums({ db, tables }: UnitContext) {
  const { ledgerEntries: e, ledgerTransfers: t, incomeRollups: r, incomeLines: l } = tables
  const rolledFen = sql`case when ${isOneOf(r.incomeKind, cashKinds)} then ${r.amountFen} else 0 end`
  const rolled = db
    .select({
      householdCode: r.householdCode,
      fen: sumOf(rolledFen).as('rolled_fen'),
      throughAtMs: max(r.throughAtMs).as('rolled_through'),
    })
    .from(r)
    .groupBy(r.householdCode)
    .as('rolled')
  const recorded = db
    .select({ householdCode: l.householdCode, fen: sumOf(l.amountFen).as('recorded_fen') })
    .from(l)
    .where(and(eq(l.isPosted, false), inArray(l.incomeKind, [...cashKinds])))
    .groupBy(l.householdCode)
    .as('recorded')
  // What the ledger books of income is cash, whatever its kind: costs and goods in kind are records beside it.
  const sinceOf = (
    householdCode: AnyColumn,
  ) => sql`select sum(${e.amountFen}) from ${e} join ${t} on ${t.id} = ${e.transferId}
    where ${e.accountId} = 'household:' || ${householdCode} and ${e.atMs} > coalesce(${rolled.throughAtMs}, -1)
    and ${isOneOf(t.causeKind, incomeCauses)}`
  const wholeOf = (householdCode: AnyColumn) =>
    sql<number>`cast(coalesce(${rolled.fen}, 0) + coalesce((${sinceOf(householdCode)}), 0) + coalesce(${recorded.fen}, 0) as bigint)`.mapWith(
      Number,
    )
  return { rolled, recorded, wholeOf }
}

/** The next households with income booked since their roll-up: one that earned nothing needs no further one. */
function* findMoved(throughAtMs: number, afterCode: string): Unit<string[]> {
  const since = sql`coalesce((select max(r.through_at_ms) from income_rollup r where r.household_code = a.owner_id), -1)`
  const found = yield* sqlRows<{ householdCode: string }>(sql`
    select a.owner_id as "householdCode" from ledger_account a
    where a.kind = 'household' and a.id > ${accountIdOf('household', afterCode)} and exists (
      select 1 from ledger_entry e join ledger_transfer t on t.id = e.transfer_id
      where e.account_id = a.id and e.at_ms > ${since} and e.at_ms <= cast(${throughAtMs} as bigint)
        and ${isOneOf(sql`t.cause_kind`, incomeCauses)})
    order by a.id limit ${sql.raw(String(householdsPerUnit))}`)
  return found.map(({ householdCode }) => householdCode)
}

/**
 * Rolls up the next households after `afterCode` through `throughAtMs`, which must lie at least `rollupMarginMs` in the past. Returns
 * the last one's code, or undefined when there are no more.
 */
export function* rollUpHouseholds(ctx: UnitContext, throughAtMs: number, afterCode = ''): Unit<string | undefined> {
  if (throughAtMs > ctx.now() - rollupMarginMs) throw new RangeError('a roll-up must end before the margin')
  const moved = yield* findMoved(throughAtMs, afterCode)
  if (moved.length === 0) return undefined
  const rolled = yield* findRollups(ctx, moved)
  const since = yield* sumEntries(ctx, moved, { rolled, side: 'behind', throughAtMs })
  const sums = new Map<string, BookedIncome>()
  for (const sum of [...rolled, ...since]) {
    const key = `${sum.householdCode} ${sum.incomeKind}`
    const { householdCode, incomeKind: kind, amountFen } = sum
    sums.set(key, { householdCode, incomeKind: kind, amountFen: amountFen + (sums.get(key)?.amountFen ?? 0) })
  }
  const { incomeRollups: r } = ctx.tables
  yield* exec(ctx.db.delete(r).where(inArray(r.householdCode, moved)))
  yield* insertRows(
    r,
    [...sums.values()].map((sum) => ({ ...sum, throughAtMs })),
  )
  return moved.at(-1)
}

/** The job: some households to a unit, so that sales go on between. */
export async function rollUpIncomes({ database, clock }: Pick<ServerContext, 'database' | 'clock'>): Promise<void> {
  const throughAtMs = clock.now() - rollupMarginMs - 1_000
  let afterCode: string | undefined = ''
  while (afterCode !== undefined) {
    const from: string = afterCode
    afterCode = await database.run((ctx) => rollUpHouseholds(ctx, throughAtMs, from))
  }
}

/** What each household's sums say, in one text. */
function textsOf(sums: readonly BookedIncome[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string>()
  for (const { householdCode, incomeKind: kind, amountFen } of sums.toSorted((a, b) =>
    a.incomeKind < b.incomeKind ? -1 : 1,
  ))
    texts.set(householdCode, `${texts.get(householdCode) ?? ''} ${kind} ${amountFen}`)
  return texts
}

/** Part of the nightly self-check. A household is dear: all that it earned is gone through. */
export const incomeRollupsProof: Proof = proofOver({
  name: 'every rolled up income of a household is the sum of its entries',
  rowsPerSlice: 200,
  from: ({ tables: { incomeRollups: r } }) => ({ table: r, key: [r.householdCode, r.incomeKind] }),
  *findWrong(ctx, within) {
    const { incomeRollups: r } = ctx.tables
    const found = yield* rows(ctx.db.selectDistinct({ householdCode: r.householdCode }).from(r).where(within))
    const codes = found.map(({ householdCode }) => householdCode)
    if (codes.length === 0) return []
    const rolled = yield* findRollups(ctx, codes)
    const kept = textsOf(rolled)
    const sums = textsOf(yield* sumEntries(ctx, codes, { rolled, side: 'within' }))
    return codes
      .filter((code) => kept.get(code) !== sums.get(code))
      .map((code) => `the rolled up income of household ${code} is not the sum of its entries`)
      .slice(0, shownProblems)
  },
})
