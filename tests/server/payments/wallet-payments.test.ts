// The payment port as the prepaid wallet implements it, on both dialects; and that no order of calls breaks the books.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Database } from '#server/db/database.ts'
import { RefusalError } from '#server/errors/refusal.ts'
import { balanceOf } from '#server/ledger/balances.ts'
import { checkLedger } from '#server/ledger/check-ledger.ts'
import { walletChannel, walletPayments } from '#server/payments/wallet-payments.ts'
import { openWallet, topUpWallet, walletOf } from '#server/payments/wallets.ts'
import { dialects, openTestDatabase } from '../../support/test-database.ts'

const buyer = 'buyer'
const topUp = (database: Database, amountFen: number, reference = 'bank line 1: A') =>
  database.run((ctx) => topUpWallet(ctx, { accountId: buyer, amountFen, reference, by: 'finance' }))
const hold = (database: Database, intentId: string, amountFen: number) =>
  database.run((ctx) => walletPayments.hold(ctx, { intentId, payerAccountId: buyer, amountFen }))
const capture = (database: Database, intentId: string, amountFen: number) =>
  database.run((ctx) => walletPayments.capture(ctx, intentId, amountFen))
const release = (database: Database, intentId: string) => database.run((ctx) => walletPayments.release(ctx, intentId))
const refund = (database: Database, intentId: string, refundId: string, amountFen: number) =>
  database.run((ctx) => walletPayments.refund(ctx, { intentId, refundId, amountFen }))
const wallet = (database: Database) => database.read((ctx) => walletOf(ctx, buyer))

describe.each(dialects)('wallet payments on %s', (dialect) => {
  it('credit a top-up once per reference', async () => {
    await using database = await openTestDatabase(dialect)
    await database.run((ctx) => openWallet(ctx, buyer))

    const first = await topUp(database, 5000)
    const again = await topUp(database, 5000)

    expect(first.balanceFen).toBe(5000)
    expect(again).toEqual(first)
    await expect(topUp(database, 4000)).rejects.toMatchObject({ code: 'ledger.cause_conflict' })
  })

  it('hold, take less than was held, and give the rest back', async () => {
    await using database = await openTestDatabase(dialect)
    await topUp(database, 5000)

    await hold(database, 'i1', 3000)
    const held = await wallet(database)
    const captured = await capture(database, 'i1', 1280)

    expect(held).toEqual({ balanceFen: 2000, heldFen: 3000 })
    expect(captured).toMatchObject({ state: 'captured', heldFen: 3000, capturedFen: 1280 })
    expect(await wallet(database)).toEqual({ balanceFen: 3720, heldFen: 0 })
    expect(await database.read((ctx) => balanceOf(ctx, walletChannel))).toBe(1280)
  })

  it('do each step once, whoever repeats it, and nothing upward or after the end', async () => {
    await using database = await openTestDatabase(dialect)
    await topUp(database, 5000)
    for (let time = 0; time < 2; time += 1) {
      await hold(database, 'i1', 3000)
      await capture(database, 'i1', 1280)
      await refund(database, 'i1', 'r1', 280)
    }
    await hold(database, 'i2', 1000)
    await release(database, 'i2')
    await release(database, 'i2')

    expect(await wallet(database)).toEqual({ balanceFen: 4000, heldFen: 0 })
    await expect(capture(database, 'i1', 3001)).rejects.toMatchObject({ code: 'payment.capture_exceeds_hold' })
    await expect(capture(database, 'i1', 1281)).rejects.toMatchObject({ code: 'payment.intent_closed' })
    await expect(release(database, 'i1')).rejects.toMatchObject({ code: 'payment.intent_closed' })
    await expect(capture(database, 'i2', 1)).rejects.toMatchObject({ code: 'payment.intent_closed' })
    await expect(refund(database, 'i1', 'r2', 1001)).rejects.toMatchObject({ code: 'payment.refund_exceeds_capture' })
    await expect(refund(database, 'i1', 'r1', 1)).rejects.toMatchObject({ code: 'payment.intent_conflict' })
    await expect(hold(database, 'i1', 1)).rejects.toMatchObject({ code: 'payment.intent_conflict' })
    await expect(release(database, 'i9')).rejects.toMatchObject({ code: 'payment.intent_unknown' })
  })

  it('refuse a hold beyond the wallet, and one of two that together are', async () => {
    await using database = await openTestDatabase(dialect)
    await topUp(database, 1000)

    const settled = await Promise.allSettled([hold(database, 'i1', 700), hold(database, 'i2', 700)])

    expect(settled.filter((one) => one.status === 'fulfilled')).toHaveLength(1)
    expect(settled.find((one) => one.status === 'rejected')).toMatchObject({
      reason: { code: 'ledger.balance_insufficient' },
    })
    expect(await wallet(database)).toEqual({ balanceFen: 300, heldFen: 700 })
  })

  it('keep wallet + held + channel equal to what was paid in, over any interleaving', async () => {
    const step = fc.record({
      verb: fc.constantFrom('hold', 'capture', 'release', 'refund'),
      intent: fc.integer({ min: 1, max: 4 }),
      amountFen: fc.integer({ min: 1, max: 900 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        await using database = await openTestDatabase(dialect)
        await topUp(database, 2000)
        const calls = steps.map(({ verb, intent, amountFen }, index) => {
          const id = `i${intent}`
          if (verb === 'hold') return hold(database, id, amountFen)
          if (verb === 'capture') return capture(database, id, amountFen)
          if (verb === 'release') return release(database, id)
          return refund(database, id, `r${index}`, amountFen)
        })

        const outcomes = await Promise.allSettled(calls)
        const reasons = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
        expect(reasons.every((reason) => reason instanceof RefusalError)).toBe(true)

        const { balanceFen, heldFen } = await wallet(database)
        const channelFen = await database.read((ctx) => balanceOf(ctx, walletChannel))
        expect(balanceFen + heldFen + channelFen).toBe(2000)
        expect(Math.min(balanceFen, heldFen, channelFen)).toBeGreaterThanOrEqual(0)
        expect((await database.read(checkLedger)).problems).toEqual([])
      }),
      { numRuns: dialect === 'sqlite' ? 60 : 15, seed: 7 },
    )
  })
})
