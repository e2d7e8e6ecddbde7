// Help for households over HTTP: visits, six ones, income plans, instructors, coverage.
import { describe, expect, it } from 'vitest'
import { bindHelper } from '#server/households/bind-helper.ts'
import type { Role } from '#shared/contracts/http/route.ts'
import { changeAccess } from '#server/identity/change-account.ts'
import { enterHouseholds, enterVillages } from '#server/households/enter-households.ts'
import { problem, startCommerceApi } from '#tests/support/commerce-api.ts'
import { householdCode, openMarket, settled, villageCode } from '#tests/support/market.ts'
import { seedAccount } from '#tests/support/seed-account.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const operator = { accountId: '01900000-0000-7000-8000-0000000000aa', roles: ['operator'] } as const
const townDesk = { ...operator, roles: ['desk'], areaCode: villageCode.slice(0, 9) } as const
const dayMs = 86_400_000

/** A market in which a helper helps households 1 and 2. */
async function openHelpedMarket(dialect: (typeof dialects)[number]) {
  const clock = new TestClock()
  const database = await openTestDatabase(dialect, { clock })
  const market = await openMarket(database, clock)
  const helperAccountId = await database.run(function* (ctx) {
    const accountId = yield* seedAccount(ctx, '赵帮扶', 'helper')
    const viewer = { ...operator, householdCode: undefined, areaCode: undefined }
    for (const serial of [1, 2]) {
      const bound = { householdCode: householdCode(serial), helperAccountId: accountId, unitName: '区教委' }
      yield* bindHelper(ctx, { viewer, ...bound, reason: '首次结对' })
    }
    return accountId
  })
  const api = await startCommerceApi(database)
  const helper = { accountId: helperAccountId, roles: ['helper'] } as const
  return {
    clock,
    database,
    market,
    api,
    helper,
    visit: (serial: number, channel: string, agoMs = 0, who: Parameters<typeof api.call>[2] = helper) =>
      api.call('POST', `/api/households/${householdCode(serial)}/visits`, who, { channel, atMs: clock.now() - agoMs }),
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]()
      await database.close()
    },
  }
}

