import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { dateCell, householdCodeCell, kilogramCell, yuanCell } from '#server/tabular/cells.ts'
import { readTable, type TableColumns } from '#server/tabular/read-table.ts'
import { encodeLines, encodeText } from '#server/tabular/table-text.ts'
import { writeCsv } from '#server/tabular/write-csv.ts'
import { writeXlsx } from '#server/tabular/write-xlsx.ts'
import { neutralise, restoreNeutralised } from '#shared/tabular/csv-cell.ts'

const columns = {
  name: { names: ['姓名', 'name'], schema: z.string().min(1) },
  amountFen: { names: ['金额', 'amount'], schema: yuanCell },
  note: { names: ['备注', 'note'], schema: z.string(), isOptional: true },
} satisfies TableColumns

const utf8 = (text: string) => new TextEncoder().encode(text)
const gb18030 = (text: string) => {
  const encoded = encodeText(text, 'gb18030')
  if (!('bytes' in encoded)) throw new Error(`lost ${encoded.lost}`)
  return encoded.bytes
}

describe('a table', () => {
  it.each([
    ['UTF-8', utf8],
    ['UTF-8 with a byte order mark', (text: string) => utf8(`\u{FEFF}${text}`)],
    ['GB18030', gb18030],
  ])('is read from CSV in %s, rare characters included', async (_, encode) => {
    const file = encode('姓名,金额,备注\r\n王𠮷䶮,12.80,\r\n"㛃,上","1,234.5",好\r\n')

    const table = await readTable(file, columns)

    expect(table.errors).toEqual([])
    expect(table.rows).toEqual([
      { row: 2, values: { name: '王𠮷䶮', amountFen: 1_280, note: undefined } },
      { row: 3, values: { name: '㛃,上', amountFen: 123_450, note: '好' } },
    ])
  })

  it('is told by its content and read the same from a workbook', async () => {
    const file = writeXlsx('工资', ['name', 'amount', 'note'], [['王', '0.01', '_x0041_ & <b>\r\n']])

    const table = await readTable(file, columns)

    expect(table).toEqual({
      rows: [{ row: 2, values: { name: '王', amountFen: 1, note: '_x0041_ & <b>' } }],
      errors: [],
    })
  })

  it('names every wrong row with its column, and the line it begins on', async () => {
    const file = utf8('姓名,金额\n"两\n行",1\n李,1.234\n,5\n=A1,2\n')

    const { errors } = await readTable(file, columns)

    expect(errors).toEqual([
      { row: 4, column: '金额', message: '“1.234”: is no amount in yuan with at most two decimals' },
      { row: 5, column: '姓名', message: 'is empty' },
      { row: 6, column: '姓名', message: 'holds a formula' },
    ])
  })

  it('names a missing column and one that stands there twice', async () => {
    const { errors } = await readTable(utf8('name,姓名,note\na,b,c\n'), columns)

    expect(errors).toEqual([
      { row: 1, column: '姓名', message: 'the column stands in the table twice' },
      { row: 1, column: '金额', message: 'the column is missing; it may be called 金额, amount' },
    ])
  })

  it.each([
    ['an unclosed quote', utf8('姓名,金额\n"王,1\n'), /cannot be read/],
    ['neither UTF-8 nor GB18030', Uint8Array.of(0xff, 0xff, 0x2c, 0x31), /neither UTF-8 nor GB18030/],
    ['UTF-16', new Uint8Array(Buffer.from('name,amount\na,1\n', 'utf16le')), /zero bytes/],
    ['nothing', new Uint8Array(0), /no table/],
    ['a header alone', utf8('姓名,金额\n'), /no row/],
    ['an old workbook', Uint8Array.of(0xd0, 0xcf, 0x11, 0xe0, 0xa1), /old or a protected/],
  ])('refuses %s in words', async (_, file, message) => {
    const { errors } = await readTable(file, columns)

    expect(errors.map((error) => error.message).join()).toMatch(message)
  })

  it('refuses a row that a comma inside an amount has cut in two, and bears empty cells behind the last one', async () => {
    const file = utf8('姓名,备注,金额\n王,采摘,1,234.50\n李,,12.00,\n')

    const { rows, errors } = await readTable(file, columns)

    expect(errors).toEqual([
      { row: 2, message: 'has 4 cells where the header has 3: a comma inside a value must stand in quotes' },
    ])
    expect(rows).toEqual([{ row: 3, values: { name: '李', amountFen: 1_200, note: undefined } }])
  })

  it('does not take UTF-8 that was cut short inside a character for GB18030', async () => {
    const file = utf8('name,amount,note\n王甲,1,采摘桃子\n').slice(0, -3)

    const { errors } = await readTable(file, columns)

    expect(errors).toEqual([{ row: 1, message: 'the file is neither UTF-8 nor GB18030 text' }])
  })

  it('refuses more bytes and more rows than it may have', async () => {
    const file = utf8('姓名,金额\na,1\nb,2\n')

    const [tooLong, tooBig] = [
      await readTable(file, columns, { maxRows: 1 }),
      await readTable(file, columns, { maxBytes: 5 }),
    ]

    expect(tooLong.errors).toEqual([{ row: 3, message: 'the table has more than 1 rows' }])
    expect(tooBig.errors[0]?.message).toMatch(/5 are the most/)
  })

  it('comes back as it was written, whatever the texts, in every format', async () => {
    const text = fc
      .string({ unit: fc.constantFrom(...Array.from('王𠮷a1"\',;\t=+-@_x0041<&>\n ')), maxLength: 12 })
      .map((it) => it.trim())
    const any = {
      a: { names: ['a'], schema: z.string(), isOptional: true },
      b: { names: ['b'], schema: z.string().min(1) },
    }
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(
            text,
            text.filter((it) => it !== ''),
          ),
          { minLength: 1, maxLength: 6 },
        ),
        async (rows) => {
          const header = [{ name: 'a' }, { name: 'b' }]
          const files = [
            writeCsv(header, rows, { encoding: 'utf-8-bom' }),
            writeCsv(header, rows, { encoding: 'gb18030' }),
            writeXlsx('表', ['a', 'b'], rows),
          ]
          for (const file of files) {
            const table = await readTable(file, any)

            expect(table.errors).toEqual([])
            expect(table.rows.map(({ values }) => [values.a ?? '', values.b])).toEqual(rows)
          }
        },
      ),
      { numRuns: 200 },
    )
  })

  it('never throws, whatever the bytes', async () => {
    const whole = writeXlsx('表', ['姓名', '金额'], [['王', '1']])
    const broken = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.integer({ min: 0, max: whole.length - 1 }).map((end) => whole.slice(0, end)),
      fc.tuple(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 })).map(([at, byte]) => whole.with(at, byte)),
    )
    await fc.assert(
      fc.asyncProperty(broken, async (file) => {
        const { rows, errors } = await readTable(file, columns)
        expect(rows.length + errors.length).toBeGreaterThan(0)
      }),
      { numRuns: 500 },
    )
  })
})

