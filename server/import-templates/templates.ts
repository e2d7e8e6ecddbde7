// The templates there are, by kind: each is made of the columns its own reader reads, so that no template is ever refused for
// its headers.
import type { z } from 'zod'
import type { ImportTemplate, ImportTemplateKind } from '#shared/contracts/http/import-templates.ts'
import { registerColumns } from '../households/import-register.ts'
import { accountColumns } from '../identity/read-accounts.ts'
import { grantColumns } from '../in-kind/import-grants.ts'
import { incomeColumns } from '../incomes/read-incomes.ts'
import { holdingColumns, memberColumns } from '../organisations/read-registers.ts'
import { statementColumns } from '../reconciliation/import-statement.ts'
import type { TableColumns } from '../tabular/read-table.ts'

export type TemplateKind = z.output<typeof ImportTemplateKind>

/** A row without its day is refused; only the history of the paper register says the kind of each income. */
const { incomeKind, ...undated } = incomeColumns
const paidColumns = { ...undated, day: { ...undated.day, isOptional: false } }

export const templateColumns: Readonly<Record<TemplateKind, TableColumns>> = {
  accounts: accountColumns,
  households: registerColumns,
  members: memberColumns,
  holdings: holdingColumns,
  wages: paidColumns,
  grants: paidColumns,
  costs: paidColumns,
  history: { ...paidColumns, incomeKind: { ...incomeKind, isOptional: false } },
  'in-kind': grantColumns,
  statements: statementColumns,
}

/** The headers as the template writes them. */
export function headersOf(kind: TemplateKind): string[] {
  return Object.entries(templateColumns[kind]).map(([key, { names }]) => names[0] ?? key)
}

export function showTemplate(kind: TemplateKind): z.input<typeof ImportTemplate> {
  return {
    kind,
    columns: Object.entries(templateColumns[kind]).map(([key, { names, isOptional = false, example }]) => ({
      name: names[0] ?? key,
      otherNames: names.slice(1),
      isOptional,
      ...(example === undefined ? {} : { example }),
    })),
  }
}
