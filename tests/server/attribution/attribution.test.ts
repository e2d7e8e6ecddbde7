// Attribution in the database: plans, booking, refunds, explanations and the self-check, on both dialects.
import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { attributeSaleLines } from '#server/attribution/attribute-sale-lines.ts'
import { checkAttribution } from '#server/attribution/check-attribution.ts'
import { incomeOfHouseholds, listIncome } from '#server/incomes/list-income.ts'
import { refundSaleLine } from '#server/attribution/refund-sale-line.ts'
import {
  approveRevenuePlan,
  draftRevenuePlan,
  ensureDefaultPlan,
  shippedShares,
} from '#server/attribution/revenue-plans.ts'
import { showAttribution } from '#server/attribution/show-attribution.ts'
import type { Database } from '#server/db/database.ts'
import { insertRows, rows } from '#server/db/unit.ts'
import type { Unit, UnitContext } from '#server/db/unit.ts'
import { accountIdOf, namedAccounts } from '#server/ledger/account-kinds.ts'
import type { AccountId } from '#server/ledger/account-kinds.ts'
import { balanceOf } from '#server/ledger/balances.ts'
import { checkLedger } from '#server/ledger/check-ledger.ts'
import { postTransfers } from '#server/ledger/post-transfers.ts'
import { seedLot } from '../../support/seed-lot.ts'
import { TestClock } from '../../support/test-clock.ts'
import { dialects, openTestDatabase } from '../../support/test-database.ts'

const channel = accountIdOf('channel', 'wallet')
const first = '5001121422010001'
const second = '5001121422010002'

function* sell(ctx: UnitContext, saleLineId: string, lotId: string | undefined, amountFen = 1280): Unit<void> {
  const line = { saleLineId, lotId, amountFen, isCertified: true }
  yield* attributeSaleLines(ctx, { lines: [line], channel, soldAtMs: ctx.now() })
}

const balance = (database: Database, accountId: AccountId) => database.read((ctx) => balanceOf(ctx, accountId))

function* allParts(ctx: UnitContext): Unit<Array<readonly [string, number]>> {
  const { attributionParts: p } = ctx.tables
  const found = yield* rows(ctx.db.select().from(p).orderBy(p.saleLineId, p.ordinal))
  return found.map((part) => [part.accountId, part.amountFen] as const)
}

async function open(dialect: (typeof dialects)[number], clock = new TestClock()) {
  const database = await openTestDatabase(dialect, { clock })
  const lot = await database.run(function* (ctx) {
    yield* ensureDefaultPlan(ctx)
    return yield* seedLot(ctx)
  })
  return { database, lot, clock, [Symbol.asyncDispose]: () => database.close() }
}

