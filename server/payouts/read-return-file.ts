// Reads what the bank sends back, CSV, XLSX or pain.002, told by content: the profile says which header holds which field and which of
// the bank's words means which result.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { ServerContext } from '../context.ts'
import { startOfDay } from '../calendar/rules.ts'
import { maskNumbers } from '../personal-data/mask-numbers.ts'
import { yuanCell } from '../tabular/cells.ts'
import { readTable } from '../tabular/read-table.ts'
import type { ReturnColumns, ReturnField } from './bank-profile-fields.ts'
import { refuseReturn } from './import-return.ts'
import type { ReturnFile, ReturnRow } from './import-return.ts'
import { readPain002 } from './pain-002.ts'
import type { ReadReturn } from './pain-002.ts'
import { requireBatch, requireProfile } from './store.ts'

/** Of one return file; a bank that answers more at once is asked to split it. */
const maxReturnRows = 50_000

/** `2026-03-02`, `2026-03-02 10:11:12`, `20260302`: China Standard Time. */
const instantCell = z.string().transform((text, context) => {
  const [, year, month, day, hour = '0', minute = '0', second = '0'] =
    /^(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})(?:[T ](\d{2}):?(\d{2}):?(\d{2})?)?/.exec(text) ?? []
  const atMs =
    startOfDay(`${year}-${month}-${day}`) + ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1_000
  if (!Number.isNaN(atMs)) return atMs
  context.addIssue({ code: 'custom', message: 'is no time such as 2026-03-02 10:11:12' })
  return z.NEVER
})

function columnsOf({ headers, results }: ReturnColumns) {
  const names = (field: ReturnField) => [headers[field] ?? field, field]
  const words = new Map(Object.entries(results))
  const text = z.string().max(200)
  return {
    batchNo: { names: names('batchNo'), schema: text },
    seq: {
      names: names('seq'),
      schema: z
        .string()
        .regex(/^\d{1,9}$/, 'is no number')
        .transform(Number),
    },
    result: {
      names: names('result'),
      schema: z.string().transform((word, context) => {
        const result = words.get(word)
        if (result !== undefined) return result
        context.addIssue({ code: 'custom', message: `is none of ${[...words.keys()].join(', ')}` })
        return z.NEVER
      }),
    },
    failCode: { names: names('failCode'), schema: text, isOptional: true },
    failReason: { names: names('failReason'), schema: text, isOptional: true },
    bankSerialNo: { names: names('bankSerialNo'), schema: text, isOptional: true },
    settledAt: { names: names('settledAt'), schema: instantCell, isOptional: true },
    amount: { names: names('amount'), schema: yuanCell, isOptional: true },
  } as const
}

const isXml = (file: Uint8Array) => /^\ufeff?\s*</.test(new TextDecoder().decode(file.subarray(0, 64)))

async function readRows(file: Uint8Array, columns: ReturnColumns): Promise<ReadReturn> {
  if (isXml(file)) return readPain002(file)
  const { rows, errors } = await readTable(file, columnsOf(columns), { maxRows: maxReturnRows })
  return {
    errors,
    rows: rows.map(({ row, values: { amount, settledAt, ...rest } }) => ({
      row,
      ...rest,
      amountFen: amount,
      settledAtMs: settledAt,
    })),
  }
}

/** Banks like to name the account in their reason; it is kept with us, and here it stays masked. */
function withoutNumbers({ failReason, ...row }: ReturnRow): ReturnRow {
  return failReason === undefined ? row : { ...row, failReason: maskNumbers(failReason) }
}

/** Reads a return file of a batch by the batch's bank profile. Refuses with payout.return_invalid, naming each wrong row. */
export async function readReturn(
  { database }: Pick<ServerContext, 'database'>,
  batchId: string,
  file: Uint8Array,
): Promise<ReturnFile> {
  const { returnColumns } = await database.read(function* (ctx) {
    const { profileId, profileVersion } = yield* requireBatch(ctx, batchId)
    return yield* requireProfile(ctx, profileId, profileVersion)
  })
  const { rows, errors } = await readRows(file, returnColumns)
  if (errors.length > 0) refuseReturn(errors)
  return { rows: rows.map(withoutNumbers), sha256: createHash('sha256').update(file).digest('hex') }
}
