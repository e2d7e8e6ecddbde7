// The daily job over real books, and what people do with what it raises.
import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { one } from '#server/db/unit.ts'
import { bindHelper } from '#server/households/bind-helper.ts'
import { changeHousehold } from '#server/households/change-household.ts'
import { openNotice } from '#server/surplus/open-notice.ts'
import { raiseWarnings } from '#server/warnings/raise-warnings.ts'
import { problem, startCommerceApi } from '#tests/support/commerce-api.ts'
import type { Caller } from '#tests/support/commerce-api.ts'
import { householdCode, openMarket, settled } from '#tests/support/market.ts'
import { seedAccount } from '#tests/support/seed-account.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const operator = {
  accountId: '01900000-0000-7000-8000-0000000000aa',
  roles: ['operator'],
  householdCode: undefined,
  areaCode: undefined,
} as const
const dayMs = 86_400_000

interface Raised {
  readonly warningId: string
  readonly rule: string
  readonly householdCode: string
  readonly evidence: Array<{ readonly label: string; readonly value: string }>
}

async function openWatch(dialect: (typeof dialects)[number]) {
  const clock = new TestClock()
  const database = await openTestDatabase(dialect, { clock })
  const market = await openMarket(database, clock)
  const api = await startCommerceApi(database)
  return {
    clock,
    database,
    market,
    api,
    raise: () => raiseWarnings(database),
    async sellOne() {
      const sessionId = await market.open()
      await market.tell('session.settled', settled(market, sessionId, { count: 1 }))
    },
    async list(who: Caller, query = '') {
      const { body } = await api.call('GET', `/api/warnings?${query}`, who)
      return (body as { rows: Raised[] }).rows
    },
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]()
      await database.close()
    },
  }
}

describe.each(dialects)('warnings on %s', (dialect) => {
  it('come of a fall of income, once for the matter, and go to the household’s helper', async () => {
    await using watch = await openWatch(dialect)
    await watch.sellOne()
    const helperAccountId = await watch.database.run(function* (ctx) {
      const accountId = yield* seedAccount(ctx, '赵帮扶', 'helper')
      const bound = { householdCode: householdCode(2), helperAccountId: accountId, unitName: '区教委' }
      yield* bindHelper(ctx, { viewer: operator, ...bound, reason: '首次结对' })
      return accountId
    })
    expect(await watch.raise()).toBe(0)

    watch.clock.advance(366 * dayMs)
    const raised = [await watch.raise(), await watch.raise()]

    expect(raised).toEqual([3, 0])
    const helper = { accountId: helperAccountId, roles: ['helper'] } as const
    expect(await watch.list(helper)).toMatchObject([
      {
        rule: 'INCOME_FELL',
        householdCode: householdCode(2),
        helperName: '赵帮扶',
        evidence: [{ value: '0.00 元' }, { value: '2.99 元' }, { value: '0.0%' }],
      },
    ])
    expect(await watch.list({ ...helper, accountId: operator.accountId })).toEqual([])
  })

  it('compare known net income per head with the line of the year, which is shipped empty', async () => {
    await using watch = await openWatch(dialect)
    await watch.sellOne()
    const lines = () => watch.api.call('GET', '/api/monitoring-lines', operator)
    expect((await lines()).body).toEqual({ rows: [] })
    expect(await watch.raise()).toBe(0)

    const enter = (amountFen: number, documentNumber: string) =>
      watch.api.call('POST', '/api/monitoring-lines', operator, { year: 2026, amountFen, documentNumber })
    await enter(900, '演示文〔2026〕1 号')
    await enter(200, '演示文〔2026〕2 号')
    await watch.raise()

    // 1.49, 2.99 and 4.48 yuan for 1, 2 and 3 people: 1.49, 1.495 and 1.493 a head, all below 2.00.
    const warned = await watch.list(operator, 'rule=BELOW_LINE')
    expect(warned.map((row) => row.householdCode).toSorted()).toEqual([1, 2, 3].map(householdCode))
    expect(warned[0]?.evidence.at(-1)).toEqual({ label: '监测线', value: '2.00 元', source: '演示文〔2026〕2 号' })
    expect((await lines()).body).toMatchObject({ rows: [{ version: 2, amountFen: 200 }, { version: 1 }] })
  })

  it('notice a season without sales and a surplus that stays open', async () => {
    await using watch = await openWatch(dialect)
    const season = { fromDay: '02-15', toDay: '04-30' }
    await watch.api.call('PUT', `/api/product-seasons/${watch.market.citrus.skuId}`, operator, season)
    await watch.database.run((ctx) =>
      openNotice(ctx, {
        viewer: operator,
        householdCode: householdCode(3),
        productName: '白菜',
        category: 'vegetable',
        massMg: 500_000_000,
        deadlineAtMs: ctx.now() + 20 * dayMs,
      }),
    )
    await watch.sellOne()
    watch.clock.advance(20 * dayMs)
    await watch.raise()
    expect((await watch.list(operator)).map(({ rule }) => rule)).toEqual(['SURPLUS_OPEN'])

    watch.clock.advance(dayMs)
    await watch.raise()

    const rules = (await watch.list(operator, 'isOpen=true')).map((row) => `${row.rule} ${row.householdCode}`)
    expect(rules.toSorted()).toEqual([
      ...[1, 2, 3].map((serial) => `NO_SALE_IN_SEASON ${householdCode(serial)}`),
      `SURPLUS_OPEN ${householdCode(3)}`,
    ])
    const wrong = await watch.api.call('PUT', `/api/product-seasons/${watch.market.citrus.skuId}`, operator, {
      fromDay: '02-30',
      toDay: '04-30',
    })
    expect(problem(wrong)).toEqual({ code: 'request.invalid', field: 'fromDay' })
  })

  it('end by a person’s outcome, once, and change no status', async () => {
    await using watch = await openWatch(dialect)
    await watch.sellOne()
    watch.clock.advance(366 * dayMs)
    await watch.raise()
    const [warning] = await watch.list(operator)
    const close = () =>
      watch.api.call('POST', `/api/warnings/${warning?.warningId ?? ''}/outcome`, operator, {
        outcome: 'STATUS_REVIEW_ASKED',
        note: '入户核实后提请复核',
      })

    const [first, second] = [await close(), await close()]

    expect(first.body).toMatchObject({ outcome: { outcome: 'STATUS_REVIEW_ASKED', byAccountId: operator.accountId } })
    expect([second.status, problem(second)]).toEqual([409, { code: 'warning.closed' }])
    expect(await watch.list(operator, 'isOpen=true')).toHaveLength(2)
    const kindOf = () =>
      watch.database.read(({ db, tables: { households: h } }) =>
        one(
          db
            .select({ kind: h.kind })
            .from(h)
            .where(eq(h.householdCode, warning?.householdCode ?? '')),
        ),
      )
    expect(await kindOf()).toEqual({ kind: 'EXITED' })
    await watch.database.run((ctx) =>
      changeHousehold(ctx, {
        viewer: operator,
        householdCode: warning?.householdCode ?? '',
        change: { kind: 'UNSTABLE_EXITED' },
        reason: '复核认定',
      }),
    )
    expect(await kindOf()).toEqual({ kind: 'UNSTABLE_EXITED' })
  })
})
