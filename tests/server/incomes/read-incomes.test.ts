import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readIncomes } from '#server/incomes/read-incomes.ts'
import { writeCsv } from '#server/tabular/write-csv.ts'
import { writeXlsx } from '#server/tabular/write-xlsx.ts'
import { incomeCsv } from '#tests/support/income-files.ts'

const today = '2026-03-01'
const code = '5001121422010001'
const row = [code, '王甲', '1200.50', '2026-02-28', '修枝', 'G-1']

describe('an income file', () => {
  it('is read from CSV of either encoding and from a workbook alike', async () => {
    const header = ['户编号', '户主', '金额', '日期', '事由', '凭证号']
    const columns = header.map((name) => ({ name }))
    const files = [
      writeCsv(columns, [row], { encoding: 'utf-8-bom' }),
      writeCsv(columns, [row], { encoding: 'gb18030' }),
      writeXlsx('工资', header, [row]),
    ]

    for (const file of files) {
      const read = await readIncomes(file, 'wages', { today })

      expect(read.errors).toEqual([])
      expect(read.totalFen).toBe(120_050)
      expect(read.incomes).toEqual([
        {
          row: 2,
          householdCode: code,
          headName: '王甲',
          amountFen: 120_050,
          day: '2026-02-28',
          detail: '修枝',
          reference: 'G-1',
          incomeKind: undefined,
        },
      ])
    }
  })

  it('may end with its sum, which must be right', async () => {
    const right = await readIncomes(incomeCsv([row, row, ['合计', '', '2401.00', '', '', '']]), 'wages', { today })
    const wrong = await readIncomes(incomeCsv([row, row, ['合计', '', '2401.01', '', '', '']]), 'wages', { today })
    const below = await readIncomes(incomeCsv([['合计', '', '0', '', '', ''], row]), 'wages', { today })

    expect(right).toMatchObject({ errors: [], totalFen: 240_100 })
    expect(wrong.errors).toEqual([{ row: 4, column: '金额', message: 'the rows above come to 2401.00, not 2401.01' }])
    expect(below.errors).toEqual([{ row: 3, message: 'stands below the sum of row 2' }])
  })

  it('must be what the paper says', async () => {
    const read = await readIncomes(incomeCsv([row]), 'wages', { today, totalFen: 120_051, rowCount: 2 })

    expect(read.errors.map(({ message }) => message)).toEqual([
      'the file has 1 rows, the paper says 2',
      'the file comes to 1200.50, the paper says 1200.51',
    ])
  })

  it.each([
    ['金额', [code, '', '0', '2026-02-28'], 'is not above zero'],
    ['金额', [code, '', '-5', '2026-02-28'], 'is not above zero'],
    ['金额', [code, '', '10000000.01', '2026-02-28'], 'is above 10000000.00'],
    ['金额', [code, '', '1.005', '2026-02-28'], '“1.005”: is no amount in yuan with at most two decimals'],
    ['日期', [code, '', '1', '2026-03-02'], '2026-03-02 is not between 1990-01-01 and today'],
    ['日期', [code, '', '1', '2026-02-30'], '“2026-02-30”: is no date such as 2026-11-27'],
    ['日期', [code, '', '1', ''], 'is empty'],
    ['户编号', ['500112142201000', '', '1', '2026-02-28'], '“500112142201000”: is no household code of 16 digits'],
  ])('names the row and the column %s that is wrong in %j', async (column, cells, message) => {
    const read = await readIncomes(incomeCsv([row, [...cells, '', '']]), 'wages', { today })

    expect(read.errors).toEqual([{ row: 3, column, message }])
  })

  it('says the kind of each row in a history, and only there', async () => {
    const header = '户编号,金额,日期,收入类型'
    const file = incomeCsv([[code, '900', '2020-05-01', '财产性收入']], header)

    const history = await readIncomes(file, 'history', { today })
    const wages = await readIncomes(file, 'wages', { today })
    const mute = await readIncomes(incomeCsv([row]), 'history', { today })

    expect(history.incomes[0]).toMatchObject({ incomeKind: 'PROPERTY', amountFen: 90_000, day: '2020-05-01' })
    expect(wages.errors).toMatchObject([{ row: 2, column: '收入类型' }])
    expect(mute.errors).toMatchObject([{ row: 2, column: '收入类型', message: 'is empty' }])
  })

  it('is never the reason for a throw, whatever is in it', async () => {
    const anyFile = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc
        .array(fc.array(fc.string({ maxLength: 12 }), { maxLength: 7 }), { maxLength: 5 })
        .map((rows) => incomeCsv(rows)),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.concat([Buffer.from('PK\u0003\u0004'), bytes])),
    )
    await fc.assert(
      fc.asyncProperty(anyFile, async (file) => {
        const { incomes, errors } = await readIncomes(file, 'wages', { today })
        expect(errors.length > 0 || incomes.length > 0).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})
