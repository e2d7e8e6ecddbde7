// A workbook of one sheet whose cells are all text, so that account numbers keep their digits and nothing is ever a formula.
// The same rows give the same bytes on every machine: parts are stored, not compressed, and carry no time.
import { strToU8, zipSync } from 'fflate'
import { RefusalError } from '../errors/refusal.ts'

const xmlHead = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
const sheetNamespace = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const relations = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const packageRelations = 'http://schemas.openxmlformats.org/package/2006/relationships'
const contentTypes = 'http://schemas.openxmlformats.org/package/2006/content-types'
const partType = 'application/vnd.openxmlformats-officedocument.spreadsheetml'

const fixedParts = {
  '[Content_Types].xml': `<Types xmlns="${contentTypes}"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${partType}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${partType}.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="${partType}.styles+xml"/></Types>`,
  '_rels/.rels': `<Relationships xmlns="${packageRelations}"><Relationship Id="rId1" Type="${relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
  'xl/_rels/workbook.xml.rels': `<Relationships xmlns="${packageRelations}"><Relationship Id="rId1" Type="${relations}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="${relations}/styles" Target="styles.xml"/></Relationships>`,
  // Format 49 is text: what is typed into the cell later stays text too.
  'xl/styles.xml': `<styleSheet xmlns="${sheetNamespace}"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf xfId="0"/><xf numFmtId="49" applyNumberFormat="1" xfId="0"/></cellXfs></styleSheet>`,
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function escapeXml(text: string): string {
  return (
    text
      // A spreadsheet reads _x0041_ as A: what looks so is told apart by escaping its first underscore.
      .replaceAll(/_(?=x[0-9A-Fa-f]{4}_)/g, '_x005F_')
      .replaceAll('\r', '_x000D_')
      .replaceAll(/[&<>"]/g, (found) => entities[found] ?? found)
  )
}

/** A1, B1 … Z1, AA1. */
export function cellName(column: number, row: number): string {
  let letters = ''
  for (let left = column + 1; left > 0; left = Math.floor((left - 1) / 26))
    letters = String.fromCharCode(65 + ((left - 1) % 26)) + letters
  return `${letters}${row}`
}

// Characters that XML 1.0 has no way to write.
// oxlint-disable-next-line no-control-regex
const unwritable = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|\p{Surrogate}/u

function sheetOf(rows: ReadonlyArray<readonly string[]>): string {
  const lines = rows.map((row, index) => {
    const cells = row.map((text, column) => {
      if (unwritable.test(text))
        throw new RefusalError(
          'tabular.not_encodable',
          `row ${index + 1}: “${text}” has a character no workbook can carry`,
          {
            field: `rows.${index + 1}`,
            facts: { row: index + 1, text },
          },
        )
      return `<c r="${cellName(column, index + 1)}" s="1" t="inlineStr"><is><t xml:space="preserve">${escapeXml(text)}</t></is></c>`
    })
    return `<row r="${index + 1}">${cells.join('')}</row>`
  })
  return `<worksheet xmlns="${sheetNamespace}"><sheetData>${lines.join('')}</sheetData></worksheet>`
}

/** Refuses with `tabular.not_encodable`, naming the row (the header is row 1) and the text. */
export function writeXlsx(
  sheetName: string,
  header: readonly string[],
  rows: ReadonlyArray<readonly string[]>,
): Uint8Array {
  const parts = {
    ...fixedParts,
    'xl/workbook.xml': `<workbook xmlns="${sheetNamespace}" xmlns:r="${relations}"><sheets><sheet name="${escapeXml(sheetName)}" sheetId="1" r:id="rId1"/></sheets></workbook>`,
    'xl/worksheets/sheet1.xml': sheetOf([header, ...rows]),
  }
  // The earliest time a zip can name, in whatever zone this machine is: the entry holds local time.
  const mtime = new Date(1980, 0, 1)
  const entries = Object.entries(parts).map(([name, xml]) => [name, [strToU8(xmlHead + xml), { level: 0, mtime }]])
  return zipSync(Object.fromEntries(entries) as Parameters<typeof zipSync>[0])
}
