// Where in the ledger a household's income stands: which causes are income, of which source each is, and as what it counts, as
// SQL over transfers `t` with the instant `atMs`. Payouts move income on and are not in it.
import { sql } from 'drizzle-orm'
import type { AnyColumn, SQL } from 'drizzle-orm'
import type { IncomeKind } from '../attribution/schema.ts'
import type { UnitContext } from '../db/unit.ts'
import type { CauseKind } from '../ledger/causes.ts'
import { incomeSources, kindsOfSource } from './rules.ts'
import type { IncomeSource, MappingRow } from './rules.ts'

const sourceOfCause = {
  'sale-line': 'sale',
  'sale-refund': 'sale',
  'write-off': 'written-off sale',
  'surplus-line': 'surplus',
  'distribution-line': 'distribution',
  'wage-line': 'wage',
  'grant-line': 'grant',
} as const satisfies Partial<Record<CauseKind, IncomeSource | 'written-off sale'>>

export const incomeCauses = Object.keys(sourceOfCause) as CauseKind[]

/** Words of closed lists only, so that the text is the same wherever a statement repeats it. */
const word = (text: string) => sql.raw(`'${text}'`)

/** A distribution's template says whose it is; its cause id begins with the plan's id (distributions/run-distribution.ts). */
const sourceOfTemplate = { PATRONAGE: 'patronage', SECOND: 'second-distribution' } as const
const idLength = 36

function distributionSource({ tables: { ledgerTransfers: t, distributionPlans: p } }: UnitContext): SQL {
  const cases = Object.entries(sourceOfTemplate).map(
    ([template, source]) => sql`when ${word(template)} then ${word(source)}`,
  )
  const template = sql`(select ${p.template} from ${p} where ${p.planId} = substr(${t.causeId}, 1, ${sql.raw(String(idLength))}))`
  return sql`case ${template} ${sql.join(cases, sql` `)} else ${word('distribution')} end`
}

/** A write-off has the source of the sale it takes back; its leg says which (write-offs/write-off-sale.ts). */
function writtenOffSource({ tables: { ledgerTransfers: t } }: UnitContext): SQL {
  return sql`case when ${t.leg} = ${word('surplus')} then ${word('surplus')} else ${word('sale')} end`
}

export function incomeSource(ctx: UnitContext): SQL<IncomeSource> {
  const { ledgerTransfers: t } = ctx.tables
  const valueOf: Readonly<Record<string, SQL>> = {
    distribution: distributionSource(ctx),
    'written-off sale': writtenOffSource(ctx),
  }
  const cases = Object.entries(sourceOfCause).map(([cause, source]) => {
    const value = valueOf[source] ?? word(source)
    return sql`when ${word(cause)} then ${value}`
  })
  return sql<IncomeSource>`case ${t.causeKind} ${sql.join(cases, sql` `)} end`
}

/** The kind that a source counts as at an instant, by the mapping. */
export function incomeKindOf(source: SQL, atMs: AnyColumn, mapping: readonly MappingRow[]): SQL<IncomeKind> {
  const cases = incomeSources.map((name) => sql`when ${word(name)} then ${kindAt(name, atMs, mapping)}`)
  return sql<IncomeKind>`case ${source} ${sql.join(cases, sql` `)} end`
}

function kindAt(source: IncomeSource, atMs: AnyColumn, mapping: readonly MappingRow[]): SQL {
  const shipped = word(kindsOfSource[source][0])
  const own = mapping.filter((row) => row.source === source).toSorted((a, b) => b.effectiveFromMs - a.effectiveFromMs)
  if (own.length === 0) return shipped
  const cases = own.map(
    (row) => sql`when ${atMs} >= ${sql.raw(String(row.effectiveFromMs))} then ${word(row.incomeKind)}`,
  )
  return sql`case ${sql.join(cases, sql` `)} else ${shipped} end`
}
