// One household's income, line by line: what the ledger booked and what was paid by other ways, in one order, each explained
// down to where it came from.
import { and, desc, eq, inArray } from 'drizzle-orm'
import type { z } from 'zod'
import type { IncomeLine } from '#shared/contracts/http/money.ts'
import { districtDateOf } from '#shared/time/district-time.ts'
import { formatYuan } from '#shared/units/fen.ts'
import { explainSales } from '../attribution/explain-sales.ts'
import { behindKey, keyOfCursor, pageOfRows } from '../db/keyset.ts'
import type { Page, PageRequest } from '../db/keyset.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { accountIdOf } from '../ledger/account-kinds.ts'
import { always, incomeBetween } from './income-between.ts'
import { incomeCauses, incomeKind, incomeSource } from './income-source.ts'
import { explainLosses } from '../stock/explain-losses.ts'
import type { IncomeByKind } from './rules.ts'
import { sumOfKinds } from './rules.ts'

export type IncomeView = z.input<typeof IncomeLine>

export interface IncomePage extends Page<IncomeView> {
  /** Gross cash income over all of it: operating cost and goods in kind stand apart. */
  totalFen: number
  totalsFen: Record<string, number>
}

/** A page of a household's income, newest first, and the totals over all of it. */
export function* listIncome(ctx: UnitContext, householdCode: string, request: PageRequest): Unit<IncomePage> {
  const booked = yield* findBooked(ctx, householdCode, request)
  const recorded = yield* findRecorded(ctx, householdCode, request)
  // Both come in this order already; ids are compared byte by byte, and hold nothing but ASCII.
  const merged = [...booked, ...recorded].toSorted((a, b) =>
    a.atMs === b.atMs ? (a.transferId < b.transferId ? 1 : -1) : b.atMs - a.atMs,
  )
  const wanted = merged.slice(0, request.limit)
  const explain = yield* explainLines(ctx, wanted, householdCode)
  const kinds = (yield* incomeBetween(ctx, [householdCode], always)).get(householdCode)
  const page = pageOfRows(
    merged,
    request.limit,
    (row) => [row.atMs, row.transferId],
    (row) => explain(row),
  )
  return { ...page, totalFen: sumOfKinds(kinds), totalsFen: Object.fromEntries(kinds ?? []) }
}

/** Gross cash income of each household, in fen; households without any are not in it. */
export function* incomeOfHouseholds(ctx: UnitContext, householdCodes: readonly string[]): Unit<Map<string, number>> {
  const incomes = yield* incomeBetween(ctx, householdCodes, always)
  return new Map([...incomes].map(([code, kinds]: [string, IncomeByKind]) => [code, sumOfKinds(kinds)]))
}

type Booked = ReturnType<typeof findBooked> extends Unit<Array<infer TRow>> ? TRow : never
type Recorded = ReturnType<typeof findRecorded> extends Unit<Array<infer TRow>> ? TRow : never

function* findBooked(ctx: UnitContext, householdCode: string, request: PageRequest) {
  const { ledgerEntries: e, ledgerTransfers: t } = ctx.tables
  return yield* rows(
    ctx.db
      .select({
        transferId: e.transferId,
        atMs: e.atMs,
        source: incomeSource(ctx),
        incomeKind: incomeKind(ctx),
        amountFen: e.amountFen,
        causeKind: t.causeKind,
        causeId: t.causeId,
        leg: t.leg,
        memo: t.memo,
      })
      .from(e)
      .innerJoin(t, eq(t.id, e.transferId))
      .where(
        and(
          eq(e.accountId, accountIdOf('household', householdCode)),
          inArray(t.causeKind, incomeCauses),
          behindKey([e.atMs, e.transferId], keyOfCursor(request.cursor, 2), 'descending'),
        ),
      )
      .orderBy(desc(e.atMs), desc(e.transferId))
      .limit(request.limit + 1),
  )
}