describe('a written table', () => {
  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '＝1+1', '＋1', '－1', '＠SUM(A1)'])(
    'writes %j as no formula, and reads it as it was',
    (text) => {
      const written = neutralise(text)

      expect(written).toBe(`'${text}`)
      expect(restoreNeutralised(written)).toBe(text)
    },
  )

  it('keeps what people typed from being run as a formula, and leaves our own figures alone', () => {
    const file = writeCsv([{ name: '姓名' }, { name: '金额', isFromUsers: false }], [['=1+1', '-5.00']], {
      encoding: 'utf-8-bom',
    })

    expect(new TextDecoder().decode(file)).toBe("姓名,金额\r\n'=1+1,-5.00\r\n")
  })

  it('is refused when a name does not survive its encoding, naming row and name', () => {
    const write = () => writeCsv([{ name: '姓名' }], [['王'], ['李\u{E5E5}']], { encoding: 'gb18030' })

    expect(write).toThrow(/row 3: “李\u{E5E5}” has a character that gb18030 cannot carry/u)
  })

  it.each(['utf-8-bom', 'gb18030'] as const)('is in %s line by line what it is as one text', (encoding) => {
    const halves = ['\ud842', '\udfb7', '\ud842\udfb7']
    const line = fc
      .array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...halves)))
      .map((parts) => parts.join(''))

    fc.assert(
      fc.property(fc.array(line), (lines) => {
        expect(encodeLines(lines, encoding)).toEqual(encodeText([...lines, ''].join('\r\n'), encoding))
      }),
    )
  })

  it('is the same bytes every time', () => {
    const write = () => writeXlsx('兑付', ['账号'], [['6217001234567890123']])

    expect(write()).toEqual(write())
  })
})

describe('cells', () => {
  it.each([
    ['an amount', yuanCell, '¥1,280.5', 128_050],
    ['a date', dateCell, '2026年2月3日', '2026-02-03'],
    ['a date without marks', dateCell, '20261127', '2026-11-27'],
    ['a date with one digit for month and day', dateCell, '2026/2/3 08:00', '2026-02-03'],
    ['a mass', kilogramCell, '141,297', 141_297_000_000],
    ['a household code', householdCodeCell, '5001121432010001', '5001121432010001'],
  ] as const)('read %s', (_, schema, text, value) => {
    expect(schema.parse(text)).toBe(value)
  })

  it.each([
    ['an amount with three decimals', yuanCell, '1.005'],
    ['an amount with a decimal comma', yuanCell, '12,34'],
    ['an amount with a misplaced comma', yuanCell, '1,23,456'],
    ['a day that never was', dateCell, '2026-02-30'],
    ['a month for a day', dateCell, '2026-11'],
    ['a month without marks for a day', dateCell, '202611'],
    ['a date that could be two', dateCell, '2026111'],
    ['a year of the first century', dateCell, '0099-01-01'],
    ['a mass with a decimal comma', kilogramCell, '1,5'],
    ['a mass below zero', kilogramCell, '-1'],
    ['a code that is too short', householdCodeCell, '50011214320100'],
  ] as const)('refuse %s', (_, schema, text) => {
    expect(schema.safeParse(text).success).toBe(false)
  })
})
