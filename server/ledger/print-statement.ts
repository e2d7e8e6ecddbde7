// A statement as text for the command line: tab-separated, one entry a line, amounts in yuan on the account's normal side. Reads
// page after page, so that a long one needs no more memory than a short one.
import { formatYuan } from '#shared/units/fen.ts'
import type { Database } from '../db/database.ts'
import { maskNumbers } from '../personal-data/mask-numbers.ts'
import type { AccountId } from './account-kinds.ts'
import { timeOf } from './district-day.ts'
import { showStatement } from './show-statement.ts'
import type { StatementView } from './show-statement.ts'

const pageSize = 200

/** Free text in a cell must not end it. */
const plain = (text: string) => text.replaceAll(/\s+/g, ' ')

function lineOf(row: StatementView['rows'][number], normalSide: 'debit' | 'credit'): string {
  const amountFen = row.side === normalSide ? row.amountFen : -row.amountFen
  const cells = [
    timeOf(row.atMs),
    row.transferId,
    row.otherAccountId,
    formatYuan(amountFen),
    formatYuan(row.balanceFen),
  ]
  return `${[...cells, plain(maskNumbers(row.memo))].join('\t')}\n`
}

/** Refuses with ledger.account_unknown. */
export async function printStatement(
  database: Database,
  accountId: AccountId,
  span: { readonly fromMs?: number; readonly throughMs?: number },
  write: (text: string) => void,
): Promise<void> {
  const ask = (cursor: string | undefined, throughMs = span.throughMs) =>
    database.read((ctx) => showStatement(ctx, accountId, { ...span, throughMs, cursor, limit: pageSize }))
  let page = await ask(undefined)
  const { throughMs, normalSide } = page
  write(`${accountId}\t${plain(page.name)}\n`)
  write(`time\ttransfer\tother account\tamount\tbalance\tmemo\n`)
  write(`${timeOf(page.fromMs)}\topening\t\t\t${formatYuan(page.openingFen)}\t\n`)
  for (;;) {
    for (const row of page.rows) write(lineOf(row, normalSide))
    if (page.nextCursor === undefined) break
    page = await ask(page.nextCursor, throughMs)
  }
  write(`${timeOf(throughMs)}\tclosing\t\t\t${formatYuan(page.closingFen)}\t\n`)
}
