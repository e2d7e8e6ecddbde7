// The copy of a household's data as people open it: a ZIP with a CSV for each table that holds something, times in the district's,
// amounts in yuan and masses in kilograms, and a list of what is in it.
import { zipSync } from 'fflate'
import { timeOf } from '../ledger/district-day.ts'
import { formatYuan } from '#shared/units/fen.ts'
import { writeCsv } from '../tabular/write-csv.ts'
import type { PersonalData } from './export-personal-data.ts'

const bom = { encoding: 'utf-8-bom' } as const
const mgPerKg = 1_000_000

/** `amountFen` → `amountYuan`: what stands in the column says its unit. */
function columnName(name: string): string {
  return name.replace(/AtMs$/, 'At').replace(/Ms$/, '').replace(/Fen$/, 'Yuan').replace(/Mg$/, 'Kg')
}

function cellOf(name: string, value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'string') return value
  if (typeof value !== 'number') return JSON.stringify(value)
  if (name.endsWith('Ms')) return timeOf(value)
  if (name.endsWith('Fen')) return formatYuan(value)
  return name.endsWith('Mg') ? String(value / mgPerKg) : String(value)
}

/** The bytes of the ZIP; the same data gives the same bytes. */
export function copyAsCsv({ householdCode, exportedAtMs, phone, tables }: PersonalData): Uint8Array {
  const filled = Object.entries(tables).filter(([, rows]) => rows.length > 0)
  const list = [
    ['householdCode', householdCode],
    ['exportedAt', timeOf(exportedAtMs)],
    ['phone', phone ?? ''],
    ...Object.entries(tables).map(([name, rows]) => [name, String(rows.length)]),
  ]
  const files: Record<string, Uint8Array> = {
    'contents.csv': writeCsv([{ name: 'what' }, { name: 'value' }], list, bom),
  }
  for (const [table, rows] of filled) {
    const names = Object.keys(rows[0] ?? {})
    const columns = names.map((name) => ({ name: columnName(name) }))
    files[`${table}.csv`] = writeCsv(
      columns,
      rows.map((row) => names.map((name) => cellOf(name, row[name]))),
      bom,
    )
  }
  return zipSync(files, { mtime: exportedAtMs })
}
