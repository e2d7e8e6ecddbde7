// Where in the ledger a household's income stands: which causes are income, of which source each is, and as what it counts, as
// SQL over transfers. Payouts move income on and are not in it.
import { sql } from 'drizzle-orm'
import type { AnyColumn, SQL } from 'drizzle-orm'
import type { IncomeKind } from '../attribution/schema.ts'
import type { UnitContext } from '../db/unit.ts'
import type { CauseKind } from '../ledger/causes.ts'
import { kindsOfSource, sourceOfTemplate } from './rules.ts'
import type { IncomeSource } from './rules.ts'

const sourceOfCause = {
  'sale-line': 'sale',
  'sale-refund': 'sale',
  'write-off': 'written-off sale',
  'write-off-recovery': 'written-off sale',
  'surplus-line': 'surplus',
  'stock-loss': 'stock-loss',
  donation: 'donation',
  'distribution-line': 'distribution',
  'wage-line': 'wage',
  'grant-line': 'grant',
} as const satisfies Partial<Record<CauseKind, IncomeSource | 'written-off sale'>>

export const incomeCauses = Object.keys(sourceOfCause) as CauseKind[]

/** Words of closed lists only, so that the text is the same wherever a statement repeats it. */
const word = (text: string) => sql.raw(`'${text}'`)

/** A distribution's cause id begins with the plan's id (distributions/run-distribution.ts). */
const planIdOf = (causeId: AnyColumn) => sql`substr(${causeId}, 1, 36)`

/** The plan's template says whose distribution it is. */
function distributionSource({ tables: { ledgerTransfers: t, distributionPlans: p } }: UnitContext): SQL {
  const cases = Object.entries(sourceOfTemplate).map(
    ([template, source]) => sql`when ${word(template)} then ${word(source)}`,
  )
  const template = sql`(select ${p.template} from ${p} where ${p.planId} = ${planIdOf(t.causeId)})`
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

/** The kind that booked income counts as: a distribution's was fixed by its run, every other source has one kind. */
export function incomeKind(ctx: UnitContext): SQL<IncomeKind> {
  const { ledgerTransfers: t, distributionPlans: p } = ctx.tables
  const ofPlan = sql`(select ${p.incomeKind} from ${p} where ${p.planId} = ${planIdOf(t.causeId)})`
  const kinds: Readonly<Record<string, SQL>> = {
    distribution: sql`coalesce(${ofPlan}, ${word(kindsOfSource.distribution[0])})`,
    'written-off sale': word(kindsOfSource.sale[0]),
  }
  const cases = Object.entries(sourceOfCause).map(([cause, source]) => {
    const kind = kinds[source] ?? word(kindsOfSource[source as IncomeSource][0])
    return sql`when ${word(cause)} then ${kind}`
  })
  return sql<IncomeKind>`case ${t.causeKind} ${sql.join(cases, sql` `)} end`
}
