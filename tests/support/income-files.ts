// Files as clerks send them: CSV text, and the query that goes with it.
import type { Database } from '#server/db/database.ts'
import { importIncomes, type IncomeFile } from '#server/incomes/import-incomes.ts'
import { readIncomes } from '#server/incomes/read-incomes.ts'
import { postTransfers } from '#server/ledger/post-transfers.ts'
import { refuseRows } from '#server/tabular/refuse-rows.ts'
import { createHash } from 'node:crypto'

export const incomeHeader = '户编号,户主,金额,日期,事由,凭证号'

export function incomeCsv(rows: ReadonlyArray<readonly string[]>, header = incomeHeader): Uint8Array {
  return Buffer.from(`\uFEFF${[header, ...rows.map((row) => row.join(','))].join('\r\n')}\r\n`, 'utf8')
}

/** Reads and imports a file like the route does. */
export async function importFile(
  database: Database,
  file: Uint8Array,
  what: Partial<IncomeFile> & Pick<IncomeFile, 'kind' | 'payer'>,
) {
  const read = await readIncomes(file, what.kind, { today: '2026-03-01' })
  refuseRows(read.errors)
  return database.run((ctx) =>
    importIncomes(ctx, {
      title: '二月工资',
      documentNumber: '发 2026-02',
      sha256: createHash('sha256').update(file).digest('hex'),
      incomes: read.incomes,
      byAccountId: 'clerk',
      ...what,
    }),
  )
}

/** Gives an account money to pay with. */
export async function fund(database: Database, accountId: 'fund:relief' | `organisation:${string}`, amountFen: number) {
  await database.run((ctx) =>
    postTransfers(ctx, [
      {
        debit: 'bank:main',
        credit: accountId,
        amountFen,
        cause: { kind: 'opening', id: accountId.replace(':', '-') },
        leg: 'funds',
      },
    ]),
  )
}
