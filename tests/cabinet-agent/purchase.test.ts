import { describe, expect, it } from 'vitest'
import { AgentWorld, priceFen } from '#tests/support/agent-world.ts'
import type { LiveMessage } from '#shared/contracts/mqtt/live.ts'

describe('an agent on virtual boards', () => {
  it('sells two pieces: cart while the door is open, one bill, stock that follows', async () => {
    await using world = await AgentWorld.stocked()

    const sessionId = await world.shop('L01', 2)
    const live = world.broker.last<LiveMessage>('live')
    await world.until(() => world.eventsOf(sessionId).includes('session.settled'), 'a bill')
    await world.pass(500)

    expect(live).toMatchObject({ sessionId, totalFen: 2 * priceFen })
    expect(world.eventsOf(sessionId)).toEqual(['session.started', 'door.opened', 'door.closed', 'session.settled'])
    const settled = world.broker.committed.find((entry) => entry.type === 'session.settled')
    expect(settled?.body).toMatchObject({
      lines: [{ laneId: 'L01', skuId: world.skuIds[0], mode: 'piece', count: 2, shownPriceFen: priceFen }],
    })
    expect(world.reported?.lanes[0]?.count).toBe(6)
    expect(world.cabinet.unlockPulses).toBe(2)
  })

  it('learns the unit weight at restock and doubts a count that does not fit', async () => {
    await using world = await AgentWorld.stocked()
    const lane = world.reported?.lanes[1]
    const loads = [{ laneId: 'L02', lotId: world.id(), skuId: world.skuIds[1], count: 12, isReplacement: true }]

    await world.replyTo(world.command('restock-open', { sessionId: world.id(), restockerId: world.id(), loads }))
    world.cabinet.openDoor()
    await world.pass(1_500)
    world.cabinet.closeDoor()
    await world.until(() => world.broker.types().filter((type) => type === 'restock.completed').length === 2, 'restock')

    expect(lane).toMatchObject({ count: 8 })
    expect(Math.abs((lane?.unitMassMg ?? 0) - 1_000_000)).toBeLessThan(5_000)
    const last = world.broker.committed.findLast((entry) => entry.type === 'restock.completed')
    expect(last?.body['lanes']).toMatchObject([{ laneId: 'L02', countAfter: 12, isCountDoubtful: true }])
  })

  it('bills who opens after a power cut while the bolt is drawn still', async () => {
    await using world = await AgentWorld.stocked()
    const sessionId = world.id()
    world.unlock(sessionId)
    await world.until(() => world.cabinet.unlockPulses === 2, 'the lock')
    await world.cutPower()
    await world.boot()
    await world.pass(4_000)

    expect(world.cabinet.openDoor()).toBe(true)
    await world.pass(1_000)
    world.cabinet.take('L01')
    await world.pass(2_500)
    world.cabinet.closeDoor()
    await world.until(() => world.eventsOf(sessionId).includes('session.settled'), 'a bill')

    const settled = world.broker.committed.findLast((entry) => entry.type === 'session.settled')
    expect(settled?.body).toMatchObject({ sessionId, lines: [{ laneId: 'L01', count: 1 }] })
    expect(world.broker.types()).not.toContain('door.forced')
  })

  it('tells a door that is opened with a key', async () => {
    await using world = await AgentWorld.start()

    world.cabinet.turnKey()
    world.cabinet.openDoor()
    await world.until(() => world.broker.types().includes('door.forced'), 'door.forced')
    await world.pass(500)
    const alarms = world.reported?.alarms
    world.cabinet.closeDoor()
    await world.until(() => world.broker.types().includes('alarm.cleared'), 'the end of the alarm')

    expect(alarms).toContain('door_forced')
  })

  it('prompts after a minute and alarms after three', async () => {
    await using world = await AgentWorld.stocked()

    await world.replyTo(world.unlock())
    world.cabinet.openDoor()
    await world.until(
      () => world.broker.types().filter((type) => type === 'door.open_too_long').length === 2,
      'alarm',
      190_000,
    )
    await world.pass(500)

    expect(world.reported?.alarms).toContain('door_open')
    expect(world.broker.last<LiveMessage>('live')?.notices).toContainEqual({ kind: 'door_open_long' })
  })
})

describe('board faults', () => {
  it('refuses a sale while a scale is silent, and sells again when it is back', async () => {
    await using world = await AgentWorld.stocked()

    world.cabinet.setFault({ kind: 'board-silent', board: 'L01' })
    await world.until(() => world.reported?.lanes[0]?.isFaulty === true, 'a faulty lane')
    const refused = await world.replyTo(world.unlock())
    await world.until(() => world.broker.types().includes('device.offline'), 'device.offline', 60_000)
    world.cabinet.clearFaults()
    await world.until(() => world.reported?.lanes[0]?.isFaulty === false, 'a good lane', 60_000)
    const sessionId = await world.shop('L01', 1)
    await world.until(() => world.eventsOf(sessionId).includes('session.settled'), 'a bill')

    expect(refused).toMatchObject({ outcome: 'refused', reason: 'scale_fault' })
    expect(world.broker.types()).toContain('device.online')
  })

  it.each([
    ['overloaded', { kind: 'out-of-range', laneId: 'L01', fault: 'overload' }],
    ['unplugged', { kind: 'cut-mid-frame', line: 'scales' }],
  ] as const)('asks a person when a scale is %s before the door closes', async (_name, fault) => {
    await using world = await AgentWorld.stocked()
    const sessionId = world.id()

    await world.replyTo(world.unlock(sessionId))
    world.cabinet.openDoor()
    await world.pass(1_000)
    world.cabinet.take('L01')
    world.cabinet.setFault(fault)
    await world.pass(1_000)
    world.cabinet.closeDoor()
    await world.until(() => world.eventsOf(sessionId).includes('session.review'), 'a review')

    expect(world.eventsOf(sessionId)).not.toContain('session.settled')
  })

  it('does not open a jammed lock, says so, and bills nothing', async () => {
    await using world = await AgentWorld.stocked()
    const sessionId = world.id()
    world.cabinet.setFault({ kind: 'lock-jammed' })

    const reply = await world.replyTo(world.unlock(sessionId))
    await world.until(() => world.eventsOf(sessionId).includes('session.not_opened'), 'its end')

    expect(reply).toMatchObject({ outcome: 'failed', reason: 'not_opened' })
  })

  it('never fires a silent lock board twice', async () => {
    await using world = await AgentWorld.stocked()
    const before = world.cabinet.unlockPulses
    const sessionId = world.id()
    world.unlock(sessionId)
    world.cabinet.setFault({ kind: 'board-silent', board: 'lock' })

    await world.until(
      () => world.eventsOf(sessionId).some((type) => /not_opened|review|refused/.test(type)),
      'its end',
      60_000,
    )

    expect(world.cabinet.unlockPulses - before).toBeLessThanOrEqual(1)
  })
})
