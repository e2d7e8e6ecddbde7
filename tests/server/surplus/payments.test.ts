// What a buyer paid and finance recorded wrongly is taken back, and recorded where it belongs.
import { describe, expect, it } from 'vitest'
import { balanceOf } from '#server/ledger/balances.ts'
import { proveAtOnce } from '#server/ledger/proof.ts'
import { surplusProofs } from '#server/surplus/check-surplus.ts'
import { problem } from '#tests/support/commerce-api.ts'
import { accountId, districtDesk, finance, kg, openDesk } from '#tests/support/surplus-desk.ts'
import { dialects } from '#tests/support/test-database.ts'

describe.each(dialects)('a payment for surplus on %s', (dialect) => {
  it('takes a wrongly recorded payment back, and records its reference where it belongs', async () => {
    await using desk = await openDesk(dialect)
    const noticeId = await desk.open(1, 100)
    const agree = async (buyer: string) =>
      ((await desk.agree('DEALER', buyer, 200, [{ noticeId, massMg: kg(50) }])).body as { orderId: string }).orderId
    const [wrong, right] = [await agree('客商甲'), await agree('客商乙')]
    const call = (path: string, body: object) => desk.api.call('POST', `/api/surplus/orders/${path}`, finance, body)
    const pay = (orderId: string) => {
      const paidAtMs = desk.clock.now()
      desk.clock.advance(1)
      return call(`${orderId}/payments`, { amountFen: 10_000, payerName: '客商乙', reference: '银行 1', paidAtMs })
    }
    await pay(wrong)
    const list = await desk.api.call('GET', `/api/surplus/orders/${wrong}/payments`, finance)
    const { paymentId } = (list.body as { rows: Array<{ paymentId: string }> }).rows[0] ?? { paymentId: '' }

    const held = await desk.api.call('POST', `/api/surplus/orders/${wrong}/cancellation`, districtDesk, {
      reason: '买家退订',
    })
    const elsewhere = await call(`${right}/payments/${paymentId}/reversal`, { reason: '记错订单' })
    const taken = await call(`${wrong}/payments/${paymentId}/reversal`, { reason: '记错订单' })
    const again = await call(`${wrong}/payments/${paymentId}/reversal`, { reason: '记错订单' })
    const moved = await pay(right)
    const twice = await pay(wrong)

    expect([held, elsewhere, again, twice].map((answer) => problem(answer).code)).toEqual([
      'surplus.order_paid',
      'surplus.payment_unknown',
      'surplus.payment_reversed',
      'surplus.payment_known',
    ])
    expect(taken).toMatchObject({ status: 201, body: { paidFen: 0 } })
    expect(moved).toMatchObject({ status: 201, body: { paidFen: 10_000 } })
    const after = await desk.api.call('GET', `/api/surplus/orders/${wrong}/payments`, finance)
    expect(after.body).toMatchObject({ rows: [{ paymentId, reversal: { reason: '记错订单', reversedBy: accountId } }] })
    const shown = await desk.api.call('GET', `/api/surplus/orders/${right}`, finance)
    expect(shown.body).toMatchObject({ buyerName: '客商乙', paidFen: 10_000, lines: [{ amountFen: 10_000 }] })
    const books = await desk.database.read(function* (ctx) {
      const proofs = yield* proveAtOnce(ctx, surplusProofs)
      return {
        problems: proofs.flatMap((proof) => proof.problems),
        dealers: yield* balanceOf(ctx, 'channel:surplus-dealer'),
      }
    })
    expect(books).toEqual({ problems: [], dealers: 10_000 })
  })
})
