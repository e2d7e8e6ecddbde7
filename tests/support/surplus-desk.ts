// A surplus desk over HTTP with the people who work at it, on the market's households.
import { findHouseholdIncome } from '#server/households/list-households.ts'
import { startCommerceApi } from './commerce-api.ts'
import type { Caller } from './commerce-api.ts'
import { householdCode, openMarket, villageCode } from './market.ts'
import { TestClock } from './test-clock.ts'
import { openTestDatabase } from './test-database.ts'
import type { dialects } from './test-database.ts'

export const accountId = '01900000-0000-7000-8000-0000000000aa'
export const districtDesk = { accountId, roles: ['desk'], areaCode: '500112' } as const
export const townDesk = { accountId, roles: ['desk'], areaCode: villageCode.slice(0, 9) } as const
export const finance = { accountId, roles: ['finance'] } as const
export const farmer = (serial: number) =>
  ({ accountId, roles: ['farmer'], householdCode: householdCode(serial) }) as const
export const dayMs = 86_400_000
export const kg = (massKg: number) => massKg * 1_000_000
export const page = { limit: 50 }

export async function openDesk(dialect: (typeof dialects)[number]) {
  const clock = new TestClock()
  const database = await openTestDatabase(dialect, { clock })
  await openMarket(database, clock)
  const api = await startCommerceApi(database)
  /** A millisecond between calls, so that ids keep their order. */
  const body = async (call: Promise<{ body: unknown }>) => {
    const { body: said } = await call
    clock.advance(1)
    return said as Record<string, unknown>
  }
  return {
    clock,
    database,
    api,
    async open(serial: number, massKg: number, who: Caller = farmer(serial)) {
      const notice = {
        householdCode: householdCode(serial),
        productName: '时令蔬菜',
        category: 'vegetable',
        massMg: kg(massKg),
        deadlineAtMs: clock.now() + 10 * dayMs,
      }
      return String((await body(api.call('POST', '/api/surplus/notices', who, notice)))['noticeId'])
    },
    agree: (channel: string, buyerName: string, pricePerKgFen: number, lines: object[], who: Caller = districtDesk) =>
      api.call('POST', '/api/surplus/orders', who, { channel, buyerName, pricePerKgFen, lines }),
    async sell(channel: string, buyerName: string, pricePerKgFen: number, lines: object[]) {
      const order = await body(this.agree(channel, buyerName, pricePerKgFen, lines))
      const path = `/api/surplus/orders/${String(order['orderId'])}/delivery`
      return await body(api.call('POST', path, finance))
    },
    notice: (noticeId: string, who: Caller = districtDesk) =>
      body(api.call('GET', `/api/surplus/notices/${noticeId}`, who)),
    desk: (who: Caller = districtDesk) => body(api.call('GET', '/api/surplus/desk', who)),
    income: (serial: number) =>
      database.read((ctx) =>
        findHouseholdIncome(
          ctx,
          { accountId, roles: ['admin'], householdCode: undefined, areaCode: undefined },
          householdCode(serial),
          page,
        ),
      ),
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]()
      await database.close()
    },
  }
}
