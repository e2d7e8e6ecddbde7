// What readers say of wrong files, as the pages say it in Chinese: each sentence is provoked from the reader that says it.
import { describe, expect, it } from 'vitest'
import type { RefusalError } from '#server/errors/refusal.ts'
import { readRegisterFile } from '#server/households/import-register.ts'
import { readAccountFile } from '#server/identity/read-accounts.ts'
import { readGrantFile } from '#server/in-kind/import-grants.ts'
import { readIncomes } from '#server/incomes/read-incomes.ts'
import { readHoldingFile, readMemberFile } from '#server/organisations/read-registers.ts'
import { readStatement } from '#server/reconciliation/import-statement.ts'
import { rowMessageInChinese } from '#server/web/admin/parts/row-messages.ts'
import { testSealer } from '#tests/support/test-sealer.ts'

const code = '5001121422010001'
const bytes = (...lines: string[]) => new TextEncoder().encode(lines.join('\r\n'))

async function messagesOf(read: Promise<unknown>): Promise<string[]> {
  try {
    const found = (await read) as { errors?: ReadonlyArray<{ message: string }> }
    return (found.errors ?? []).map(({ message }) => message)
  } catch (error) {
    return (error as RefusalError).errors?.map(({ message }) => message) ?? []
  }
}

const incomes = (kind: 'wages' | 'history', ...lines: string[]) =>
  readIncomes(bytes('户编号,户主,金额,日期,事由,凭证号,收入类型', ...lines), kind, {
    today: '2026-11-27',
    rowCount: 7,
    totalFen: 1,
  })

const wrongFiles: ReadonlyArray<readonly [string, () => Promise<unknown>]> = [
  ['no table', () => readMemberFile(bytes(''))],
  ['no rows', () => readMemberFile(bytes('户编号'))],
  ['no column', () => readMemberFile(bytes('姓名', '甲'))],
  ['a column twice', () => readMemberFile(bytes('户编号,户编号', `${code},${code}`))],
  ['no text', () => readMemberFile(Uint8Array.from([0xff, 0xff, 0xff]))],
  ['a broken quote', () => readMemberFile(bytes('户编号', '"5001'))],
  ['an old workbook', () => readMemberFile(Uint8Array.from([0xd0, 0xcf, 0x11, 0xe0]))],
  ['a broken workbook', () => readMemberFile(Uint8Array.from([0x50, 0x4b, 3, 4]))],
  ['members', () => readMemberFile(bytes('户编号', '12', '=1+1', code, code))],
  ['holdings', () => readHoldingFile(bytes('户编号,股权类型,数量,单位,折股', `${code},大股,0,斤,1.23456`))],
  [
    'the register',
    () =>
      readRegisterFile(bytes('户编号,户主,电话,家庭人口,户类型', `1,,12,0,大户`, `${code},甲,,x,贫困户`), testSealer),
  ],
  ['accounts', () => readAccountFile(bytes('账号,姓名,角色,区域代码', '13800000000,,国王,5', 'a b,甲,买家,'))],
  ['goods', () => readGrantFile(bytes('户编号,物资,数量(kg)', `${code},油,一`, `${code},种子,0`))],
  [
    'a statement',
    () => readStatement(bytes('流水号,交易日期,金额', 'a,昨天,1.234', 'b,2026-11-01,0', 'b,2026-11-01,1'), 'top-ups'),
  ],
  [
    'wages',
    () =>
      incomes(
        'wages',
        `${code},甲,-1,2999-01-01,,,工资性收入`,
        `${code},甲,1,,,,`,
        '合计,,9,,,,',
        `${code},甲,1,2026-01-01,,,`,
      ),
  ],
  ['a sum', () => incomes('wages', `${code},甲,1,2026-01-01,,,`, '合计,,9,,,,')],
  ['the paper', () => incomes('wages', `${code},甲,1,2026-01-01,,,`)],
  ['history', () => incomes('history', `${code},甲,1,2026-01-01,,,打工`, `${code},甲,99999999,2026-01-01,,,`)],
]

describe('a wrong cell', () => {
  it.each(wrongFiles)('of %s is told in Chinese', async (_name, read) => {
    const messages = await messagesOf(read())

    expect(messages.length).toBeGreaterThan(0)
    // The cell's own text and the names of columns may hold letters; the sentence may not.
    const said = messages.map((message) =>
      rowMessageInChinese(message).replaceAll(/“.*?”|[\w.-]+$|UTF-8|GB18030|\.xlsx|.*可以叫：/g, ''),
    )
    expect(said.filter((sentence) => /[a-z]{3}/i.test(sentence))).toEqual([])
  })

  it('keeps a sentence that is not known', () => {
    expect(rowMessageInChinese('is odd')).toBe('is odd')
    expect(rowMessageInChinese('“12x”: is no whole number')).toBe('“12x”：不是整数')
  })
})
