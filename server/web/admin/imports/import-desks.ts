// Every table the administration takes in as a file: what it asks beside the file, its dry run and the import itself, each by
// the routes of its own noun.
import { importAccountFile, previewAccountFile } from '#shared/contracts/http/identity.ts'
import { importHouseholds, previewHouseholds } from '#shared/contracts/http/households.ts'
import { importInKindGrants, previewInKindGrants } from '#shared/contracts/http/in-kind.ts'
import { importIncomes, type ImportKind, type Payer, previewIncomes } from '#shared/contracts/http/incomes.ts'
import { importHoldings, importMembers, previewHoldings, previewMembers } from '#shared/contracts/http/organisations.ts'
import { importPayoutReturn, previewPayoutReturn } from '#shared/contracts/http/payouts.ts'
import { importStatement, previewStatement, type ReconciliationChannel } from '#shared/contracts/http/reconciliation.ts'
import type { Role } from '#shared/contracts/http/route.ts'
import type { z } from 'zod'
import { mass, yuan } from '../../common/format.ts'
import type { Call } from '../../common/http/call.ts'
import type { ImportMessages } from './import-messages.ts'

/** What a clerk fills in beside the file; every desk uses some of it. */
export interface ImportForm {
  reason: string
  organisationId: string
  /** YYYY-MM-DD. */
  day: string
  payer: z.infer<typeof Payer>
  title: string
  documentNumber: string
  /** What the paper says the file comes to, yuan; empty: it says nothing. */
  totalYuan: string
  rowCount: string
  channel: z.infer<typeof ReconciliationChannel>
  batchId: string
}

/** Words → figures, in the order they are shown. */
export type Facts = ReadonlyArray<readonly [keyof ImportMessages['facts'], string | number]>

export interface ImportOutcome {
  readonly facts: Facts
  /** The very file was taken in before: it does nothing again. */
  readonly isRepeated?: boolean
  readonly postings?: ReadonlyArray<{ debitAccountId: string; creditAccountId: string; amountFen: number }>
  /** Accounts that were made, with passwords that are shown once. */
  readonly accounts?: ReadonlyArray<{ login: string; oneTimePassword: string }>
}

export interface ImportRequest {
  readonly form: ImportForm
  readonly body: Uint8Array<ArrayBuffer>
}

type Step = (call: Call, request: ImportRequest) => Promise<ImportOutcome>

export interface ImportDesk {
  readonly roles: readonly Role[]
  readonly fields: ReadonlyArray<keyof ImportForm>
  /** Nothing is kept. */
  readonly preview: Step
  readonly take: Step
}

export type ImportDeskName = keyof ImportMessages['desks']

/** Midnight in the district. */
const atOf = (day: string) => Date.parse(`${day}T00:00:00+08:00`)

const accounts: ImportDesk = {
  roles: ['admin'],
  fields: [],
  async preview(call, { body }) {
    const found = await call(previewAccountFile, { body })
    return { facts: [['rows', found.accounts]] }
  },
  async take(call, { body }) {
    const made = await call(importAccountFile, { body })
    return { facts: [['rows', made.accounts.length]], accounts: made.accounts }
  },
}

const registerFacts = (found: { entered: number; changed: number; unchanged: number }): Facts => [
  ['entered', found.entered],
  ['changed', found.changed],
  ['unchanged', found.unchanged],
]
const households: ImportDesk = {
  roles: ['operator', 'admin'],
  fields: ['reason'],
  async preview(call, { form, body }) {
    return { facts: registerFacts(await call(previewHouseholds, { query: { reason: form.reason }, body })) }
  },
  async take(call, { form, body }) {
    return { facts: registerFacts(await call(importHouseholds, { query: { reason: form.reason }, body })) }
  },
}

const ofOrganisation = ({ form, body }: ImportRequest) => ({
  params: { organisationId: form.organisationId },
  query: { fromMs: atOf(form.day) },
  body,
})
const members: ImportDesk = {
  roles: ['finance', 'admin'],
  fields: ['organisationId', 'day'],
  preview: async (call, request) => ({
    facts: [['admitted', (await call(previewMembers, ofOrganisation(request))).admitted]],
  }),
  take: async (call, request) => ({
    facts: [['admitted', (await call(importMembers, ofOrganisation(request))).admitted]],
  }),
}

const holdingFacts = (found: { begun: number; ended: number; unchanged: number }): Facts => [
  ['begun', found.begun],
  ['ended', found.ended],
  ['unchanged', found.unchanged],
]
const holdings: ImportDesk = {
  roles: ['finance', 'admin'],
  fields: ['organisationId', 'day'],
  preview: async (call, request) => ({ facts: holdingFacts(await call(previewHoldings, ofOrganisation(request))) }),
  take: async (call, request) => ({ facts: holdingFacts(await call(importHoldings, ofOrganisation(request))) }),
}