describe.each(dialects)('attribution on %s', (dialect) => {
  it('books every fen of a line to those its lot came from, once', async () => {
    await using world = await open(dialect)
    const { database, lot } = world

    await database.run((ctx) => sell(ctx, 'line-1', lot.lotId))
    await database.run((ctx) => sell(ctx, 'line-1', lot.lotId))

    expect(await database.read(allParts)).toEqual([
      [`household:${first}`, 579],
      [`household:${second}`, 317],
      [`supplier:${lot.supplierId}`, 256],
      ['fee:operator', 128],
    ])
    expect(await balance(database, accountIdOf('household', first))).toBe(579)
    expect(await balance(database, channel)).toBe(-1280)
    expect(await database.read(checkAttribution)).toEqual([])
    expect((await database.read(checkLedger)).problems).toEqual([])
  })

  it('keeps a sale of an unknown lot apart until somebody corrects it', async () => {
    await using world = await open(dialect)

    await world.database.run((ctx) => sell(ctx, 'line-1', undefined, 1000))

    expect(await balance(world.database, namedAccounts.unattributed)).toBe(900)
    expect(await balance(world.database, namedAccounts.operatorFee)).toBe(100)
  })

  it('uses the plan that was in force when the goods were sold', async () => {
    await using world = await open(dialect)
    const { database, lot, clock } = world
    const soldAtMs = clock.now()
    clock.advance(1000)
    const shares = { ...shippedShares, householdBp: 9000, supplierBp: 0, organisationBp: 0 }
    const draft = await database.run((ctx) =>
      draftRevenuePlan(ctx, {
        supplierId: lot.supplierId,
        shares,
        effectiveFromMs: clock.now(),
        note: 'all to the households',
        preparedBy: 'ann',
      }),
    )
    const alone = database.run((ctx) => approveRevenuePlan(ctx, draft.planId, 'ann'))
    await expect(alone).rejects.toMatchObject({ code: 'attribution.plan_same_person' })
    await database.run((ctx) => approveRevenuePlan(ctx, draft.planId, 'bob'))

    await database.run(function* (ctx) {
      const line = { lotId: lot.lotId, amountFen: 1000, isCertified: true }
      yield* attributeSaleLines(ctx, { lines: [{ ...line, saleLineId: 'old' }], channel, soldAtMs })
      yield* attributeSaleLines(ctx, { lines: [{ ...line, saleLineId: 'new' }], channel, soldAtMs: clock.now() })
    })

    const shown = await database.read((ctx) => showAttribution(ctx, ['old', 'new']))
    const households = (id: string) =>
      shown
        .get(id)
        ?.parts.filter((part) => part.payeeKind === 'household')
        .reduce((sum, part) => sum + part.amountFen, 0)
    expect([households('old'), households('new')]).toEqual([700, 900])
  })

  it('splits a sale of before by the plan of then, when the first plan of its supplier would reach back', async () => {
    await using world = await open(dialect)
    const { database, lot, clock } = world
    const soldAtMs = clock.now()
    clock.advance(60_000)
    const shares = { ...shippedShares, householdBp: 1000, operatorBp: 7000 }
    const draft = { supplierId: lot.supplierId, shares, effectiveFromMs: 0, note: 'x', preparedBy: 'ann' }
    const approved = await database.run(function* (ctx) {
      return yield* approveRevenuePlan(ctx, (yield* draftRevenuePlan(ctx, draft)).planId, 'bob')
    })

    // A cabinet that was offline tells of it only now.
    await database.run((ctx) => {
      const lines = [{ saleLineId: 'line-1', lotId: lot.lotId, amountFen: 1280, isCertified: true }]
      return attributeSaleLines(ctx, { lines, channel, soldAtMs })
    })

    expect(approved.effectiveFromMs).toBe(clock.now())
    expect(await balance(database, accountIdOf('household', first))).toBe(579)
  })

  it('puts a plan to come right by another of the same day', async () => {
    await using world = await open(dialect)
    const { database, lot, clock } = world
    const effectiveFromMs = clock.now() + 60_000
    const approve = (householdBp: number) =>
      database.run(function* (ctx) {
        const shares = { ...shippedShares, householdBp, operatorBp: 8000 - householdBp }
        const draft = { supplierId: undefined, shares, effectiveFromMs, note: 'x', preparedBy: 'ann' }
        return yield* approveRevenuePlan(ctx, (yield* draftRevenuePlan(ctx, draft)).planId, 'bob')
      })

    const approved = [await approve(1000), await approve(2000), await approve(7500)]
    clock.advance(60_002)
    await database.run((ctx) => sell(ctx, 'line-1', lot.lotId, 1000))

    expect(approved.map((plan) => plan.effectiveFromMs - effectiveFromMs)).toEqual([0, 1, 2])
    expect(await balance(database, namedAccounts.operatorFee)).toBe(50)
  })

  it('refuses plans that do not add up, and a second approval', async () => {
    await using world = await open(dialect)
    const { database } = world
    const draft = { supplierId: undefined, effectiveFromMs: 0, note: 'x', preparedBy: 'ann' }

    const wrong = database.run((ctx) => draftRevenuePlan(ctx, { ...draft, shares: { ...shippedShares, fundBp: -1 } }))
    await expect(wrong).rejects.toMatchObject({ code: 'attribution.plan_invalid' })
    const right = await database.run((ctx) => draftRevenuePlan(ctx, { ...draft, shares: shippedShares }))
    const approved = await database.run((ctx) => approveRevenuePlan(ctx, right.planId, 'bob'))
    const again = database.run((ctx) => approveRevenuePlan(ctx, right.planId, 'eve'))

    expect(approved.version).toBe(2)
    // Sales of the past keep their plan: a later plan never reaches back.
    expect(approved.effectiveFromMs).toBe(world.clock.now())
    await expect(again).rejects.toMatchObject({ code: 'attribution.plan_not_draft' })
  })

  it('takes a refund back along the same graph, in pieces, to the last fen', async () => {
    await using world = await open(dialect)
    const { database, lot } = world
    await database.run((ctx) => sell(ctx, 'line-1', lot.lotId))
    const refund = (refundId: string, amountFen: number) =>
      database.run((ctx) => refundSaleLine(ctx, { refundId, saleLineId: 'line-1', amountFen, reason: 'bruised' }))

    const outcomes = [await refund('r1', 333), await refund('r1', 333), await refund('r2', 947)]

    expect(outcomes).toEqual(['posted', 'already', 'posted'])
    await expect(refund('r3', 1)).rejects.toMatchObject({ code: 'attribution.refund_exceeds' })
    await expect(refund('r1', 5)).rejects.toMatchObject({ code: 'ledger.cause_conflict' })
    for (const account of [accountIdOf('household', first), accountIdOf('supplier', lot.supplierId), channel])
      expect(await balance(database, account)).toBe(0)
    expect((await database.read(checkLedger)).problems).toEqual([])
  })

  it('never takes from a household what it has been paid: a named account bears it', async () => {
    await using world = await open(dialect)
    const { database, lot } = world
    await database.run((ctx) => sell(ctx, 'line-1', lot.lotId))
    await database.run((ctx) =>
      postTransfers(ctx, [
        {
          debit: accountIdOf('household', first),
          credit: namedAccounts.payouts,
          amountFen: 500,
          cause: { kind: 'payout-line', id: 'p1' },
          leg: 'out',
        },
      ]),
    )

    await database.run((ctx) =>
      refundSaleLine(ctx, { refundId: 'r1', saleLineId: 'line-1', amountFen: 1280, reason: 'recalled' }),
    )

    expect(await balance(database, accountIdOf('household', first))).toBe(0)
    expect(await balance(database, namedAccounts.refundsBorne)).toBe(-500)
    expect(await balance(database, channel)).toBe(0)
  })

  it('explains a household’s income down to the sale, refunds included', async () => {
    await using world = await open(dialect)
    const { database, lot, clock } = world
    await database.run((ctx) => sell(ctx, 'line-1', lot.lotId))
    clock.advance(1000)
    await database.run((ctx) =>
      refundSaleLine(ctx, { refundId: 'r1', saleLineId: 'line-1', amountFen: 640, reason: '退一半' }),
    )

    const page = await database.read((ctx) => listIncome(ctx, first, { limit: 10 }))

    expect(page.totalFen).toBe(579 - 290)
    expect(page.rows.map((line) => [line.amountFen, line.saleLineId, line.incomeKind])).toEqual([
      [-290, 'line-1', 'OPERATING'],
      [579, 'line-1', 'OPERATING'],
    ])
    expect(page.rows[1]?.explanation).toEqual([
      '销售额 12.80 元，分配方案第 1 版',
      '农户份额 12.80 元 × 70.00 % = 8.96 元',
      '本户供货 3.200000 公斤 ÷ 批次 4.950000 公斤 × 8.96 元 = 5.79 元（不足一分舍去）',
    ])
    expect(page.rows[0]?.explanation.at(-1)).toBe('退款冲销 -2.90 元（退一半）')
    expect(await database.read((ctx) => incomeOfHouseholds(ctx, [first, second]))).toEqual(
      new Map([
        [first, 289],
        [second, 317 - 158],
      ]),
    )
  })

  it('shows receipts masked payees only', async () => {
    await using world = await open(dialect)
    const { database, lot } = world
    await database.run(function* (ctx) {
      const { villages, households } = ctx.tables
      const village = { villageCode: '500112142201', name: '青龙村', townCode: '500112142', townName: '大盛镇' }
      yield* insertRows(villages, [village])
      yield* insertRows(households, [
        { householdCode: first, headName: '测试户', population: 3, villageCode: village.villageCode, kind: 'POOR' },
      ])
      yield* sell(ctx, 'line-1', lot.lotId)
    })

    const shown = await database.read((ctx) => showAttribution(ctx, ['line-1']))

    const text = JSON.stringify([...shown.values()])
    expect(shown.get('line-1')?.parts[0]).toMatchObject({
      payeeKind: 'household',
      payeeName: '测**',
      householdCodeLast4: '0001',
      villageName: '青龙村',
      amountFen: 579,
    })
    expect(text).not.toContain('测试户')
    expect(text).not.toContain(first)
  })

  it('finds a line whose parts do not add up', async () => {
    await using world = await open(dialect)
    const { database } = world
    await database.run(function* (ctx) {
      const { attributedLines, revenuePlans } = ctx.tables
      const [plan] = yield* rows(ctx.db.select().from(revenuePlans).where(eq(revenuePlans.version, 1)))
      const line = { saleLineId: 'x', amountFen: 5, isCertified: true, channelAccountId: channel, soldAtMs: 1 }
      yield* insertRows(attributedLines, [{ ...line, planId: plan?.planId ?? '' }])
    })

    expect(await database.read(checkAttribution)).toEqual(['sale line x is 5 fen, its parts sum to 0'])
  })
})
