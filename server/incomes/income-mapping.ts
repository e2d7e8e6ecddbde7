// Which kind of income a source counts as, from when on: a table with the paper that decided it, over what is shipped
// (rules.ts). Income takes its kind when it is booked and keeps it: a paper dated back moves nothing that is booked or paid.
import { asc, desc } from 'drizzle-orm'
import { insertRows, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { recordAudit } from '../audit/record-audit.ts'
import type { IncomeKind } from '../attribution/schema.ts'
import { kindsOfSource } from './rules.ts'
import type { IncomeSource } from './rules.ts'

export type MappingTableRow = UnitContext['tables']['incomeMappings']['$inferSelect']

/** By source, the newest first. */
export function* listMappings({ db, tables: { incomeMappings: t } }: UnitContext): Unit<MappingTableRow[]> {
  return yield* rows(db.select().from(t).orderBy(asc(t.source), desc(t.effectiveFromMs)))
}

export interface NewMapping {
  readonly source: IncomeSource
  readonly incomeKind: IncomeKind
  readonly effectiveFromMs: number
  readonly documentNumber: string
  readonly byAccountId: string
}

/** Refuses with income.mapping_wrong when the source cannot count as the kind or the date is taken. */
export function* setMapping(ctx: UnitContext, mapping: NewMapping): Unit<MappingTableRow> {
  const { source, incomeKind, effectiveFromMs, documentNumber, byAccountId } = mapping
  const allowed: readonly IncomeKind[] = source === 'history' ? [] : kindsOfSource[source]
  if (!allowed.includes(incomeKind))
    throw new RefusalError(
      'income.mapping_wrong',
      `${source} may count as ${allowed.join(' or ') || 'what its rows say'}`,
      {
        field: 'incomeKind',
      },
    )
  const row = { source, effectiveFromMs, incomeKind, documentNumber, setBy: byAccountId, setAtMs: ctx.now() }
  if ((yield* insertRows(ctx.tables.incomeMappings, [row], 'ignore')) === 0)
    throw new RefusalError('income.mapping_wrong', 'another kind holds from this very instant', {
      field: 'effectiveFromMs',
    })
  yield* recordAudit(ctx, { accountId: byAccountId, action: 'income.mapped', subjectId: source, detail: row })
  return row
}
