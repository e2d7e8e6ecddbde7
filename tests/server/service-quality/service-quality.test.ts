import { describe, expect, it } from 'vitest'
import { Metrics } from '#server/http/metrics.ts'
import { ReceiptTimer } from '#server/mqtt/receipt-timer.ts'
import { measureFleet, measureSales, showMoneyAccuracy, windowMs } from '#server/service-quality/measure-service.ts'
import { showServiceQuality } from '#server/service-quality/routes.ts'
import { readEntry } from '#server/mqtt/journal-entries.ts'
import { JournalWriter } from '#tests/support/journal-writer.ts'
import { openMarket, settled } from '#tests/support/market.ts'
import { startServer } from '#tests/support/start-server.ts'
import { newId, registerCabinet, startCabinet } from '#tests/support/test-cabinet.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

describe.each(dialects)('the quality of service on %s', (dialect) => {
  it('counts doors that opened and sales that needed nobody, over the last day', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const sold = await market.open('key-0001')
    await market.tell('door.opened', { sessionId: sold })
    await market.tell('session.settled', settled(market, sold, { count: 1 }))
    const jammed = await market.open('key-0002')
    await market.tell('session.not_opened', { sessionId: jammed, outcome: 'NOT_OPENED', detail: '' })

    const today = await database.read(measureSales)
    const status = await database.read(showMoneyAccuracy)
    clock.advance(windowMs + 1)
    const tomorrow = await database.read(measureSales)

    expect(today).toEqual({ unlocks: 2, opened: 1, ended: 1, reviewed: 0, settled: 1 })
    expect(status).toEqual({ reconciliations: [], automaticShare: 1, sales: 1 })
    expect(tomorrow).toMatchObject({ unlocks: 0, ended: 0 })
  })

  it('shows live cabinets that are online in the metrics, and no share of nothing', async () => {
    await using server = await startServer({ dialect })
    await registerCabinet(server, 'YB-0001')
    await using online = await startCabinet(server, 'YB-0002')
    await online.publish('presence', { isOnline: true, bootId: online.bootId, atMs: 1 })
    await expect.poll(() => server.app.ctx.database.read(measureFleet)).toEqual({ live: 2, online: 1 })

    await showServiceQuality(server.app.ctx)

    const { text } = (await server.anybody.send('GET', '/metrics')).body
    expect(text).toContain('huinong_service_share{quality="online"} 0.5')
    expect(text).not.toContain('quality="review"')
  })

  it('tells anybody whether the money is accounted for', async () => {
    await using server = await startServer({ dialect })

    const status = await server.anybody.send('GET', '/api/status/money')

    expect(status).toMatchObject({ status: 200, body: { reconciliations: [], sales: 0 } })
    expect(status.body['automaticShare']).toBeUndefined()
  })
})

describe('the time from a closed door to the receipt', () => {
  it('is by this server’s clock, once per sale, and not of a sale that a person looks at', async () => {
    const metrics = new Metrics()
    const timer = new ReceiptTimer(metrics.receiptSeconds)
    const journal = new JournalWriter(newId(), () => 1)
    const at = (type: 'door.closed', receivedAtMs: number) => {
      const read = readEntry(journal.write(type, {}), receivedAtMs)
      if (read === undefined) throw new Error('not an entry')
      return read
    }
    const settledAt = (receivedAtMs: number) => {
      const closed = at('door.closed', receivedAtMs)
      return { ...closed, event: { type: 'session.settled' as const, body: undefined as never } }
    }
    const cabinetId = newId()

    timer.note(cabinetId, [at('door.closed', 1_000)], 1_010)
    timer.note(cabinetId, [settledAt(2_400)], 2_500)
    timer.note(cabinetId, [settledAt(9_000)], 9_100)

    const { values } = await metrics.receiptSeconds.get()
    const figure = (suffix: string) => values.find(({ metricName }) => metricName?.endsWith(suffix) === true)?.value
    expect([figure('_count'), figure('_sum')]).toEqual([1, 1.5])
  })
})
