// Workbooks as spreadsheet programs write them, part by part, and those that want to do harm.
import { strToU8, zipSync } from 'fflate'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { readTable } from '#server/tabular/read-table.ts'
import { readXlsx } from '#server/tabular/read-xlsx.ts'

const columns = {
  name: { names: ['name'], schema: z.string() },
  value: { names: ['value'], schema: z.string(), isOptional: true },
}

function workbook(rows: string, more: { shared?: string; styles?: string; after?: string } = {}): Uint8Array {
  const parts: Record<string, string> = {
    'xl/workbook.xml':
      '<workbook xmlns:r="r"><workbookPr/><sheets><sheet name="S" sheetId="1" r:id="rId7"/></sheets></workbook>',
    'xl/_rels/workbook.xml.rels':
      '<Relationships><Relationship Id="rId7" Target="worksheets/one.xml"/></Relationships>',
    'xl/worksheets/one.xml': `<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>name</t></is></c><c r="B1" t="inlineStr"><is><t>value</t></is></c></row>${rows}</sheetData>${more.after ?? ''}</worksheet>`,
    ...(more.shared === undefined ? {} : { 'xl/sharedStrings.xml': `<sst>${more.shared}</sst>` }),
    ...(more.styles === undefined ? {} : { 'xl/styles.xml': `<styleSheet>${more.styles}</styleSheet>` }),
  }
  return zipSync(Object.fromEntries(Object.entries(parts).map(([name, xml]) => [name, strToU8(xml)])))
}

const cell = (name: string, value: string, attributes = '') => `<c r="${name}" ${attributes}>${value}</c>`
const row = (cells: string) => `<row r="2">${cell('A2', '<is><t>x</t></is>', 't="inlineStr"')}${cells}</row>`

describe('a workbook', () => {
  it('gives shared texts without their readings, dates as dates and numbers as they were typed', async () => {
    const styles =
      '<numFmts><numFmt numFmtId="164" formatCode="yyyy&quot;年&quot;m"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs>'
    const shared = '<si><r><t>王</t></r><r><t>芳</t></r><rPh><t>wang</t></rPh></si>'
    const rows = [
      `<row r="2">${cell('A2', '<v>0</v>', 't="s"')}${cell('B2', '<v>46353</v>', 's="1"')}</row>`,
      `<row r="4">${cell('A4', '<v>0</v>', 't="s"')}${cell('B4', '<v>12.800000000000001</v>', 's="0"')}</row>`,
    ].join('')

    const table = await readTable(workbook(rows, { shared, styles }), columns)

    expect(table).toEqual({
      rows: [
        { row: 2, values: { name: '王芳', value: '2026-11-27' } },
        { row: 4, values: { name: '王芳', value: '12.8' } },
      ],
      errors: [],
    })
  })

  it.each([
    ['a formula', row(cell('B2', '<f>A1</f><v>5</v>')), /cell B2 holds a formula/],
    ['an error', row(cell('B2', '<v>#N/A</v>', 't="e"')), /cell B2 holds the error #N\/A/],
    [
      'an account number that became a number',
      row(cell('B2', '<v>6.2170012345678902E+18</v>')),
      /cell B2 .*lost its last/,
    ],
  ])('names the cell of %s', async (_, rows, message) => {
    const { errors } = await readTable(workbook(rows), columns)

    expect(errors).toEqual([{ row: 2, column: 'value', message: expect.stringMatching(message) }])
  })

  it.each([
    ['a text that the workbook does not hold', row(cell('B2', '<v>7</v>', 't="s"')), /cell B2 names a text/],
    ['a row that stands there twice', `${row('')}${row('')}`, /row 2 .*order/],
    ['a row without a number', row('').replace('r="2"', 'r="two"'), /row two .*order/],
  ])('refuses %s', async (_, rows, message) => {
    const { errors } = await readTable(workbook(rows), columns)

    expect(errors.map((error) => error.message)).toEqual([expect.stringMatching(message)])
  })

  it('names merged cells', async () => {
    const after = '<mergeCells><mergeCell ref="A2:A3"/></mergeCells>'

    const { errors } = await readTable(workbook(row(''), { after }), columns)

    expect(errors).toEqual([{ row: 2, column: 'A2:A3', message: expect.stringMatching(/are merged/) }])
  })

  it('does not inflate a bomb', async () => {
    const bomb = workbook(
      `<row r="2">${cell('A2', `<is><t>${' '.repeat(12_000_000)}</t></is>`, 't="inlineStr"')}</row>`,
    )

    const { errors } = await readTable(bomb, columns)

    expect(bomb.length).toBeLessThan(200_000)
    expect(errors[0]?.message).toMatch(/that is no table/)
  })

  it('is not read beyond the most rows a table may have, nor a row beyond the most cells', async () => {
    const filled = Array.from({ length: 20_000 }, (_, at) => `<row>${cell('A1', `<v>${at}</v>`)}</row>`).join('')
    const crowded = `<row r="2">${cell('A2', '<v>1</v>').repeat(20_000)}</row>`

    // What stands far behind the last row that is taken is not looked at: the sheet is broken there.
    const { rows, errors } = await readTable(workbook(`${filled}<row r="1"></row>`), columns, { maxRows: 10 })
    const raw = []
    for await (const one of readXlsx(workbook(crowded))) raw.push(one)

    expect([rows.length, errors]).toEqual([10, [{ row: 12, message: 'the table has more than 10 rows' }]])
    expect(raw.map((one) => ('cells' in one ? one.cells.length : 0))).toEqual([2, 500])
  })

  it('is refused with more formats than a spreadsheet program knows', async () => {
    const styles = `<cellXfs>${'<xf/>'.repeat(70_000)}</cellXfs>`

    const { errors } = await readTable(workbook(row(''), { styles }), columns)

    expect(errors).toEqual([{ row: 1, message: 'the workbook holds too many formats' }])
  })

  it('knows no entities of its own', async () => {
    const parts = zipSync({ 'xl/workbook.xml': strToU8('<!DOCTYPE x [<!ENTITY a "b">]><workbook>&a;</workbook>') })

    const { errors } = await readTable(parts, columns)

    expect(errors[0]?.message).toMatch(/document type|broken/)
  })

  it('says that it was cut short', async () => {
    const whole = workbook(row(''))

    const { errors } = await readTable(whole.slice(0, whole.length - 30), columns)

    expect(errors[0]?.message).toMatch(/broken or was cut short/)
  })
})
