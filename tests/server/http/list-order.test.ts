// Every list that can be sorted, by every order of its contract: page by page forwards it is what the opposite order is backwards.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { routes } from '#shared/contracts/http/api.ts'
import type { RouteContract } from '#shared/contracts/http/route.ts'
import { openDemoDesk, type DemoDesk } from '#tests/support/demo-desk.ts'

let office: DemoDesk
let cookie = ''

beforeAll(async () => {
  office = await openDemoDesk()
  await office.earn(20, 8_800)
  await office.shelve(3)
  await office.climbLadder()
  const response = await fetch(`${office.url}/api/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: office.url },
    body: JSON.stringify({ login: 'admin', password: 'admin-huinong' }),
  })
  cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? ''
}, 120_000)
afterAll(() => office?.[Symbol.asyncDispose]())

/** The orders of a list, each beside its opposite; none for a list that has but one. */
function ordersOf({ query }: RouteContract): Array<readonly [string, string]> {
  const order = query instanceof z.ZodObject ? (query.shape['order'] as z.ZodType | undefined) : undefined
  const options = order instanceof z.ZodDefault ? (order.unwrap() as z.ZodEnum).options.map(String) : []
  return options.flatMap((option, index) => (index % 2 === 0 ? [[option, options[index + 1] ?? ''] as const] : []))
}

const pageSize = 3

async function readAll(path: string, order: string): Promise<unknown[]> {
  const all: unknown[] = []
  let cursor = ''
  do {
    const page = await fetch(
      `${office.url}${path}?limit=${pageSize}&order=${order}&cursor=${cursor}`.replace(/&cursor=$/, ''),
      {
        headers: { cookie },
      },
    )
    const body = (await page.json()) as { rows: unknown[]; nextCursor?: string }
    expect([path, page.status]).toEqual([path, 200])
    all.push(...body.rows)
    cursor = body.nextCursor ?? ''
  } while (cursor !== '' && all.length < 60)
  return all
}

const lists = routes.filter(
  (route) =>
    route.method === 'GET' &&
    !route.path.includes(':') &&
    ordersOf(route).length > 0 &&
    route.query?.safeParse({}).success === true,
)

describe('a list that can be sorted', () => {
  it('is one of many', () => {
    expect(lists.length).toBeGreaterThan(20)
  })

  it('holds the same rows the other way round', async () => {
    const long: string[] = []
    for (const route of lists)
      for (const [order, opposite] of ordersOf(route)) {
        const rows = await readAll(route.path, order)
        if (rows.length >= 60) continue
        if (rows.length > pageSize) long.push(`${route.path} ${order}`)
        expect([route.path, order, await readAll(route.path, opposite)]).toEqual([route.path, order, rows.toReversed()])
      }
    expect(long).toEqual(expect.arrayContaining(['/api/lots newest', '/api/lots expires-soonest', '/api/audit newest']))
  }, 60_000)
})
