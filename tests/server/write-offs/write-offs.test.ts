// Sales that will never be paid: proposed, approved by another person, and taken back through the same graph.
import { eq } from 'drizzle-orm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attributeSaleLines } from '#server/attribution/attribute-sale-lines.ts'
import { checkAttribution } from '#server/attribution/check-attribution.ts'
import { exec, insertRows, one, rows } from '#server/db/unit.ts'
import { listIncome } from '#server/incomes/list-income.ts'
import { accountIdOf, namedAccounts } from '#server/ledger/account-kinds.ts'
import type { AccountId } from '#server/ledger/account-kinds.ts'
import { balanceOf } from '#server/ledger/balances.ts'
import { checkLedger } from '#server/ledger/check-ledger.ts'
import { postTransfers } from '#server/ledger/post-transfers.ts'
import { proveAtOnce } from '#server/ledger/proof.ts'
import { writeOffProofs } from '#server/write-offs/check-write-offs.ts'
import { problem, startCommerceApi } from '#tests/support/commerce-api.ts'
import { householdCode, openMarket, settled, villageCode } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const ann = { accountId: '01900000-0000-7000-8000-0000000000c1', roles: ['finance'] } as const
const bob = { accountId: '01900000-0000-7000-8000-0000000000c2', roles: ['finance'] } as const
const desk = {
  accountId: '01900000-0000-7000-8000-0000000000aa',
  roles: ['desk'],
  areaCode: villageCode.slice(0, 9),
} as const
const payLater = accountIdOf('channel', 'pay-later')
const first = accountIdOf('household', householdCode(1))

/** A market where one session bought a line from the wallet, and one for 10.00 that its payer was to pay later. */
async function openDebts(dialect: (typeof dialects)[number]) {
  const clock = new TestClock()
  const database = await openTestDatabase(dialect, { clock })
  const market = await openMarket(database, clock)
  const api = await startCommerceApi(database, clock)
  const sessionId = await market.open()
  await market.tell('session.settled', settled(market, sessionId, { count: 1 }))
  const { paid, unpaid } = await database.run(function* (ctx) {
    const { saleLines } = ctx.tables
    const paidLine = yield* one(ctx.db.select().from(saleLines).where(eq(saleLines.sessionId, sessionId)))
    if (paidLine === undefined) throw new Error('nothing was sold')
    const line = { ...paidLine, saleLineId: ctx.newId(), amountFen: 1_000, listFen: 1_000 }
    yield* insertRows(saleLines, [line])
    const { saleLineId, amountFen, isCertified } = line
    const lotId = line.lotId ?? undefined
    const lines = [{ saleLineId, amountFen, isCertified, lotId }]
    yield* attributeSaleLines(ctx, { lines, channel: payLater, soldAtMs: ctx.now() })
    return { paid: paidLine, unpaid: line }
  })
  return {
    clock,
    database,
    api,
    paid,
    unpaid,
    propose: (saleKind: string, saleLineId: string, amountFen: number) =>
      api.call('POST', '/api/write-offs', ann, {
        saleKind,
        saleLineId,
        amountFen,
        reason: '买方失联，催收无果',
        documentNumber: '核销 2026-1',
      }),
    approve: (proposed: { readonly body: unknown }, who: typeof ann | typeof bob = bob) =>
      api.call('POST', `/api/write-offs/${(proposed.body as { writeOffId: string }).writeOffId}/approval`, who),
    /** Proposed and approved; returns its id. */
    async writeOff(amountFen: number): Promise<string> {
      const proposed = await this.propose('cabinet', unpaid.saleLineId, amountFen)
      await this.approve(proposed)
      return (proposed.body as { writeOffId: string }).writeOffId
    },
    recover(writeOffId: string, amountFen: number) {
      clock.advance(1)
      return api.call('POST', `/api/write-offs/${writeOffId}/recoveries`, ann, {
        amountFen,
        reason: '买方补付',
        documentNumber: `到账 ${amountFen}`,
      })
    },
    /** Money comes in by the channel. */
    payIn: (amountFen: number) =>
      database.run((ctx) => {
        const cause = { kind: 'correction', id: ctx.newId() } as const
        return postTransfers(ctx, [{ debit: namedAccounts.mainBank, credit: payLater, amountFen, cause, leg: 'in' }])
      }),
    /** The first household's money leaves for the bank. */
    payOut: (amountFen: number) =>
      database.run((ctx) => {
        const cause = { kind: 'payout-line', id: ctx.newId() } as const
        return postTransfers(ctx, [{ debit: first, credit: namedAccounts.payouts, amountFen, cause, leg: 'out' }])
      }),
    balance: (accountId: AccountId) => database.read((ctx) => balanceOf(ctx, accountId)),
    async problems() {
      const ledger = (await database.read(checkLedger)).problems
      const proofs = await database.read((ctx) => proveAtOnce(ctx, writeOffProofs))
      return [...ledger, ...(await database.read(checkAttribution)), ...proofs.flatMap((proof) => proof.problems)]
    },
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]()
      await database.close()
    },
  }
}

