// The surplus desk over HTTP, with the source's case: 7,000 jin of vegetables, 2,000 of them bought by the helper unit, the rest
// by city dealers and through the district desk; all sold (domain.md, A4).
import { describe, expect, it } from 'vitest'
import { proveAtOnce } from '#server/ledger/proof.ts'
import { surplusProofs } from '#server/surplus/check-surplus.ts'
import { checkLedger } from '#server/ledger/check-ledger.ts'
import { balanceOf } from '#server/ledger/balances.ts'
import { escalateDue } from '#server/surplus/escalate-notice.ts'
import { exec, sqlRows } from '#server/db/unit.ts'
import { sql } from 'drizzle-orm'
import { problem } from '#tests/support/commerce-api.ts'
import type { Caller } from '#tests/support/commerce-api.ts'
import { householdCode } from '#tests/support/market.ts'
import { accountId, dayMs, districtDesk, farmer, finance, kg, openDesk, townDesk } from '#tests/support/surplus-desk.ts'
import { dialects } from '#tests/support/test-database.ts'

describe.each(dialects)('the surplus desk on %s', (dialect) => {
  it('sells the source’s 7,000 jin: helper unit, dealers and district desk, to zero and to the fen', async () => {
    await using desk = await openDesk(dialect)
    const [first, second, third] = [await desk.open(1, 1_500), await desk.open(2, 1_200), await desk.open(3, 800)]
    expect(await desk.desk()).toMatchObject({ openNotices: 3, leftMg: kg(3_500) })
    const line = (noticeId: string, massKg: number) => ({ noticeId, massMg: kg(massKg) })

    const unit = [line(third, 100.5), line(first, 600.25), line(second, 333.25)]
    const unitOrder = await desk.sell('UNIT_ORDER', '区教委机关食堂', 233, unit)
    await desk.sell('DEALER', '演示城区客商甲', 180, [line(first, 899.75), line(second, 500)])
    await desk.sell('DEALER', '演示城区客商乙', 175, [line(second, 300)])
    await desk.sell('OTHER', '区农业农村委对接', 200, [line(second, 66.75), line(third, 699.5)])

    // 600.25 kg × 2.33 = 1398.5825, 333.25 × 2.33 = 776.4725, 100.5 × 2.33 = 234.165; Σ 1034 kg × 2.33 = 2409.22 yuan.
    expect(unitOrder).toMatchObject({ massMg: kg(1_034), amountFen: 240_922, state: 'delivered' })
    const unitLines = unitOrder['lines'] as Array<{ householdCode: string; amountFen: number }>
    const byHousehold = new Map(unitLines.map((one) => [one.householdCode, one.amountFen]))
    expect([1, 2, 3].map((serial) => byHousehold.get(householdCode(serial)))).toEqual([139_858, 77_647, 23_417])
    expect(await desk.desk()).toMatchObject({
      openNotices: 0,
      leftMg: 0,
      levels: [],
      channels: [
        { channel: 'DEALER', massMg: kg(1_699.75), amountFen: 251_955 + 52_500 },
        { channel: 'OTHER', massMg: kg(766.25), amountFen: 153_250 },
        { channel: 'UNIT_ORDER', massMg: kg(1_034), amountFen: 240_922 },
      ],
    })
    const incomes = [await desk.income(1), await desk.income(2), await desk.income(3)]
    expect(incomes.map(({ totalFen }) => totalFen)).toEqual([
      139_858 + 161_955,
      77_647 + 90_000 + 52_500 + 13_350,
      23_417 + 139_900,
    ])
    const lines = incomes[0]?.rows ?? []
    expect(lines.map(({ incomeKind }) => incomeKind)).toEqual(['OPERATING', 'OPERATING'])
    expect(lines[1]?.explanation).toEqual(['滞销帮销（区教委机关食堂）时令蔬菜 600.250 kg × 2.33 元/kg'])
    const booked = await desk.database.read(function* (ctx) {
      const { problems } = yield* checkLedger(ctx)
      return { problems, unit: yield* balanceOf(ctx, 'channel:surplus-unit-order') }
    })
    expect(booked).toEqual({ problems: [], unit: -240_922 })
  })

  it('records what the buyers of the 7,000 jin paid, until every channel is at zero', async () => {
    await using desk = await openDesk(dialect)
    const noticeId = await desk.open(1, 3_500)
    const orders = [
      await desk.sell('UNIT_ORDER', '区教委机关食堂', 233, [{ noticeId, massMg: kg(1_034) }]),
      await desk.sell('DEALER', '演示城区客商甲', 180, [{ noticeId, massMg: kg(2_466) }]),
    ]
    const pay = (order: Record<string, unknown> | undefined, amountFen: number, reference: string, inDays = 0) => {
      desk.clock.advance(1)
      return desk.api.call('POST', `/api/surplus/orders/${String(order?.['orderId'])}/payments`, finance, {
        amountFen,
        payerName: String(order?.['buyerName']),
        reference,
        paidAtMs: desk.clock.now() + inDays * dayMs,
      })
    }

    const whole = await pay(orders[0], 240_922, '银行 1')
    const part = await pay(orders[1], 400_000, '银行 2')
    const unpaid = await desk.api.call('GET', '/api/surplus/unpaid-orders', finance)
    const refused = [
      await pay(orders[1], 1, '银行 2'),
      await pay(orders[1], 43_881, '银行 3'),
      await pay(orders[0], 1, '银行 4'),
      await pay(orders[1], 1, '银行 5', 1),
    ]
    const rest = await pay(orders[1], 43_880, '银行 6')

    expect(whole).toMatchObject({ status: 201, body: { amountFen: 240_922, paidFen: 240_922, state: 'delivered' } })
    expect(part).toMatchObject({ body: { amountFen: 443_880, paidFen: 400_000 } })
    expect(unpaid.body).toMatchObject({ rows: [{ buyerName: '演示城区客商甲', owedFen: 43_880 }] })
    expect(refused.map(problem)).toEqual([
      { code: 'surplus.payment_known', field: 'reference' },
      { code: 'surplus.payment_exceeds', field: 'amountFen' },
      { code: 'surplus.payment_exceeds', field: 'amountFen' },
      { code: 'request.invalid', field: 'paidAtMs' },
    ])
    expect(rest).toMatchObject({ status: 201, body: { paidFen: 443_880 } })
    const list = await desk.api.call('GET', `/api/surplus/orders/${String(orders[1]?.['orderId'])}/payments`, finance)
    expect(list.body).toMatchObject({ rows: [{ reference: '银行 2' }, { reference: '银行 6', recordedBy: accountId }] })
    const books = await desk.database.read(function* (ctx) {
      const proofs = yield* proveAtOnce(ctx, surplusProofs)
      const { problems } = yield* checkLedger(ctx)
      const channels = ['channel:surplus-unit-order', 'channel:surplus-dealer'] as const
      const balances = [yield* balanceOf(ctx, channels[0]), yield* balanceOf(ctx, channels[1])]
      return { problems: [...problems, ...proofs.flatMap((proof) => proof.problems)], balances }
    })
    expect(books).toEqual({ problems: [], balances: [0, 0] })
    expect((await desk.income(1)).totalFen).toBe(240_922 + 443_880)
    await desk.database.run(({ db, tables: { surplusOrders: o } }) => exec(db.update(o).set({ paidFen: 1 })))
    const found = await desk.database.read((ctx) => proveAtOnce(ctx, surplusProofs))
    expect(found.flatMap((proof) => proof.problems)).toHaveLength(2)
  })

  it('counts a district’s produce beyond what one household’s may be', async () => {
    await using desk = await openDesk(dialect)
    const [first, second] = [await desk.open(1, 900_000), await desk.open(2, 900_000)]
    const before = await desk.desk()

    const order = await desk.sell(
      'DEALER',
      '演示客商',
      100,
      [first, second].map((noticeId) => ({ noticeId, massMg: kg(900_000) })),
    )

    expect(before).toMatchObject({ openNotices: 2, leftMg: kg(1_800_000) })
    expect(order).toMatchObject({ state: 'delivered', massMg: kg(1_800_000) })
    expect(await desk.desk()).toMatchObject({ leftMg: 0, channels: [{ massMg: kg(1_800_000) }] })
  })

  it('keeps no product or buyer whose name holds somebody’s number', async () => {
    await using desk = await openDesk(dialect)
    const noticeId = await desk.open(1, 100)
    const lines = [{ noticeId, massMg: kg(10) }]

    const agreed = await desk.agree('DEALER', '演示客商 13812345678', 200, lines)
    const notice = { householdCode: householdCode(1), category: 'vegetable', massMg: kg(1) }
    const opened = await desk.api.call('POST', '/api/surplus/notices', districtDesk, {
      ...notice,
      productName: '白菜，电话 13812345678',
      deadlineAtMs: desk.clock.now() + dayMs,
    })

    expect([agreed, opened].map(problem)).toEqual([
      { code: 'personal_data.text_reveals', field: 'buyerName' },
      { code: 'personal_data.text_reveals', field: 'productName' },
    ])
  })

  it('never sells more than is left, nor delivers an order twice', async () => {
    await using desk = await openDesk(dialect)
    const noticeId = await desk.open(1, 100)
    const agreed = await desk.agree('DEALER', '客商', 200, [{ noticeId, massMg: kg(60) }])
    const { orderId } = agreed.body as { orderId: string }

    const more = await desk.agree('DEALER', '客商', 200, [{ noticeId, massMg: kg(41) }])

    expect(problem(more)).toEqual({ code: 'surplus.mass_exceeded', field: 'lines.0.massMg' })
    const deliver = () => desk.api.call('POST', `/api/surplus/orders/${orderId}/delivery`, finance)
    const both = await Promise.all([deliver(), deliver()])
    expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409])
    expect((await desk.income(1)).totalFen).toBe(12_000)
    const late = await desk.api.call('POST', `/api/surplus/orders/${orderId}/cancellation`, districtDesk, {
      reason: '太晚了',
    })
    expect(problem(late)).toEqual({ code: 'surplus.order_ended' })
    const closing = desk.database.run(({ db, tables: { surplusNotices: n } }) =>
      exec(db.update(n).set({ closedAtMs: 1 })),
    )
    await expect(closing).rejects.toThrow(/surplus_notice_closed_at_zero/)
  })

  it('frees the produce of a cancelled order, and takes spoilt produce off with a reason', async () => {
    await using desk = await openDesk(dialect)
    const noticeId = await desk.open(1, 100)
    const agreed = await desk.agree('DEALER', '客商', 200, [{ noticeId, massMg: kg(90) }])
    const { orderId } = agreed.body as { orderId: string }
    const recount = (massKg: number) =>
      desk.api.call('POST', `/api/surplus/notices/${noticeId}/recount`, townDesk, {
        massMg: kg(massKg),
        reason: '雨后部分腐坏',
      })

    desk.clock.advance(1)
    const tooLow = await recount(80)
    await desk.api.call('POST', `/api/surplus/orders/${orderId}/cancellation`, townDesk, { reason: '客商撤单' })
    await recount(80)
    await desk.sell('UNIT_ORDER', '区医院食堂', 200, [{ noticeId, massMg: kg(80) }])
    const soldAtMs = desk.clock.now() - 1

    expect(problem(tooLow).code).toBe('surplus.mass_exceeded')
    expect(await desk.notice(noticeId)).toMatchObject({
      leftMg: 0,
      closedAtMs: soldAtMs,
      lines: [{ state: 'delivered' }, { state: 'cancelled' }],
    })
    expect((await desk.income(1)).totalFen).toBe(16_000)
  })

  it('hands on from helper to town to district when nobody found a buyer in time', async () => {
    await using desk = await openDesk(dialect)
    const left = await desk.open(1, 100)
    const promised = await desk.open(2, 100)
    await desk.agree('DEALER', '客商', 200, [{ noticeId: promised, massMg: kg(100) }])
    const escalate = () => desk.database.run(escalateDue)
    expect(await escalate()).toBe(0)

    desk.clock.advance(2 * dayMs)
    expect(await escalate()).toBe(1)
    desk.clock.advance(3 * dayMs)
    expect(await escalate()).toBe(1)
    desk.clock.advance(6 * dayMs)
    expect(await escalate()).toBe(0)

    expect(await desk.notice(left)).toMatchObject({
      level: 'DISTRICT',
      isOverdue: true,
      escalations: [{ level: 'TOWN' }, { level: 'DISTRICT' }],
    })
    expect(await desk.notice(promised)).toMatchObject({ level: 'HELPER', escalations: [] })
    const beyond = await desk.api.call('POST', `/api/surplus/notices/${left}/escalation`, townDesk, {
      reason: '再上报',
    })
    expect(problem(beyond)).toEqual({ code: 'surplus.level_highest' })
  })

  it('shows a farmer, a town and a helper their own; each change leaves an audit row', async () => {
    await using desk = await openDesk(dialect)
    const noticeId = await desk.open(1, 100)
    const otherTown = { ...townDesk, areaCode: '500112143' }

    const foreign = await desk.agree('DEALER', '客商', 200, [{ noticeId, massMg: kg(1) }], otherTown)

    expect(problem(foreign)).toEqual({ code: 'surplus.notice_unknown', field: 'lines.0.noticeId' })
    expect(await desk.desk(otherTown)).toMatchObject({ openNotices: 0, leftMg: 0 })
    const list = async (who: Caller) => (await desk.api.call('GET', '/api/surplus/notices?isOpen=true', who)).body
    expect(await list(farmer(1))).toMatchObject({ rows: [{ noticeId, headName: '王甲' }] })
    expect(await list(farmer(2))).toEqual({ rows: [] })
    expect(await list({ accountId, roles: ['helper'] })).toEqual({ rows: [] })
    const foreignNotice = await desk.open(2, 5, farmer(1))
    expect(foreignNotice).toBe('undefined')
    await desk.sell('DEALER', '客商', 200, [{ noticeId, massMg: kg(100) }])
    const actions = await desk.database.read(() =>
      sqlRows<{ action: string }>(sql`select action from audit_row where action like 'surplus.%' order by audit_id`),
    )
    expect(actions.map(({ action }) => action)).toEqual([
      'surplus.notice_opened',
      'surplus.order_agreed',
      'surplus.order_delivered',
    ])
  })
})
