import { describe, expect, it } from 'vitest'
import type { EventBody } from '#shared/contracts/mqtt/event.ts'
import { AgentWorld, unitMg } from '#tests/support/agent-world.ts'

const dayMs = 86_400_000

/** A day goes by and every piece of a lane is lighter by a part of itself; nobody weighs anything meanwhile. */
async function dryForADay(world: AgentWorld, laneId: string, part: number): Promise<void> {
  const { cabinet, clock } = world
  await world.cutPower()
  cabinet.turnKey()
  cabinet.openDoor()
  for (const { itemId, massMg } of cabinet.view().find((lane) => lane.laneId === laneId)?.items ?? []) {
    cabinet.take(laneId, itemId)
    cabinet.put(laneId, { itemId, massMg: Math.round(massMg * (1 - part)) })
  }
  cabinet.closeDoor()
  clock.setWall(clock.now() + dayMs)
  await world.boot()
  await world.pass(10_000)
}

const driedIn = (world: AgentWorld) =>
  world.broker.committed
    .filter(({ type }) => type === 'stock.dried')
    .map(({ body }) => body as unknown as EventBody<'stock.dried'>)

describe('goods that dry on the shelf', () => {
  it('are told as lost water, not billed to the next buyer, and teach how their SKU dries', async () => {
    await using world = await AgentWorld.stocked()
    await dryForADay(world, 'L01', 0.02)

    const sessionId = await world.shop('L01', 1)
    await world.until(() => world.eventsOf(sessionId).includes('session.settled'), 'a bill')

    const lostMg = 8 * unitMg * 0.02
    const [dried] = driedIn(world)
    const lane = dried?.lanes.find(({ laneId }) => laneId === 'L01')
    const rate = dried?.rates.find(({ skuId }) => skuId === world.skuIds[0])
    expect(world.broker.committed.find(({ type }) => type === 'session.settled')?.body).toMatchObject({
      lines: [{ laneId: 'L01', count: 1 }],
    })
    expect(dried).toMatchObject({ sessionId })
    expect(Math.abs((lane?.lostMg ?? 0) - lostMg)).toBeLessThan(0.1 * lostMg)
    expect((lane?.untilMs ?? 0) - (lane?.sinceMs ?? 0)).toBeGreaterThan(dayMs)
    expect(rate?.ppmPerHour).toBeGreaterThan(700)
    expect(rate?.sdPpmPerHour).toBeLessThan(500)
  })

  it('are told once, and what was learned outlives the power', async () => {
    await using world = await AgentWorld.stocked()
    await dryForADay(world, 'L01', 0.02)
    const first = await world.shop('L01', 1)
    await world.until(() => world.eventsOf(first).includes('session.settled'), 'a bill')
    await world.pass(2_000)
    const second = await world.shop('L01', 1)
    await world.until(() => world.eventsOf(second).includes('session.settled'), 'a bill')
    expect(
      driedIn(world)
        .flatMap(({ lanes }) => lanes)
        .filter(({ laneId }) => laneId === 'L01'),
    ).toHaveLength(1)

    await dryForADay(world, 'L01', 0.02)
    const third = await world.shop('L01', 1)
    await world.until(() => world.eventsOf(third).includes('session.settled'), 'a bill')

    const rates = driedIn(world).map((body) => body.rates.find(({ skuId }) => skuId === world.skuIds[0]))
    expect(rates.map((rate) => rate?.looks)).toEqual([1, 3])
    expect(rates[1]?.sdPpmPerHour).toBeLessThan(rates[0]?.sdPpmPerHour ?? 0)
  })
})
