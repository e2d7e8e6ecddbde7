import { describe, expect, it } from 'vitest'
import { AgentWorld, makeTwin } from '#tests/support/agent-world.ts'

/** Everything is counted; then the second lane is taken off sale and its scale falls silent. */
async function startWithBlindLane(): Promise<AgentWorld> {
  const world = await AgentWorld.stocked()
  const twin = makeTwin(2, world.skuIds)
  const lanes = twin.planogram.lanes.map((lane, index) => ({ ...lane, isOnSale: index === 0 }))
  world.broker.send('desired', { ...twin, planogram: { ...twin.planogram, lanes } })
  await world.until(() => world.reported?.desiredVersion === 2, 'twin 2')
  world.cabinet.setFault({ kind: 'board-silent', board: 'L02' })
  await world.until(() => world.reported?.lanes[1]?.isFaulty === true, 'the fault')
  return world
}

const linesOf = (world: AgentWorld, sessionId: string) =>
  world.broker.committed.find(({ type, body }) => type === 'session.settled' && body['sessionId'] === sessionId)?.body[
    'lines'
  ]

describe('a lane without weights', () => {
  it('that is off sale keeps nobody from buying from the others, nor from the receipt after a power cut', async () => {
    await using world = await startWithBlindLane()
    const sessionId = world.id()
    expect(await world.replyTo(world.unlock(sessionId, 2))).toMatchObject({ outcome: 'done' })
    world.cabinet.openDoor()
    await world.pass(2_000)
    world.cabinet.take('L01')
    await world.pass(2_500)
    world.cabinet.closeDoor()
    await world.until(() => linesOf(world, sessionId) !== undefined, 'the bill')
    expect(linesOf(world, sessionId)).toMatchObject([{ laneId: 'L01', count: 1 }])

    const cut = world.id()
    await world.replyTo(world.unlock(cut, 2))
    world.cabinet.openDoor()
    await world.pass(1_000)
    await world.cutPower()
    world.cabinet.take('L01')
    await world.boot()
    await world.pass(2_500)
    world.cabinet.closeDoor()
    await world.until(() => linesOf(world, cut) !== undefined, 'the bill after the power cut')

    expect(linesOf(world, cut)).toMatchObject([{ laneId: 'L01', count: 1 }])
    expect(world.reported?.lanes[1]).toMatchObject({ count: 8 })
  })

  it('at a restock leaves the lanes that were weighed known: what is sold from them is billed', async () => {
    await using world = await AgentWorld.start()
    world.cabinet.setFault({ kind: 'board-silent', board: 'L02' })
    await world.until(() => world.reported?.lanes[1]?.isFaulty === true, 'the fault')
    const restock = world.id()
    const loads = world.skuIds.map((skuId, index) => {
      const laneId = `L0${index + 1}`
      return { laneId, lotId: world.id(), skuId, count: 8, isReplacement: true }
    })
    await world.replyTo(world.command('restock-open', { sessionId: restock, restockerId: world.id(), loads }))
    world.cabinet.openDoor()
    await world.pass(1_500)
    world.cabinet.closeDoor()
    await world.until(() => world.eventsOf(restock).includes('session.review'), 'the restock’s end')
    await world.until(() => world.reported?.lanes[0]?.count === 8, 'the count')
    expect(world.reported?.lanes[1]).toMatchObject({ count: 0 })

    world.cabinet.clearFaults()
    await world.until(() => world.reported?.lanes[1]?.isFaulty === false, 'the scale')
    const sessionId = await world.shop('L01', 1)
    await world.until(() => linesOf(world, sessionId) !== undefined, 'the bill')

    expect(linesOf(world, sessionId)).toMatchObject([{ laneId: 'L01', count: 1 }])
  })
})
