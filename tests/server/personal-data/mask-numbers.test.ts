import { describe, expect, it } from 'vitest'
import { maskNumbers, maskNumbersInJson, maskWritten } from '#server/personal-data/mask-numbers.ts'

describe('numbers in a text on its way out', () => {
  it.each([
    ['电话 13812345678 打不通', '电话 138****5678 打不通'],
    ['138 1234 5678', '138****5678'],
    ['“138-1234-5678”: wrong', '“138****5678”: wrong'],
    ['身份证11010519491231002X。', '身份证****002X。'],
    ['11010519491231002X', '****002X'],
    ['110105491231002', '****1002'],
    ['rows.3.账号: “6222021234567890123”', 'rows.3.账号: “****0123”'],
    ['6222 0212 3456 7890', '****7890'],
    ['(6222021234567890123)', '(****0123)'],
    ['电话１３８１２３４５６７８打不通', '电话138****5678打不通'],
    ['１３８　１２３４　５６７８', '138****5678'],
    ['１３８－１２３４－５６７８', '138****5678'],
    ['身份证１１０１０５１９４９１２３１００２Ｘ', '身份证****002X'],
  ])('are masked where they may be somebody’s: %s', (text, masked) => {
    expect(maskNumbers(text)).toBe(masked)
  })

  it.each([
    'there is no household 5001121422010001',
    'household:5001121422010001 holds 120 fen',
    '019ced13-7000-7f77-8123-123456789012',
    '0123456789012345678901234567890123456789012345678901234567890abc',
    'since 1795769377861, batch O-20260304-001-0000003',
    '2026-03-20 10:00:00',
    'expected number to be <=9007199254740991',
    'village 500112142201',
    '二〇二六年 ２０２６ 年 １２ 月，共 １２３４５６７８９０ 斤',
  ])('stay where they are none: %s', (text) => {
    expect(maskNumbers(text)).toBe(text)
  })

  it('are masked in what people wrote, by the names of fields, however deep, and nowhere else', () => {
    const note = '电话 13812345678'
    const reference = 'top-up:6222021234567890'

    expect(
      maskWritten({ note, phone: '13812345678', rows: [{ detail: { why: note, reference }, title: [note] }] }),
    ).toEqual({
      note: '电话 138****5678',
      phone: '13812345678',
      rows: [{ detail: { why: '电话 138****5678', reference }, title: ['电话 138****5678'] }],
    })
    const named = { what: note, evidence: note, buyerName: note, rows: [{ productName: note, unitName: note }] }
    expect(JSON.stringify(maskWritten(named))).not.toContain('13812345678')
    expect(maskWritten([1, null, undefined, 'a 13812345678'])).toEqual([1, null, undefined, 'a 13812345678'])
  })

  it('are masked in the texts of a log line, which stays the JSON it was', () => {
    const line = JSON.stringify({ time: 12345678901, phone: '13812345678', deep: [{ detail: 'a "13812345678" b' }] })

    expect(JSON.parse(maskNumbersInJson(line))).toEqual({
      time: 12345678901,
      phone: '138****5678',
      deep: [{ detail: 'a "138****5678" b' }],
    })
  })
})