function incomeDesk(kind: z.infer<typeof ImportKind>): ImportDesk {
  // Costs and history were paid by other ways; who paid wages and grants has to be said.
  const isPaid = kind === 'wages' || kind === 'grants'
  const requestOf = ({ form, body }: ImportRequest) => ({
    query: {
      kind,
      payer: isPaid ? form.payer : ('outside' as const),
      ...(isPaid && form.payer === 'organisation' ? { organisationId: form.organisationId } : {}),
      title: form.title,
      documentNumber: form.documentNumber,
      ...(form.totalYuan === '' ? {} : { totalFen: Math.round(Number(form.totalYuan) * 100) }),
      ...(form.rowCount === '' ? {} : { rowCount: Number(form.rowCount) }),
    },
    body,
  })
  return {
    roles: ['finance', 'admin'],
    fields: [
      ...(isPaid ? (['payer', 'organisationId'] as const) : []),
      'title',
      'documentNumber',
      'totalYuan',
      'rowCount',
    ],
    async preview(call, request) {
      const { earlier, rowCount, totalFen, postings } = await call(previewIncomes, requestOf(request))
      if (earlier !== undefined)
        return {
          facts: [
            ['rows', earlier.rowCount],
            ['total', yuan(earlier.totalFen)],
          ],
          isRepeated: true,
        }
      return {
        facts: [
          ['rows', rowCount],
          ['total', yuan(totalFen)],
          ['postings', postings.length],
        ],
        postings,
      }
    },
    async take(call, request) {
      const { outcome, import: taken } = await call(importIncomes, requestOf(request))
      return {
        facts: [
          ['rows', taken.rowCount],
          ['total', yuan(taken.totalFen)],
        ],
        isRepeated: outcome === 'already',
      }
    },
  }
}

interface GrantTotals {
  readonly rows: number
  readonly households: number
  readonly totals: ReadonlyArray<{ item: 'FERTILISER' | 'SEED' | 'OTHER'; massMg: number }>
}
const grantFacts = ({ rows, households: count, totals }: GrantTotals): Facts => [
  ['rows', rows],
  ['households', count],
  ...totals.map(({ item, massMg }) => [item, mass(massMg)] as const),
]
const inKind: ImportDesk = {
  roles: ['operator', 'admin'],
  fields: ['documentNumber', 'day'],
  async preview(call, { form: { documentNumber, day }, body }) {
    const query = { documentNumber, grantedOn: day }
    return { facts: grantFacts(await call(previewInKindGrants, { query, body })) }
  },
  async take(call, { form: { documentNumber, day }, body }) {
    const query = { documentNumber, grantedOn: day }
    return { facts: grantFacts(await call(importInKindGrants, { query, body })) }
  },
}

interface StatementRead {
  readonly outcome: 'imported' | 'already'
  readonly rowCount: number
  readonly totalFen: number
  readonly fromDay: string
  readonly throughDay: string
}
const statementOutcome = ({ outcome, rowCount, totalFen, fromDay, throughDay }: StatementRead): ImportOutcome => ({
  facts: [
    ['rows', rowCount],
    ['total', yuan(totalFen)],
    ['days', `${fromDay} – ${throughDay}`],
  ],
  isRepeated: outcome === 'already',
})
const statements: ImportDesk = {
  roles: ['finance', 'admin'],
  fields: ['channel'],
  preview: async (call, { form: { channel }, body }) =>
    statementOutcome(await call(previewStatement, { query: { channel }, body })),
  async take(call, { form: { channel }, body }) {
    const taken = await call(importStatement, { query: { channel }, body })
    const differenceFen = taken.reconciled.reduce((sum, day) => sum + Math.abs(day.differenceFen), 0)
    const outcome = statementOutcome(taken)
    return { ...outcome, facts: [...outcome.facts, ['difference', yuan(differenceFen)]] }
  },
}

interface ReturnCounts {
  readonly rowCount: number
  readonly paidCount: number
  readonly failedCount: number
  readonly unknownCount: number
  readonly returnedCount: number
  readonly repeatedCount: number
}
const returnFacts = (found: ReturnCounts): Facts => [
  ['rows', found.rowCount],
  ['paid', found.paidCount],
  ['failed', found.failedCount],
  ['unknown', found.unknownCount],
  ['returned', found.returnedCount],
  ['repeated', found.repeatedCount],
]
const returns: ImportDesk = {
  roles: ['finance'],
  fields: ['batchId'],
  async preview(call, { form: { batchId }, body }) {
    const found = await call(previewPayoutReturn, { params: { batchId }, body })
    return { facts: returnFacts(found) }
  },
  take: async (call, { form: { batchId }, body }) => ({
    facts: returnFacts(await call(importPayoutReturn, { params: { batchId }, body })),
  }),
}

export const importDesks: Readonly<Record<ImportDeskName, ImportDesk>> = {
  households,
  wages: incomeDesk('wages'),
  grants: incomeDesk('grants'),
  costs: incomeDesk('costs'),
  history: incomeDesk('history'),
  'in-kind': inKind,
  members,
  holdings,
  returns,
  statements,
  accounts,
}