describe.each(dialects)('write-offs on %s', (dialect) => {
  it('take back what a sale gave, when a second person approves', async () => {
    await using world = await openDebts(dialect)
    const before = await world.balance(first)

    const proposed = await world.propose('cabinet', world.unpaid.saleLineId, 1_000)
    const waiting = await world.balance(payLater)
    const alone = await world.approve(proposed, ann)
    const approved = await world.approve(proposed)
    const again = await world.approve(proposed)

    expect(proposed).toMatchObject({ status: 201, body: { state: 'proposed' } })
    expect(waiting).toBe(-1_000)
    expect(problem(alone)).toEqual({ code: 'write_off.same_person' })
    expect(approved).toMatchObject({ status: 200, body: { state: 'approved', decidedBy: bob.accountId } })
    expect(problem(again)).toEqual({ code: 'write_off.not_proposed' })
    expect(await world.balance(payLater)).toBe(0)
    expect(await world.balance(first)).toBeLessThan(before)
    expect(await world.balance(namedAccounts.salesBorne)).toBe(0)
    expect(await world.problems()).toEqual([])
  })

  it('let a named account bear what a household has been paid already', async () => {
    await using world = await openDebts(dialect)
    const heldFen = await world.balance(first)
    const cause = { kind: 'payout-line', id: 'o-1' } as const
    await world.database.run((ctx) =>
      postTransfers(ctx, [{ debit: first, credit: namedAccounts.payouts, amountFen: heldFen, cause, leg: 'out' }]),
    )

    await world.approve(await world.propose('cabinet', world.unpaid.saleLineId, 1_000))

    expect(await world.balance(first)).toBe(0)
    expect(await world.balance(payLater)).toBe(0)
    expect(await world.balance(namedAccounts.salesBorne)).toBeLessThan(0)
    expect(await world.problems()).toEqual([])
  })

  it('tell the household which sale was taken back, and why', async () => {
    await using world = await openDebts(dialect)

    await world.approve(await world.propose('cabinet', world.unpaid.saleLineId, 1_000))

    const income = await world.database.read((ctx) => listIncome(ctx, householdCode(1), { limit: 50 }))
    const line = income.rows.find(({ amountFen }) => amountFen < 0)
    expect(line?.explanation.at(-1)).toMatch(/^坏账核销 -\d+\.\d\d 元（买方失联，催收无果）$/)
  })

  it('are refused above what is owed: a wallet has paid, a line is written off once', async () => {
    await using world = await openDebts(dialect)

    const paid = await world.propose('cabinet', world.paid.saleLineId, 1)
    const tooMuch = await world.propose('cabinet', world.unpaid.saleLineId, 1_001)
    const half = await world.propose('cabinet', world.unpaid.saleLineId, 600)
    const second = await world.propose('cabinet', world.unpaid.saleLineId, 400)
    await world.approve(half)
    const rest = await world.propose('cabinet', world.unpaid.saleLineId, 401)
    const unknown = await world.propose('surplus', world.unpaid.saleLineId, 1)

    expect(problem(tooMuch)).toEqual({ code: 'write_off.not_owed', field: 'amountFen' })
    expect(problem(second)).toEqual({ code: 'request.conflict' })
    expect(problem(rest)).toEqual({ code: 'write_off.not_owed', field: 'amountFen' })
    expect(problem(paid)).toEqual({ code: 'write_off.not_owed', field: 'amountFen' })
    expect(problem(unknown)).toEqual({ code: 'write_off.sale_unknown', field: 'saleLineId' })
  })

  it('take back a surplus sale that its buyer never paid, as income of surplus', async () => {
    await using world = await openDebts(dialect)
    const { api, clock, database } = world
    const notice = await api.call('POST', '/api/surplus/notices', desk, {
      householdCode: householdCode(3),
      productName: '白菜',
      category: 'vegetable',
      massMg: 100_000_000,
      deadlineAtMs: clock.now() + 86_400_000,
    })
    const { noticeId } = notice.body as { noticeId: string }
    const lines = [{ noticeId, massMg: 100_000_000 }]
    const order = { channel: 'DEALER', buyerName: '城区客商', pricePerKgFen: 200, lines }
    const agreed = await api.call('POST', '/api/surplus/orders', desk, order)
    const { orderId } = agreed.body as { orderId: string }
    await api.call('POST', `/api/surplus/orders/${orderId}/delivery`, ann)
    const [line] = await database.read((ctx) => rows(ctx.db.select().from(ctx.tables.surplusLines)))

    await world.approve(await world.propose('surplus', line?.lineId ?? '', 15_000))

    expect(await world.balance(accountIdOf('channel', 'surplus-dealer'))).toBe(-5_000)
    const income = await database.read((ctx) => listIncome(ctx, householdCode(3), { limit: 50 }))
    expect(income.rows.map(({ amountFen }) => amountFen)).toContain(-15_000)
    expect(await world.problems()).toEqual([])
  })

  it('come back through the same graph when the money arrives after all, and never before or beyond it', async () => {
    await using world = await openDebts(dialect)
    const before = await world.balance(first)
    const writeOffId = await world.writeOff(1_000)
    const writtenOff = await world.balance(first)

    const early = await world.recover(writeOffId, 1)
    await world.payIn(700)
    const beyond = await world.recover(writeOffId, 701)
    const part = await world.recover(writeOffId, 700)
    const again = await world.recover(writeOffId, 1)
    await world.payIn(300)
    const rest = await world.recover(writeOffId, 300)

    expect(problem(early)).toEqual({ code: 'write_off.not_arrived', field: 'amountFen' })
    expect(problem(beyond)).toEqual({ code: 'write_off.not_arrived', field: 'amountFen' })
    expect(problem(again)).toEqual({ code: 'write_off.not_arrived', field: 'amountFen' })
    expect([part.status, rest.status]).toEqual([201, 201])
    expect(writtenOff).toBeLessThan(before)
    expect(await world.balance(first)).toBe(before)
    expect(await world.balance(payLater)).toBe(0)
    const list = await world.api.call('GET', `/api/write-offs/${writeOffId}/recoveries`, ann)
    expect((list.body as { rows: Array<{ amountFen: number }> }).rows.map(({ amountFen }) => amountFen)).toEqual([
      300, 700,
    ])
    const income = await world.database.read((ctx) => listIncome(ctx, householdCode(1), { limit: 50 }))
    expect(income.rows.map(({ explanation }) => explanation.at(-1))).toContainEqual(expect.stringMatching(/^核销收回/))
    expect(await world.problems()).toEqual([])
  })

  it('give a household what it lost before the account that bore the rest, to the fen', async () => {
    await using world = await openDebts(dialect)
    const heldFen = await world.balance(first)
    await world.payOut(heldFen - 5)
    const writeOffId = await world.writeOff(1_000)
    expect(await world.balance(first)).toBe(0)
    const borneFen = -(await world.balance(namedAccounts.salesBorne))

    await world.payIn(1_000)
    await world.recover(writeOffId, 20)
    const afterSome = await world.balance(first)
    await world.recover(writeOffId, 980)

    expect(borneFen).toBeGreaterThan(0)
    expect(afterSome).toBeGreaterThan(0)
    expect(await world.balance(namedAccounts.salesBorne)).toBe(0)
    expect(await world.balance(first)).toBe(5)
    expect(await world.problems()).toEqual([])
  })

  it('and payouts and payments in any order leave no household below zero and the books sound', async () => {
    const fen = fc.integer({ min: 1, max: 1_200 })
    const step = fc.record({ kind: fc.constantFrom('write off', 'recover', 'pay in', 'pay out'), fen })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
        await using world = await openDebts(dialect)
        const start = await world.balance(first)
        const writeOffs: string[] = []
        let paidOutFen = 0
        for (const { kind, fen: amountFen } of steps) {
          if (kind === 'write off') {
            const proposed = await world.propose('cabinet', world.unpaid.saleLineId, amountFen)
            if (proposed.status === 201) await world.approve(proposed)
            if (proposed.status === 201) writeOffs.push((proposed.body as { writeOffId: string }).writeOffId)
          }
          if (kind === 'recover')
            await world.recover(writeOffs.at(-1) ?? '019ca6b1-dfe8-74e8-92e7-3551ddda00e5', amountFen)
          if (kind === 'pay in') await world.payIn(amountFen)
          const leavingFen = Math.min(amountFen, await world.balance(first))
          if (kind === 'pay out' && leavingFen > 0) await world.payOut(leavingFen)
          if (kind === 'pay out') paidOutFen += leavingFen
          expect(await world.balance(first)).toBeGreaterThanOrEqual(0)
        }
        await world.payIn(1_000)
        for (const writeOffId of writeOffs) {
          const { leftFen } = (await world.recover(writeOffId, 1_000_000)).body as { leftFen: number }
          if (leftFen > 0) await world.recover(writeOffId, leftFen)
        }
        expect((await world.balance(first)) + paidOutFen).toBe(start)
        expect(await world.balance(namedAccounts.salesBorne)).toBe(0)
        expect(await world.problems()).toEqual([])
      }),
      { numRuns: dialect === 'sqlite' ? 12 : 3, seed: 20_260_301 },
    )
  }, 180_000)

  it('are not reversed as a bare posting', async () => {
    await using world = await openDebts(dialect)
    const causeId = await world.writeOff(1_000)

    const reversal = { causeKind: 'write-off', causeId, reason: '款已到账' }
    const answer = await world.api.call('POST', '/api/ledger/reversals', ann, reversal)

    expect(problem(answer)).toEqual({ code: 'write_off.reversed_by_recovery', field: 'causeKind' })
    expect(await world.balance(payLater)).toBe(0)
    const proposed = await world.propose('cabinet', world.paid.saleLineId, 1)
    expect(problem(proposed)).toEqual({ code: 'write_off.not_owed', field: 'amountFen' })
  })

  it('are found by the proof when a booking does not match', async () => {
    await using world = await openDebts(dialect)
    await world.approve(await world.propose('cabinet', world.unpaid.saleLineId, 1_000))

    await world.database.run((ctx) => exec(ctx.db.update(ctx.tables.writeOffs).set({ amountFen: 999 })))

    expect(await world.problems()).toEqual([expect.stringMatching(/^write-off .* is not booked as it says$/)])
  })
})
