/**
 * What the desks of assistance show: visits and ticks of the demo's helper, a grant of fertiliser and seed, and produce left over,
 * one notice of it sold, paid and closed at zero. Masses and amounts are invented, as the households are.
 */
import { createHash } from 'node:crypto'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { districtDateOf } from '#shared/time/district-time.ts'
import { tickSixOnes } from '../assistance/six-ones.ts'
import { logVisit } from '../assistance/visits.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { importGrants } from '../in-kind/import-grants.ts'
import type { Viewer } from '../personal-data/row-scope.ts'
import { openNotice } from '../surplus/open-notice.ts'
import { recordPayment } from '../surplus/record-payment.ts'
import { agreeOrder, deliverOrder } from '../surplus/sell-surplus.ts'
import type { DemoData } from './data/demo-data.ts'

const dayMs = 86_400_000
const kg = 1_000_000
const channels = ['HOME', 'PHONE', 'WECHAT'] as const

export interface AssistancePeople {
  readonly helperId: Id
  readonly adminId: Id
  readonly financeId: Id
}

/** The union's relief households, which the demo's helper helps. */
function helpedBy(data: DemoData) {
  const members = new Set(data.unionMemberCodes)
  return data.households.filter((it) => it.helperKey !== undefined && members.has(it.householdCode))
}

function* seedVisits(ctx: UnitContext, codes: readonly string[], helperId: Id): Unit<void> {
  const viewer = {
    accountId: helperId,
    roles: ['helper'] as const,
    householdCode: undefined,
    areaCode: undefined,
    displayName: '演示帮扶责任人',
  }
  for (const [index, householdCode] of codes.entries()) {
    const atMs = ctx.now() - (index + 1) * dayMs
    const note = index % 2 === 0 ? '演示：了解柑橘销售情况' : '演示：告知分红公示'
    yield* logVisit(ctx, { viewer, householdCode, channel: channels[index % channels.length] ?? 'HOME', atMs, note })
    for (const key of (['fourth', 'fifth', 'sixth'] as const).slice(0, index % 4))
      yield* tickSixOnes(ctx, { viewer, householdCode, key, isDone: true, doneAtMs: ctx.now() - 60_000 })
  }
}

function* seedGrants(ctx: UnitContext, codes: readonly string[], adminId: Id): Unit<void> {
  const grants = codes.flatMap((householdCode, index) => [
    { row: 2 * index + 2, householdCode, item: 'FERTILISER' as const, massMg: (120 + 10 * (index % 5)) * kg },
    { row: 2 * index + 3, householdCode, item: 'SEED' as const, massMg: 2 * kg },
  ])
  const fileHash = createHash('sha256').update(JSON.stringify(grants)).digest('hex')
  const paper = { documentNumber: '演示发放 1 号', grantedOn: districtDateOf(ctx.now() - 30 * dayMs) }
  yield* importGrants(ctx, { fileHash, grants, byAccountId: adminId, ...paper })
}

function* seedSurplus(ctx: UnitContext, codes: readonly string[], people: AssistancePeople): Unit<void> {
  const asAdmin: Viewer = { accountId: people.adminId, roles: ['admin'], householdCode: undefined, areaCode: undefined }
  const asFinance: Viewer = { ...asAdmin, accountId: people.financeId, roles: ['finance'] }
  const left = [
    { productName: '莲花白', massMg: 800 * kg },
    { productName: '红萝卜', massMg: 450 * kg },
    { productName: '沃柑', massMg: 1_200 * kg },
  ]
  const noticeIds: string[] = []
  for (const [index, produce] of left.entries()) {
    const category = produce.productName === '沃柑' ? ('fruit' as const) : ('vegetable' as const)
    const deadlineAtMs = ctx.now() + (5 + index) * dayMs
    const householdCode = codes[index % codes.length] ?? ''
    noticeIds.push(yield* openNotice(ctx, { viewer: asAdmin, householdCode, category, deadlineAtMs, ...produce }))
  }
  const [sold = '', promised = ''] = noticeIds
  const order = (channel: 'UNIT_ORDER' | 'DEALER', buyerName: string, noticeId: string, massMg: number) =>
    agreeOrder(ctx, {
      viewer: asAdmin,
      channel,
      buyerName,
      pricePerKgFen: 180,
      lines: [{ noticeId, massMg }],
    })
  const whole = yield* order('UNIT_ORDER', '演示机关食堂', sold, 800 * kg)
  yield* deliverOrder(ctx, { viewer: asFinance, orderId: whole.orderId })
  const payment = {
    amountFen: whole.amountFen,
    payerName: '演示机关食堂',
    reference: '演示到账 1',
    paidAtMs: ctx.now(),
  }
  yield* recordPayment(ctx, { viewer: asFinance, orderId: whole.orderId, ...payment })
  yield* order('DEALER', '演示城区客商', promised, 200 * kg)
}

export function* seedAssistance(ctx: UnitContext, data: DemoData, people: AssistancePeople): Unit<void> {
  const codes = helpedBy(data).map(({ householdCode }) => householdCode)
  yield* seedVisits(ctx, codes, people.helperId)
  yield* seedGrants(ctx, codes, people.adminId)
  yield* seedSurplus(ctx, codes, people)
}