function* findRecorded(ctx: UnitContext, householdCode: string, request: PageRequest) {
  const { incomeLines: l, incomeImports: i } = ctx.tables
  return yield* rows(
    ctx.db
      .select({
        transferId: l.lineId,
        atMs: l.atMs,
        source: l.source,
        incomeKind: l.incomeKind,
        amountFen: l.amountFen,
        importId: l.importId,
        row: l.row,
        detail: l.detail,
        reference: l.reference,
        title: i.title,
        documentNumber: i.documentNumber,
        reason: i.reason,
      })
      .from(l)
      .innerJoin(i, eq(i.importId, l.importId))
      .where(
        and(
          eq(l.householdCode, householdCode),
          eq(l.isPosted, false),
          behindKey([l.atMs, l.lineId], keyOfCursor(request.cursor, 2), 'descending'),
        ),
      )
      .orderBy(desc(l.atMs), desc(l.lineId))
      .limit(request.limit + 1),
  )
}

/** What each line says of itself. */
function* explainLines(
  ctx: UnitContext,
  lines: ReadonlyArray<Booked | Recorded>,
  householdCode: string,
): Unit<(line: Booked | Recorded) => IncomeView> {
  const booked = lines.filter((line) => 'causeKind' in line)
  const sales = yield* explainSales(ctx, booked, householdCode)
  const losses = yield* explainLosses(ctx, booked, householdCode)
  const imported = yield* findImported(ctx, booked)
  return (line) => {
    const { transferId, atMs, source, incomeKind, amountFen } = line
    const base = { transferId, atMs, source, incomeKind, amountFen }
    if (!('causeKind' in line)) return { ...base, importId: line.importId, explanation: explainImported(line) }
    const sale = sales.get(transferId) ?? losses.get(transferId)
    if (sale !== undefined) return { ...base, ...sale }
    const memo = line.memo === null ? [] : [line.memo]
    const origin = imported.get(line.causeId)
    if (origin === undefined) return { ...base, explanation: memo }
    const explanation = [...explainImported(origin), ...(line.leg === 'owed' ? [] : memo)]
    return { ...base, importId: origin.importId, explanation }
  }
}

type Imported = Pick<
  Recorded,
  'importId' | 'row' | 'atMs' | 'amountFen' | 'detail' | 'reference' | 'title' | 'documentNumber' | 'reason'
>

/** The imported lines behind what the ledger booked of them, by line id. */
function* findImported(ctx: UnitContext, booked: readonly Booked[]): Unit<Map<string, Imported>> {
  const found = new Map<string, Imported>()
  const { incomeLines: l, incomeImports: i } = ctx.tables
  const lineIds = booked.filter(({ source }) => source === 'wage' || source === 'grant').map(({ causeId }) => causeId)
  const importIds = [...new Set(lineIds.map((lineId) => lineId.slice(0, lineId.indexOf('.'))))]
  if (importIds.length === 0) return found
  const ordinals = [...new Set(lineIds.map((lineId) => Number(lineId.slice(lineId.indexOf('.') + 1))))]
  const lines = yield* rows(
    ctx.db
      .select({
        lineId: l.lineId,
        importId: l.importId,
        row: l.row,
        atMs: l.atMs,
        amountFen: l.amountFen,
        detail: l.detail,
        reference: l.reference,
        title: i.title,
        documentNumber: i.documentNumber,
        reason: i.reason,
      })
      .from(l)
      .innerJoin(i, eq(i.importId, l.importId))
      .where(and(inArray(l.importId, importIds), inArray(l.row, ordinals))),
  )
  for (const { lineId, ...line } of lines) found.set(lineId, line)
  return found
}

function explainImported(line: Imported): string[] {
  const { title, documentNumber, row, atMs, amountFen, detail, reference, reason } = line
  const facts = [
    `${title}（${documentNumber}）第 ${row} 行，${districtDateOf(atMs)}`,
    ...(detail === '' ? [] : [`事由：${detail}`]),
    ...(reference === null ? [] : [`凭证号：${reference}`]),
    `金额 ${formatYuan(amountFen)} 元`,
  ]
  return reason === null ? facts : [...facts, `冲销：${reason}`]
}
