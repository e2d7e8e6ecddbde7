// An organisation that can distribute: registered households, members, shares, an approved charter and money, on one database.
import type { Database } from '#server/db/database.ts'
import type { UnitContext } from '#server/db/unit.ts'
import { enterHouseholds, enterVillages } from '#server/households/enter-households.ts'
import { publishDistribution, recordResolution } from '#server/distributions/decide-distribution.ts'
import { draftDistribution } from '#server/distributions/draft-distribution.ts'
import { runDistribution } from '#server/distributions/run-distribution.ts'
import { bookReceipt } from '#server/organisations/book-receipt.ts'
import { admitMembers } from '#server/organisations/change-members.ts'
import { approveCharter, draftCharter } from '#server/organisations/charters.ts'
import { enterHoldings } from '#server/organisations/enter-holdings.ts'
import type { NewHolding } from '#server/organisations/enter-holdings.ts'
import { foundOrganisation } from '#server/organisations/found-organisation.ts'
import type { CharterTerms } from '#server/organisations/rules.ts'
import type { LegalType } from '#server/organisations/schema.ts'
import type { TestClock } from './test-clock.ts'

export const dayMs = 86_400_000
export const memberCode = (serial: number) => `500112143201${String(serial).padStart(4, '0')}`

export interface UnionOptions {
  readonly legalType?: LegalType
  readonly terms: CharterTerms
  /** Thousandths of a mu by member; member n has serial n. Also how many members there are. */
  readonly landMilli: readonly number[]
  readonly more?: readonly NewHolding[]
  readonly balanceFen: number
}

/** Everything begins 400 days before now. Returns the organisation's id. */
export async function openUnion(database: Database, nowMs: number, options: UnionOptions): Promise<string> {
  const { legalType = 'share_cooperative', terms, landMilli, more = [], balanceFen } = options
  const fromMs = nowMs - 400 * dayMs
  const codes = landMilli.map((_, index) => memberCode(index + 1))
  return database.run(function* (ctx: UnitContext) {
    yield* enterVillages(ctx, [
      { villageCode: memberCode(1).slice(0, 12), name: '青龙村', townCode: '500112143', townName: '大盛镇' },
    ])
    yield* enterHouseholds(
      ctx,
      codes.map((householdCode, index) => ({
        householdCode,
        headName: '王甲',
        population: (index % 5) + 1,
        kind: index < 6 ? ('POOR' as const) : ('ORDINARY' as const),
      })),
    )
    const organisationId = yield* foundOrganisation(ctx, { name: '青龙联合社', legalType, townCode: '500112143' })
    yield* admitMembers(ctx, { organisationId, householdCodes: codes, fromMs })
    const land = codes.map((householdCode, index): NewHolding => {
      const quantityMilli = landMilli[index] ?? 1
      return { householdCode, kind: 'LAND', quantityMilli, unit: 'mu', sharesMilli: quantityMilli }
    })
    yield* enterHoldings(ctx, { organisationId, fromMs, holdings: [...land, ...more] })
    const draft = { organisationId, terms, effectiveFromMs: fromMs, note: '章程', preparedBy: 'ann' }
    const { charterId } = yield* draftCharter(ctx, draft)
    yield* approveCharter(ctx, charterId, 'bob')
    yield* bookReceipt(ctx, { organisationId, amountFen: balanceFen, reference: 'R-1', note: '柑橘销售' })
    return organisationId
  })
}

/** Drafts, publishes and adopts a second distribution on 1,000.00 yuan of the days before, and books it ten days later. */
export async function runSecond(
  database: Database,
  clock: TestClock,
  { organisationId, title, householdCodes }: { organisationId: string; title: string; householdCodes: string[] },
): Promise<string> {
  const planId = await database.run(function* (ctx) {
    const request = {
      organisationId,
      template: 'SECOND' as const,
      title,
      periodFromMs: clock.now() - 5 * dayMs,
      periodToMs: clock.now() - dayMs,
      atMs: clock.now() - dayMs,
      incomeFen: 100_000,
      lossesFen: 0,
      documentNumber: '决算 1',
      payees: householdCodes.map((householdCode) => ({ householdCode })),
    }
    const plan = yield* draftDistribution(ctx, request, 'ann')
    const meetingAtMs = ctx.now() + 10 * dayMs
    yield* publishDistribution(ctx, { planId: plan.planId, meetingAtMs, publishedBy: 'ann' })
    return plan.planId
  })
  clock.advance(10 * dayMs)
  const vote = { resolutionNumber: title, presentCount: 5, votesFor: 4, votesAgainst: 1, isAdopted: true }
  await database.run((ctx) => recordResolution(ctx, planId, { ...vote, resolvedBy: 'ann' }))
  await database.run((ctx) => runDistribution(ctx, planId, 'bob'))
  return planId
}
