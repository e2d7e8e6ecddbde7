// A statement of the bank or of a payment channel, CSV or XLSX: read, checked and kept as it came, all rows or none. The same
// file does nothing the second time; a reference that is known already is refused with its row.
import { createHash } from 'node:crypto'
import { and, eq, inArray } from 'drizzle-orm'
import { z } from 'zod'
import { recordAudit } from '../audit/record-audit.ts'
import { insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { dateCell, yuanCell } from '../tabular/cells.ts'
import { readTable } from '../tabular/read-table.ts'
import type { RowError, TableColumn } from '../tabular/read-table.ts'
import { refuseRows } from '../tabular/refuse-rows.ts'
import type { Channel, Movement } from './rules.ts'

/** Most bytes of a statement. */
export const maxStatementBytes = 16 * 1024 * 1024
const maxRows = 50_000
/** Values named in one statement of SQL; both dialects bind far more. */
const valuesPerStatement = 500

/** Headers of a statement. */
export const statementColumns = {
  reference: {
    names: ['流水号', '交易流水号', '参考号', 'reference'],
    schema: z.string().min(1).max(120),
    example: '20261127000001',
  },
  day: { names: ['交易日期', '日期', '入账日期', 'date'], schema: dateCell, example: '2026-11-27' },
  amountFen: { names: ['金额', '交易金额', '发生额', 'amount'], schema: yuanCell, example: '100.00' },
  note: {
    names: ['摘要', '附言', '备注', 'note'],
    schema: z.string().max(500).optional(),
    isOptional: true,
    example: '充值',
  },
} as const satisfies Record<string, TableColumn>

export interface StatementLine extends Movement {
  readonly row: number
  readonly note: string
}

export interface StatementFile {
  readonly channel: Channel
  /** Hex, of the bytes as they came. */
  readonly sha256: string
  readonly lines: readonly StatementLine[]
}

/** Refuses with tabular.invalid, naming each wrong row. Of payouts the amounts are what left the account: below zero. */
export async function readStatement(file: Uint8Array, channel: Channel): Promise<StatementFile> {
  const table = await readTable(file, statementColumns, { maxRows, maxBytes: maxStatementBytes })
  const errors: RowError[] = [...table.errors]
  const rowOf = new Map<string, number>()
  const lines = table.rows.map(({ row, values }): StatementLine => {
    const { reference, day, amountFen, note = '' } = values
    const first = rowOf.get(reference)
    if (first === undefined) rowOf.set(reference, row)
    else errors.push({ row, column: statementColumns.reference.names[0], message: `stands in row ${first} already` })
    if (amountFen === 0) errors.push({ row, column: statementColumns.amountFen.names[0], message: 'is zero' })
    return { row, reference, day, amountFen, note }
  })
  refuseRows(errors)
  return { channel, sha256: createHash('sha256').update(file).digest('hex'), lines }
}

export type StatementRow = UnitContext['tables']['channelStatements']['$inferSelect']

/** Keeps the statement; returns it, or the earlier one of the same file. */
export function* importStatement(
  ctx: UnitContext,
  { channel, sha256, lines }: StatementFile,
  byAccountId: string,
): Unit<{ statement: StatementRow; isNew: boolean }> {
  const { channelStatements: s, statementLines: l } = ctx.tables
  const isSame = and(eq(s.channel, channel), eq(s.sha256, sha256))
  const earlier = yield* one(ctx.db.select().from(s).where(isSame))
  if (earlier !== undefined) {
    const audit = {
      accountId: byAccountId,
      action: 'reconciliation.statement_repeated',
      subjectId: earlier.statementId,
    }
    yield* recordAudit(ctx, audit)
    return { statement: earlier, isNew: false }
  }
  refuseRows(yield* findKnown(ctx, channel, lines))
  const days = lines.map(({ day }) => day).toSorted()
  const statement: StatementRow = {
    statementId: ctx.newId(),
    channel,
    fromDay: days[0] ?? '',
    throughDay: days.at(-1) ?? '',
    sha256,
    rowCount: lines.length,
    totalFen: lines.reduce((sum, { amountFen }) => sum + amountFen, 0),
    importedBy: byAccountId,
    importedAtMs: ctx.now(),
  }
  yield* insertRows(s, [statement])
  yield* insertRows(
    l,
    lines.map((line) => ({ ...line, channel, statementId: statement.statementId })),
  )
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'reconciliation.statement_imported',
    subjectId: statement.statementId,
    detail: { channel, sha256, rowCount: statement.rowCount, totalFen: statement.totalFen },
  })
  return { statement, isNew: true }
}

function* findKnown(ctx: UnitContext, channel: Channel, lines: readonly StatementLine[]): Unit<RowError[]> {
  const { statementLines: l } = ctx.tables
  const known = new Set<string>()
  const references = lines.map(({ reference }) => reference)
  for (let from = 0; from < references.length; from += valuesPerStatement) {
    const asked = references.slice(from, from + valuesPerStatement)
    const found = yield* rows(
      ctx.db
        .select({ reference: l.reference })
        .from(l)
        .where(and(eq(l.channel, channel), inArray(l.reference, asked))),
    )
    for (const { reference } of found) known.add(reference)
  }
  return lines
    .filter(({ reference }) => known.has(reference))
    .map(({ row }) => ({ row, column: statementColumns.reference.names[0], message: 'stands in an earlier statement' }))
}
