import { describe, expect, it } from 'vitest'
import type { HostSite } from '#shared/contracts/http/cabinets.ts'
import type { z } from 'zod'
import { startCommerceApi } from '#tests/support/commerce-api.ts'
import { openMarket } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const operator = { accountId: '01900000-0000-7000-8000-0000000000aa', roles: ['operator'] } as const
const table = (...lines: string[]) => new TextEncoder().encode(['柜机编号,经度,纬度', ...lines].join('\n'))
const imports = '/api/host-sites/places/imports'

async function sitesOf(api: Awaited<ReturnType<typeof startCommerceApi>>): Promise<Array<z.infer<typeof HostSite>>> {
  const reply = await api.call('GET', '/api/host-sites', operator)
  return (reply.body as { rows: Array<z.infer<typeof HostSite>> }).rows
}

describe.each(dialects)('places of host sites on %s', (dialect) => {
  it('are said by hand and by a table, which counts what it changed', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await openMarket(database, clock)
    await using api = await startCommerceApi(database, clock)
    const [site] = await sitesOf(api)
    const place = { lonMicrodeg: 106_631_000, latMicrodeg: 29_718_000 }

    const put = await api.call('PUT', `/api/host-sites/${site?.hostSiteId}/place`, operator, place)
    const imported = await api.call('POST', imports, operator, table('YB-0001,106.8°E,29.685'))
    const again = await api.call('POST', imports, operator, table('YB-0001,106.8,29.685'))

    expect(put).toMatchObject({ status: 200, body: { place } })
    expect(imported.body).toEqual({ rows: 1, changed: 1 })
    expect(again.body).toEqual({ rows: 1, changed: 0 })
    expect((await sitesOf(api))[0]?.place).toEqual({ lonMicrodeg: 106_800_000, latMicrodeg: 29_685_000 })
  })

  it.each([
    ['swapped figures', 'YB-0001,29.718,106.631', '经度'],
    ['a code that nobody has', 'YB-7777,106.6,29.7', '柜机编号'],
    ['no number', 'YB-0001,east,29.7', '经度'],
  ])('are refused whole with row and column: %s', async (_name, line, column) => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await openMarket(database, clock)
    await using api = await startCommerceApi(database, clock)

    const reply = await api.call('POST', imports, operator, table('YB-0001,106.631,29.718', line))

    expect(reply).toMatchObject({ status: 422 })
    expect(JSON.stringify(reply.body)).toContain(column)
    expect((await sitesOf(api))[0]?.place).toBeUndefined()
  })

  it('are not taken for a site twice with different figures, nor for one that there is not', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await openMarket(database, clock)
    await using api = await startCommerceApi(database, clock)

    const twice = await api.call('POST', imports, operator, table('YB-0001,106.6,29.7', 'YB-0001,106.7,29.7'))
    const unknown = await api.call('PUT', `/api/host-sites/${operator.accountId}/place`, operator, {
      lonMicrodeg: 106_631_000,
      latMicrodeg: 29_718_000,
    })

    expect(twice.status).toBe(422)
    expect(unknown).toMatchObject({ status: 404, body: { code: 'host_site.unknown' } })
  })
})
