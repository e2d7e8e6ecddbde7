// A server with a day of sales behind it: a market over the server's own database, a purchase, and the day published.
import type { Logger } from 'pino'
import { publishDays } from '#server/disclosure/publish-day.ts'
import type { Dialect } from '#server/db/kit.ts'
import { nouns } from '#server/nouns.ts'
import { openMarket, settled, type Market } from './market.ts'
import { startServer, type TestServer } from './start-server.ts'
import { TestClock } from './test-clock.ts'

const dayMs = 86_400_000

export interface DisclosedMarket extends AsyncDisposable {
  readonly server: TestServer
  readonly market: Market
  readonly clock: TestClock
  /** The session whose receipt has parts of three households. */
  readonly sessionId: string
  sell(count: number): Promise<string>
  /** Lets a day pass and publishes what is over. */
  publishNextDay(): Promise<readonly string[]>
}

export async function startDisclosedMarket(
  dialect: Dialect,
  { logger }: { readonly logger?: Logger } = {},
): Promise<DisclosedMarket> {
  const clock = new TestClock()
  // Without jobs: the days are published when the test says so.
  const withoutJobs = nouns.map((noun) => ({ ...noun, jobs: [] }))
  const server = await startServer({ dialect, clock, nouns: withoutJobs, ...(logger === undefined ? {} : { logger }) })
  const { ctx } = server.app
  const market = await openMarket(ctx.database, clock)
  const sell = async (count: number) => {
    clock.advance(1_000)
    const sessionId = await market.open()
    await market.tell('session.settled', settled(market, sessionId, { count }))
    return sessionId
  }
  const sessionId = await sell(1)
  const publishNextDay = () => {
    clock.advance(dayMs)
    return publishDays(ctx)
  }
  return {
    server,
    market,
    clock,
    sessionId,
    sell,
    publishNextDay,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
