/**
 * Gives the citrus union what a distribution needs: its members, its share register, an approved charter, and money from
 * sales outside the cabinets. Everything stands since more than a year, so that last year can be distributed.
 */
import { eq } from 'drizzle-orm'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { one, type Unit, type UnitContext } from '../db/unit.ts'
import { bookReceipt } from '../organisations/book-receipt.ts'
import { admitMembers } from '../organisations/change-members.ts'
import { approveCharter, draftCharter } from '../organisations/charters.ts'
import { enterHoldings, type NewHolding } from '../organisations/enter-holdings.ts'
import type { CharterTerms } from '../organisations/rules.ts'
import { inventUnionShares } from './data/union-shares.ts'
import type { PlanPeople } from './seed-register.ts'

const dayMs = 86_400_000
const sinceDays = 500
/** One share for each hundred yuan. */
const yuanPerShare = 100
const collectiveSharesMilli = 300_000
const receivedFen = 60_000_000

/** Reinvestment first (A15), then land and capital; five percent a second time, to each payee the same (A16). */
const unionTerms: CharterTerms = {
  reserveBp: 1_000,
  welfareBp: 500,
  reinvestmentBp: 1_500,
  classes: { LAND: 6_000, CAPITAL: 2_500, BASIC: 0, COLLECTIVE: 1_500 },
  guaranteeFenPerMu: 10_000,
  second: { rateBp: 500, split: 'equal' },
}

function holdingsOf(memberCodes: readonly string[]): NewHolding[] {
  const members = inventUnionShares(memberCodes).flatMap(({ householdCode, landMilli, capitalYuan }): NewHolding[] => {
    const land = { kind: 'LAND', quantityMilli: landMilli, unit: 'mu', sharesMilli: landMilli } as const
    const sharesMilli = (capitalYuan / yuanPerShare) * 1_000
    const capital = { kind: 'CAPITAL', quantityMilli: capitalYuan * 1_000, unit: 'yuan', sharesMilli } as const
    return [{ householdCode, ...land }, ...(capitalYuan === 0 ? [] : [{ householdCode, ...capital }])]
  })
  const whole = { quantityMilli: collectiveSharesMilli, unit: 'share', sharesMilli: collectiveSharesMilli } as const
  return [...members, { kind: 'COLLECTIVE', ...whole }]
}

export function* seedUnion(
  ctx: UnitContext,
  supplierId: Id,
  memberCodes: readonly string[],
  people: PlanPeople,
): Unit<void> {
  const { suppliers: t } = ctx.tables
  const supplier = yield* one(ctx.db.select().from(t).where(eq(t.supplierId, supplierId)))
  if (supplier === undefined) throw new Error('the citrus union is no supplier')
  const { organisationId } = supplier
  const fromMs = ctx.now() - sinceDays * dayMs
  yield* admitMembers(ctx, { organisationId, householdCodes: memberCodes, fromMs })
  yield* enterHoldings(ctx, { organisationId, fromMs, holdings: holdingsOf(memberCodes) })
  const charter = { organisationId, terms: unionTerms, effectiveFromMs: fromMs, note: '联合社章程（演示）' }
  const { charterId } = yield* draftCharter(ctx, { ...charter, preparedBy: people.financeId })
  yield* approveCharter(ctx, charterId, people.adminId)
  const receipt = { amountFen: receivedFen, reference: 'demo-receipt-1', note: '柜外柑橘销售收入（演示）' }
  yield* bookReceipt(ctx, { organisationId, ...receipt })
}
