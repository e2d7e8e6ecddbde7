// A notice of what each household of an area earned in a period, from the ledger.
import type { z } from 'zod'
import type { publishIncomeNotice as contract } from '#shared/contracts/http/disclosure.ts'
import type { ServerContext } from '../context.ts'
import { RefusalError } from '../errors/refusal.ts'
import { spanOfDay } from '../ledger/district-day.ts'
import { collectIncome } from './collect-income.ts'
import { type NoticeRow, publishNotice } from './publish-notice.ts'

const dayMs = 86_400_000

export type IncomeNotice = z.output<(typeof contract)['body']>

function spanOf({ fromDay, throughDay }: IncomeNotice) {
  const from = spanOfDay(fromDay)
  const through = spanOfDay(throughDay)
  if (from === undefined) throw new RefusalError('request.invalid', 'fromDay: no such day', { field: 'fromDay' })
  if (through === undefined || through.lastMs < from.firstMs)
    throw new RefusalError('request.invalid', 'throughDay: no such day, or before fromDay', { field: 'throughDay' })
  return { fromMs: from.firstMs, throughMs: through.lastMs }
}

export async function publishIncomeNotice(
  { database, clock }: Pick<ServerContext, 'database' | 'clock'>,
  notice: IncomeNotice,
  byAccountId: string,
): Promise<NoticeRow> {
  const { areaCode, fromDay, throughDay, title, openDays } = notice
  const span = spanOf(notice)
  if (span.throughMs >= clock.now())
    throw new RefusalError('request.invalid', 'throughDay: the period is not over', { field: 'throughDay' })
  const sums = new Map<string, number>()
  for await (const page of collectIncome(database, { ...span, codePrefix: areaCode }))
    for (const { householdCode, amountFen } of page) sums.set(householdCode, (sums.get(householdCode) ?? 0) + amountFen)
  const lines = [...sums].map(([householdCode, amountFen]) => ({ householdCode, amountFen }))
  const sourceId = `${areaCode}:${fromDay}:${throughDay}`
  const openUntilMs = clock.now() + openDays * dayMs
  const draft = { kind: 'income', sourceId, title, openUntilMs, lines, byAccountId } as const
  return database.run((ctx) => publishNotice(ctx, draft))
}