describe.each(dialects)('help for households on %s', (dialect) => {
  it('keeps no visit whose note holds somebody’s number', async () => {
    await using help = await openHelpedMarket(dialect)
    const log = (note: string) =>
      help.api.call('POST', `/api/households/${householdCode(1)}/visits`, help.helper, {
        channel: 'HOME',
        atMs: help.clock.now(),
        note,
      })

    const refused = [
      await log('新电话 13812345678'),
      await log('身份证 11010519491231002X'),
      await log('卡号 6222 0212 3456 7890'),
    ]
    const list = await help.api.call('GET', '/api/visits', help.helper)
    const taken = await log(`户编号 ${householdCode(1)}，看了 12 亩果园`)

    expect(refused.map(problem)).toEqual(refused.map(() => ({ code: 'personal_data.text_reveals', field: 'note' })))
    expect(list.body).toEqual({ rows: [] })
    expect(taken.status).toBe(201)
  })

  it('keeps no plan, post or instructor whose words hold somebody’s number', async () => {
    await using help = await openHelpedMarket(dialect)
    const of = (path: string) => `/api/households/${householdCode(1)}/${path}`
    const number = '13812345678'
    const measures = [{ incomeKind: 'WAGE', what: `找工头 ${number}`, expectedFen: 100 }]
    const post = { title: '乡村保洁员', unitName: '青龙村', monthlyFen: 50_000, fromMs: help.clock.now() }
    const instructor = { name: '演示指导员', specialty: `柑橘 ${number}`, unitName: '区农业农村委' }

    const refused = [
      await help.api.call('POST', of('income-plans'), help.helper, { year: 2026, measures }),
      await help.api.call('POST', of('welfare-posts'), help.helper, { ...post, title: `保洁 ${number}` }),
      await help.api.call('POST', of('welfare-posts'), help.helper, { ...post, unitName: `青龙村 ${number}` }),
      await help.api.call('POST', '/api/instructors', townDesk, instructor),
    ]

    expect(refused.map(problem)).toEqual(
      ['measures.0.what', 'title', 'unitName', 'specialty'].map((field) => ({
        code: 'personal_data.text_reveals',
        field,
      })),
    )
  })

  it('logs visits by channel, pages through them, and keeps to the helper’s own households', async () => {
    await using help = await openHelpedMarket(dialect)

    const logged = await help.visit(1, 'HOME', 2 * dayMs)
    await help.visit(2, 'PHONE', dayMs)
    await help.visit(1, 'WECHAT')

    expect(logged).toMatchObject({ status: 201, body: { headName: '王甲', channel: 'HOME', byName: 'test' } })
    expect((await help.visit(3, 'HOME')).status).toBe(404)
    const ahead = await help.visit(1, 'HOME', -dayMs)
    expect(problem(ahead)).toEqual({ code: 'assistance.date_ahead', field: 'atMs' })
    const first = await help.api.call('GET', '/api/visits?limit=2', help.helper)
    const { rows, nextCursor = '' } = first.body as { rows: Array<{ channel: string }>; nextCursor?: string }
    const second = await help.api.call('GET', `/api/visits?limit=2&cursor=${nextCursor}`, help.helper)
    const channels = [...rows, ...(second.body as { rows: typeof rows }).rows].map(({ channel }) => channel)
    expect(channels).toEqual(['WECHAT', 'PHONE', 'HOME'])
    const farmer = { ...operator, roles: ['farmer'], householdCode: householdCode(2) } as const
    const own = await help.api.call('GET', '/api/visits', farmer)
    expect(own.body).toMatchObject({ rows: [{ channel: 'PHONE' }] })
  })

  it('tells three of the six ones from data and ticks the others', async () => {
    await using help = await openHelpedMarket(dialect)
    const of = (path: string) => `/api/households/${householdCode(1)}/${path}`
    const checklist = async () => (await help.api.call('GET', of('six-ones'), help.helper)).body
    expect(await checklist()).toMatchObject({ done: 0, year: 2026 })
    const instructor = { name: '演示指导员', specialty: '柑橘栽培', unitName: '区农业农村委' }
    const entered = await help.api.call('POST', '/api/instructors', townDesk, instructor)
    const { instructorId } = entered.body as { instructorId: string }
    const atMs = help.clock.now()
    const measures = [{ incomeKind: 'OPERATING', what: '柑橘入柜销售', expectedFen: 600_000 }]

    await help.api.call('POST', of('income-plans'), help.helper, { year: 2026, measures })
    const post = { title: '乡村保洁员', unitName: '青龙村', monthlyFen: 50_000, fromMs: atMs }
    const given = await help.api.call('POST', of('welfare-posts'), help.helper, post)
    await help.api.call('POST', of('guidances'), help.helper, { instructorId, topic: '春季修剪', atMs })
    await help.api.call('PUT', '/api/six-ones/fourth/label', operator, { label: '一次政策宣讲' })
    await help.api.call('PUT', of('six-ones/fourth'), help.helper, { isDone: true, doneAtMs: atMs })

    expect(await checklist()).toMatchObject({
      done: 4,
      items: [
        { key: 'incomePlan', isDone: true, evidence: '第 1 版，目标 6000.00 元' },
        { key: 'welfarePost', isDone: true, evidence: '乡村保洁员，每月 500.00 元' },
        { key: 'guidance', isDone: true, evidence: '演示指导员：春季修剪' },
        { key: 'fourth', label: '一次政策宣讲', isDone: true, doneAtMs: atMs },
        { key: 'fifth', isDone: false },
        { key: 'sixth', isDone: false },
      ],
    })
    help.clock.advance(1)
    const untick = { isDone: false, doneAtMs: atMs }
    expect((await help.api.call('PUT', of('six-ones/fourth'), help.helper, untick)).body).toMatchObject({ done: 3 })
    const { postId } = given.body as { postId: string }
    const end = { toMs: atMs, reason: '岗位期满' }
    await help.api.call('POST', `/api/welfare-posts/${postId}/end`, help.helper, end)
    const twice = await help.api.call('POST', `/api/welfare-posts/${postId}/end`, help.helper, end)
    expect(problem(twice)).toEqual({ code: 'assistance.post_ended' })
  })

  it('finds instructors by name or subject, those who teach still by themselves', async () => {
    await using help = await openHelpedMarket(dialect)
    const enter = async (name: string, specialty: string) => {
      const entered = await help.api.call('POST', '/api/instructors', operator, { name, specialty, unitName: '区农委' })
      return (entered.body as { instructorId: string }).instructorId
    }
    const left = await enter('孙示丙', '柑橘栽培')
    await enter('钱示甲', '柑橘植保')
    await enter('李示乙', '花椒')
    await help.api.call('PATCH', `/api/instructors/${left}`, operator, { isActive: false, reason: '调离' })
    const names = async (query: string) => {
      const { body } = await help.api.call('GET', `/api/instructors${query}`, help.helper)
      return (body as { rows: Array<{ name: string }> }).rows.map(({ name }) => name)
    }

    expect(await names(`?search=${encodeURIComponent('柑橘')}`)).toEqual(['孙示丙', '钱示甲'])
    expect(await names(`?isActive=true&search=${encodeURIComponent('柑橘')}`)).toEqual(['钱示甲'])
    expect(await names('?isActive=false')).toEqual(['孙示丙'])
  })

  it('keeps every version of an income plan beside what was attributed in its year', async () => {
    await using help = await openHelpedMarket(dialect)
    const sessionId = await help.market.open()
    await help.market.tell('session.settled', settled(help.market, sessionId, { count: 1 }))
    const path = `/api/households/${householdCode(2)}/income-plans`
    const write = (expectedFen: number) =>
      help.api.call('POST', path, help.helper, {
        year: 2026,
        measures: [
          { incomeKind: 'OPERATING', what: '柑橘销售', expectedFen },
          { incomeKind: 'WAGE', what: '果园务工', expectedFen: 100 },
        ],
      })
    await write(1_000)

    const second = await write(2_000)

    expect(second.body).toMatchObject({ version: 2, targetFen: 2_100, attributedFen: 299 })
    const tooMuch = await write(1e15)
    const listed = await help.api.call('GET', path, help.helper)
    expect([tooMuch.status, problem(tooMuch).code]).toEqual([422, 'request.invalid'])
    expect(listed.body).toMatchObject({ rows: [{ version: 2 }, { version: 1, targetFen: 1_100 }] })
  })

  it('counts coverage by town and village, and what each helper does', async () => {
    await using help = await openHelpedMarket(dialect)
    await help.visit(1, 'HOME')
    await help.visit(1, 'PHONE')
    await help.visit(2, 'HOME', 40 * dayMs)

    const towns = await help.api.call('GET', '/api/helper-coverage', townDesk)
    const villages = await help.api.call('GET', '/api/helper-coverage?level=village&windowDays=60', operator)
    const helpers = await help.api.call('GET', '/api/helpers', townDesk)

    const counted = { households: 3, withHelper: 2, phoneVisits: 1, wechatVisits: 0 }
    expect(towns.body).toEqual({
      rows: [{ areaCode: '500112142', areaName: '大盛镇', ...counted, visited: 1, homeVisits: 1 }],
    })
    expect(villages.body).toEqual({
      rows: [{ areaCode: villageCode, areaName: '青龙村', ...counted, visited: 2, homeVisits: 2 }],
    })
    expect(helpers.body).toMatchObject({ rows: [{ name: '赵帮扶', households: 2, visits: 2 }] })
    const elsewhere = { ...townDesk, areaCode: '500112143' }
    expect((await help.api.call('GET', '/api/helper-coverage', elsewhere)).body).toEqual({ rows: [] })
  })

  it('counts no household as helped whose helper has left', async () => {
    await using help = await openHelpedMarket(dialect)
    const coverage = async () => (await help.api.call('GET', '/api/helper-coverage', townDesk)).body
    const change = (isActive: boolean, roles: readonly Role[]) =>
      help.database.run((ctx) =>
        changeAccess(ctx, { byAccountId: operator.accountId, accountId: help.helper.accountId, isActive, roles }),
      )
    await help.database.run((ctx) => seedAccount(ctx, '管理员', 'admin'))

    const before = await coverage()
    await change(false, ['helper'])
    const closed = await coverage()
    await change(true, ['buyer'])
    const otherwise = await coverage()

    expect([before, closed, otherwise]).toMatchObject([
      { rows: [{ households: 3, withHelper: 2 }] },
      { rows: [{ households: 3, withHelper: 0 }] },
      { rows: [{ households: 3, withHelper: 0 }] },
    ])
  })

  it('offers whoever may help to be bound, also who helps nobody yet, by name', async () => {
    await using help = await openHelpedMarket(dialect)
    const newcomer = await help.database.run((ctx) => seedAccount(ctx, '钱帮扶', 'helper'))
    const other = await help.database.run((ctx) => seedAccount(ctx, '孙帮手', 'helper'))
    await help.database.run((ctx) => seedAccount(ctx, '李帮扶', 'operator'))
    const closed = { byAccountId: operator.accountId, accountId: other, isActive: false }
    await help.database.run((ctx) => seedAccount(ctx, '管理员', 'admin'))
    await help.database.run((ctx) => changeAccess(ctx, closed))
    const list = async (query: string) => (await help.api.call('GET', `/api/helper-candidates${query}`, townDesk)).body

    const all = await list('')
    const first = (await list('?limit=1')) as { nextCursor?: string }
    const second = await list(`?limit=1&cursor=${first.nextCursor ?? ''}`)
    const found = await list(`?search=${encodeURIComponent('钱')}`)

    const known = { helperAccountId: help.helper.accountId, name: '赵帮扶', households: 2 }
    const fresh = { helperAccountId: newcomer, name: '钱帮扶', households: 0 }
    expect(all).toEqual({ rows: [known, fresh] })
    expect([first, second]).toMatchObject([{ rows: [known] }, { rows: [fresh] }])
    expect(found).toEqual({ rows: [fresh] })
    const bound = { helperAccountId: newcomer, unitName: '区农业农村委', reason: '新结对' }
    expect((await help.api.call('PUT', `/api/households/${householdCode(3)}/helper`, townDesk, bound)).status).toBe(200)
  })

  it('shows a desk of what a helper does only the calls on its own households', async () => {
    await using help = await openHelpedMarket(dialect)
    const { database, helper } = help
    const elsewhere = '5001121432010001'
    await database.run(function* (ctx) {
      const village = { villageCode: elsewhere.slice(0, 12), name: '演示村', townCode: '500112143' }
      yield* enterVillages(ctx, [{ ...village, townName: '洛碛镇' }])
      const facts = { householdCode: elsewhere, headName: '演示户', population: 2, kind: 'EXITED' as const }
      const bound = { helperAccountId: helper.accountId, helperName: '赵帮扶', helperUnit: '区教委' }
      yield* enterHouseholds(ctx, [{ ...facts, ...bound }])
    })
    await help.visit(1, 'HOME')

    const own = await help.api.call('GET', '/api/helpers', townDesk)
    const other = await help.api.call('GET', '/api/helpers', { ...townDesk, areaCode: '500112143' })

    expect(own.body).toMatchObject({ rows: [{ households: 2, visits: 1, lastVisitAtMs: help.clock.now() }] })
    expect(other.body).toEqual({
      rows: [{ helperAccountId: helper.accountId, name: '赵帮扶', households: 1, visits: 0 }],
    })
  })
})
