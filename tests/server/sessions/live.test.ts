import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import type { WebSocket } from 'ws'
import type { LiveUpdate } from '#shared/contracts/http/sessions.ts'
import type { LiveMessage } from '#shared/contracts/mqtt/live.ts'
import type { ServerContext } from '#server/context.ts'
import { LiveHub } from '#server/http/live-hub.ts'
import { Metrics } from '#server/http/metrics.ts'
import { publishReceipt } from '#server/sessions/publish-receipt.ts'
import { makeLiveRelay } from '#server/sessions/relay-live.ts'
import { openMarket, settled, type Market } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { openTestDatabase } from '#tests/support/test-database.ts'

/** A page of an account that notes what it is sent. */
function openPage(hub: LiveHub, accountId: string): LiveUpdate[] {
  const heard: LiveUpdate[] = []
  const socket = Object.assign(new EventEmitter(), {
    bufferedAmount: 0,
    send: (text: string) => void heard.push(JSON.parse(text) as LiveUpdate),
  })
  hub.add(accountId, accountId, socket as unknown as WebSocket)
  return heard
}

const preview = (sessionId: string): LiveMessage => ({
  sessionId,
  atMs: 0,
  stage: 'open',
  cart: [],
  totalFen: 1_280,
  notices: [],
})
const serverOf = (market: Market, hub: LiveHub) => ({ hub, database: market.database }) as ServerContext

describe('live updates', () => {
  it('bring the cart to the session’s buyer, from the session’s cabinet only', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase('sqlite', { clock })
    const market = await openMarket(database, clock)
    const hub = new LiveHub(clock, new Metrics())
    const heard = openPage(hub, market.buyerId)
    const heardByOther = openPage(hub, 'somebody-else')
    const sessionId = await market.open()
    const relay = makeLiveRelay()

    await relay(serverOf(market, hub), 'another-cabinet', preview(sessionId))
    await relay(serverOf(market, hub), market.cabinetId, preview(sessionId))
    await relay(serverOf(market, hub), market.cabinetId, preview('01900000-0000-7000-8000-00000000000a'))

    expect(heard.filter(({ kind }) => kind === 'cart')).toEqual([{ kind: 'cart', live: preview(sessionId) }])
    expect(heardByOther.map(({ kind }) => kind)).toEqual(['hello'])
  })

  it('bring the receipt when the session has one', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase('sqlite', { clock })
    const market = await openMarket(database, clock)
    const hub = new LiveHub(clock, new Metrics())
    const heard = openPage(hub, market.buyerId)
    const sessionId = await market.open()
    const effect = { accountId: market.buyerId, sessionId }

    await publishReceipt(serverOf(market, hub), effect)
    await market.tell('session.settled', settled(market, sessionId, { count: 1 }))
    await publishReceipt(serverOf(market, hub), effect)

    const receipts = heard.filter((update) => update.kind === 'receipt')
    expect(receipts).toMatchObject([{ receipt: { sessionId, totalFen: 1_280 } }])
  })
})
