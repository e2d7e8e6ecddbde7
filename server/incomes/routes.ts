// HTTP routes of imported income, of what each source counts as, and of a household's net income per head.
import { createHash } from 'node:crypto'
import type { z } from 'zod'
import * as contract from '#shared/contracts/http/incomes.ts'
import { districtDateOf } from '#shared/time/district-time.ts'
import type { NounRoutes } from '../context.ts'
import { registerRoute } from '../http/register-route.ts'
import type { RouteCall } from '../http/register-route.ts'
import { refuseRows } from '../tabular/refuse-rows.ts'
import { importIncomes, planImport } from './import-incomes.ts'
import type { IncomeFile, IncomeLineRow, PlannedImport } from './import-incomes.ts'
import { listMappings, setMapping } from './income-mapping.ts'
import { listImports, listLinesOfImport, showImport } from './list-imports.ts'
import { findNetIncome } from './net-income.ts'
import { readIncomes } from './read-incomes.ts'
import { reverseImport } from './reverse-import.ts'
import { incomeSources, kindsOfSource } from './rules.ts'

type Preview = z.input<(typeof contract.previewIncomes)['reply']>

function totalsOf(lines: ReadonlyArray<Pick<IncomeLineRow, 'incomeKind' | 'amountFen'>>) {
  const totals = new Map<string, number>()
  for (const { incomeKind, amountFen } of lines) totals.set(incomeKind, (totals.get(incomeKind) ?? 0) + amountFen)
  return Object.fromEntries(totals)
}

type FileCall = RouteCall<typeof contract.importIncomes> | RouteCall<typeof contract.previewIncomes>

async function readFileOf({ query, body, account }: FileCall, today: string): Promise<IncomeFile> {
  const { kind, payer, organisationId, title, documentNumber, totalFen, rowCount } = query
  const read = await readIncomes(body, kind, { today, totalFen, rowCount })
  refuseRows(read.errors)
  const sha256 = createHash('sha256').update(body).digest('hex')
  const byAccountId = account.accountId
  return { kind, payer, organisationId, title, documentNumber, sha256, incomes: read.incomes, byAccountId }
}

function showPlan({ earlier, lines, transfers }: PlannedImport): Preview {
  return {
    ...(earlier === undefined ? {} : { earlier: showImport(earlier) }),
    rowCount: lines.length,
    totalFen: lines.reduce((sum, line) => sum + line.amountFen, 0),
    totalsFen: totalsOf(lines),
    postings: transfers.map(({ debit, credit, amountFen, memo = '' }) => ({
      debitAccountId: debit,
      creditAccountId: credit,
      amountFen,
      memo,
    })),
  }
}

export const incomeRoutes: NounRoutes = (app, { database, clock }) => {
  const today = () => districtDateOf(clock.now())
  registerRoute(app, contract.previewIncomes, async (call) => {
    const file = await readFileOf(call, today())
    return showPlan(await database.read((unit) => planImport(unit, file, 'preview')))
  })
  registerRoute(app, contract.importIncomes, async (call) => {
    const file = await readFileOf(call, today())
    const { row, isNew } = await database.run((unit) => importIncomes(unit, file))
    return { outcome: isNew ? ('imported' as const) : ('already' as const), import: showImport(row) }
  })
  registerRoute(app, contract.listIncomeImports, ({ query }) => database.read((unit) => listImports(unit, query)))
  registerRoute(app, contract.listImportLines, ({ params, query }) =>
    database.read((unit) => listLinesOfImport(unit, params.importId, query)),
  )
  registerRoute(app, contract.reverseIncomeImport, async ({ params, body, account }) =>
    showImport(
      await database.run((unit) =>
        reverseImport(unit, { importId: params.importId, reason: body.reason, byAccountId: account.accountId }),
      ),
    ),
  )
  registerRoute(app, contract.listIncomeMappings, async () => ({
    shipped: incomeSources
      .filter((source) => source !== 'history')
      .map((source) => ({ source, incomeKind: kindsOfSource[source][0], mayBe: [...kindsOfSource[source]] })),
    rows: await database.read(listMappings),
  }))
  registerRoute(app, contract.setIncomeMapping, ({ body, account }) =>
    database.run((unit) => setMapping(unit, { ...body, byAccountId: account.accountId })),
  )
  registerRoute(app, contract.getNetIncome, ({ params, query, account }) =>
    database.read((unit) => findNetIncome(unit, account, params.householdCode, query.beforeMs ?? clock.now() + 1)),
  )
}
