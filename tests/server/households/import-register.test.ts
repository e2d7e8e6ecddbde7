// The register from a file: new households enter, known ones change with history, wrong files change nothing.
import { describe, expect, it } from 'vitest'
import { rows } from '#server/db/unit.ts'
import { problem, startCommerceApi } from '#tests/support/commerce-api.ts'
import { householdCode, openMarket } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const operator = { accountId: '01900000-0000-7000-8000-0000000000aa', roles: ['operator'] } as const
const path = `/api/households/imports?reason=${encodeURIComponent('2026 年动态调整')}`
const header = '户编号,户主,电话,家庭人口,户类型,识别年度,脱贫年度'
const fileOf = (...lines: string[]) => new TextEncoder().encode([header, ...lines].join('\r\n'))

describe.each(dialects)('the register from a file on %s', (dialect) => {
  it('enters new households and changes known ones, each fact with its history', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await openMarket(database, clock)
    await using api = await startCommerceApi(database)
    clock.advance(1)

    const imported = await api.call(
      'POST',
      path,
      operator,
      fileOf(
        `${householdCode(1)},王甲,,2,脱贫不稳定户,,`,
        `${householdCode(2)},李乙,,2,脱贫户,,`,
        `${householdCode(7)},钱示丰,13800001234,4,边缘易致贫户,2020,`,
      ),
    )

    expect(imported).toMatchObject({ status: 201, body: { entered: 1, changed: 1, unchanged: 1 } })
    const known = await api.call('GET', `/api/households/${householdCode(1)}`, operator)
    expect(known.body).toMatchObject({
      kind: 'UNSTABLE_EXITED',
      population: 2,
      changes: [
        { what: 'kind', previous: 'EXITED', value: 'UNSTABLE_EXITED', reason: '2026 年动态调整' },
        { what: 'population', previous: '1', value: '2' },
        { what: 'kind', value: 'EXITED' },
      ],
    })
    const fresh = await api.call('GET', `/api/households/${householdCode(7)}`, operator)
    expect(fresh.body).toMatchObject({ headName: '钱示丰', phoneMasked: '138****1234', identifiedYear: 2020 })
  })

  it('brings its villages and towns in on an empty register, and renames them', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await using api = await startCommerceApi(database)
    const send = async (...lines: string[]) => {
      clock.advance(1)
      return api.call('POST', path, operator, new TextEncoder().encode([`${header},村,乡镇`, ...lines].join('\r\n')))
    }
    const line = (code: string, village: string, town: string) => `${code},演示户,,4,贫困户,2015,,${village},${town}`
    const [first, second, third] = ['5001121422010001', '5001121422020001', '5001121432010001'] as const

    const unnamed = await send(line(first, '', '大盛镇'))
    const quarrel = await send(line(first, '青龙村', '大盛镇'), line(second, '千盏村', '大胜镇'))
    const entered = await send(
      line(first, '青龙村', '大盛镇'),
      line(second, '千盏村', ''),
      line(third, '演示村', '洛碛镇'),
    )
    const renamed = await send(line(second, '千盏新村', '大盛街道'))
    const alone = await api.call('POST', path, operator, fileOf('5001121422010002,演示户,,1,贫困户,,'))

    expect(problem(unnamed).field).toBe('rows.2.户编号')
    expect(problem(quarrel).field).toBe('rows.3.乡镇')
    expect([entered.body, renamed.body, alone.body]).toMatchObject([{ entered: 3 }, { unchanged: 1 }, { entered: 1 }])
    const villages = await database.read(({ db, tables: { villages: v } }) =>
      rows(db.select().from(v).orderBy(v.villageCode)),
    )
    expect(villages.map(({ name, townCode, townName }) => [name, townCode, townName])).toEqual([
      ['青龙村', '500112142', '大盛街道'],
      ['千盏新村', '500112142', '大盛街道'],
      ['演示村', '500112143', '洛碛镇'],
    ])
  })

  it('changes no phone number that is the one it knows, and one that only looks like it', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await openMarket(database, clock)
    await using api = await startCommerceApi(database)
    const send = async (phone: string, kind = '边缘易致贫户') => {
      clock.advance(1)
      return (await api.call('POST', path, operator, fileOf(`${householdCode(7)},钱示丰,${phone},4,${kind},2020,`)))
        .body
    }

    await send('13800001234')
    const same = await send('13800001234')
    const kindOnly = await send('13800001234', '脱贫户')
    const alike = await send('13877771234', '脱贫户')

    expect(same).toEqual({ entered: 0, changed: 0, unchanged: 1 })
    expect([kindOnly, alike]).toMatchObject([{ changed: 1 }, { changed: 1 }])
    const { body } = await api.call('GET', `/api/households/${householdCode(7)}`, operator)
    expect((body as { changes: Array<{ what: string }> }).changes.map(({ what }) => what)).toEqual([
      'phone',
      'kind',
      'kind',
    ])
  })

  it('is taken all or none, with an error for each wrong row', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await openMarket(database, clock)
    await using api = await startCommerceApi(database)
    const good = `${householdCode(7)},钱示丰,,4,贫困户,2015,`

    const refused = await api.call(
      'POST',
      path,
      operator,
      fileOf(good, '123,孙示,,4,贫困户,,', `${householdCode(8)},周示,12345,0,大户,,`, good),
    )
    const elsewhere = await api.call('POST', path, operator, fileOf(good, '9999999999990001,吴示,,1,贫困户,,'))

    const { errors } = refused.body as { errors: Array<{ field: string }> }
    expect(errors.map(({ field }) => field).toSorted()).toEqual([
      'rows.3.户编号',
      'rows.4.家庭人口',
      'rows.4.户类型',
      'rows.4.电话',
      'rows.5.户编号',
    ])
    expect(problem(elsewhere).field).toBe('rows.3.户编号')
    expect((await api.call('GET', `/api/households/${householdCode(7)}`, operator)).status).toBe(404)
  })

  it('is rehearsed: the same figures as the import, and nothing is kept', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await openMarket(database, clock)
    await using api = await startCommerceApi(database)
    clock.advance(1)
    const file = fileOf(
      `${householdCode(1)},王甲,,2,脱贫不稳定户,,`,
      `${householdCode(7)},钱示丰,,4,边缘易致贫户,2020,`,
    )

    const preview = await api.call('POST', path.replace('imports?', 'imports/preview?'), operator, file)
    const fresh = await api.call('GET', `/api/households/${householdCode(7)}`, operator)
    const imported = await api.call('POST', path, operator, file)

    expect(preview.status).toBe(200)
    expect(fresh.status).toBe(404)
    expect(imported.body).toEqual(preview.body)
  })
})
