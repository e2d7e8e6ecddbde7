import { describe, expect, it } from 'vitest'
import type { RestockTask } from '#shared/contracts/http/restock-tasks.ts'
import type { ShoppingSession } from '#shared/contracts/http/open-cabinet.ts'
import { recallLot } from '#server/recalls/recall-lot.ts'
import { bookUnweighed } from '#server/restock-tasks/book-unweighed.ts'
import { countLane } from '#server/stock/count-lane.ts'
import { unitsInLane } from '#server/stock/lane-stock.ts'
import { noEvidence, versions } from '#tests/support/market.ts'
import { openRestockWorld } from '#tests/support/restock-world.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

describe.each(dialects)('a planned lane for which nothing is left to load, on %s', (dialect) => {
  it('that is empty keeps neither the other lanes nor those of other tasks out of the books', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await using world = await openRestockWorld(database, clock)
    const { market, anna, operator, api, newId } = world
    const { cabinetId, cabinetCode, citrus, greens } = market
    const by = { accountId: operator.accountId, name: 'olga' }
    await database.run((ctx) =>
      countLane(ctx, { cabinetId, laneId: 'L02', counts: [], reason: 'sold out', by: by.accountId }),
    )
    const putIn = [
      { laneId: 'L01', lotId: citrus.lotId, count: 3 },
      { laneId: 'L02', lotId: greens.lotId, count: 3 },
    ]
    const order = { cabinetCode, restockerId: anna.accountId, day: world.day, putIn }
    const { taskId } = (await api.call('POST', '/api/restock-tasks', operator, order)).body as RestockTask
    await database.run((ctx) => recallLot(ctx, { lotId: greens.lotId, reason: 'residues', by }))
    const step = () => ({ stepId: newId(), atMs: clock.now() })
    await world.send(anna, taskId, [{ ...step(), kind: 'checked-in', cabinetCode }])
    const { sessionId } = (await world.open(anna, taskId)).body as ShoppingSession
    const lane = () => ({ ...step(), kind: 'lane-done' as const, takenOff: [], photoIds: [] })
    const outcomes = await world.send(anna, taskId, [
      { ...lane(), laneId: 'L01', putIn: [{ lotId: citrus.lotId, count: 3 }], countAfter: 5 },
      { ...lane(), laneId: 'L02', putIn: [], countAfter: 0 },
      { ...step(), kind: 'closed' },
    ])
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['applied', 'applied', 'applied'])
    await market.tell('session.review', {
      sessionId,
      reason: 'lane_fault',
      detail: 'no steady weight from L01',
      lowestLines: [],
      flags: [],
      versions,
      evidence: noEvidence,
    })

    await database.run(bookUnweighed)

    const lots = await database.read((ctx) => unitsInLane(ctx, { cabinetId, laneId: 'L01' }))
    expect(lots.reduce((sum, { units }) => sum + units, 0)).toBe(5)
  })
})
