import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { CabinetConfig, type ReportedTwin } from '#shared/contracts/mqtt/twin.ts'
import type { LiveMessage } from '#shared/contracts/mqtt/live.ts'
import { AgentWorld, makeTwin, priceFen } from '#tests/support/agent-world.ts'

async function closedPortUrl(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `mqtt://127.0.0.1:${port}`
}

describe('the twin', () => {
  it('takes prices over between sessions only, and refuses a price agreed on before', async () => {
    await using world = await AgentWorld.stocked()
    await world.replyTo(world.unlock())
    world.broker.send('desired', makeTwin(2, world.skuIds))
    await world.pass(2_000)
    const during = world.reported?.desiredVersion
    await world.until(() => world.reported?.desiredVersion === 2, 'twin 2')
    const stale = await world.replyTo(world.unlock(world.id(), 1))
    const fresh = await world.replyTo(world.unlock(world.id(), 2))

    expect(during).toBe(1)
    expect(stale).toMatchObject({ outcome: 'refused', reason: 'stale_planogram' })
    expect(fresh.outcome).toBe('done')
  })

  it('is reported again only when something of it has changed', async () => {
    await using world = await AgentWorld.stocked()
    const reports = () => world.broker.messages.filter(({ channel }) => channel === 'reported').length
    await world.pass(5_000)
    const before = reports()

    await world.replyTo(world.unlock(world.id(), 7))
    await world.pass(5_000)
    const afterRefusal = reports()
    world.cabinet.turnKey()
    world.cabinet.openDoor()
    await world.until(() => world.reported?.doorState === 'open', 'the open door')

    expect(afterRefusal).toBe(before)
  })

  it.each([
    ['has taken over', (skus: string[]) => makeTwin(2, skus)],
    ['has rejected', (skus: string[]) => ({ ...makeTwin(2, skus), prices: { version: 2, prices: {} } })],
  ] as const)('is reported again when the server brings one that it %s', async (_name, make) => {
    await using world = await AgentWorld.stocked()
    const answers = () =>
      world.broker.messages.filter(({ channel, body }) => {
        if (channel !== 'reported') return false
        const { desiredVersion, rejected } = body as ReportedTwin
        return [desiredVersion, rejected?.desiredVersion].includes(2)
      }).length
    world.broker.send('desired', make([...world.skuIds]))
    await world.until(() => answers() > 0, 'the answer')
    await world.pass(5_000)
    const before = answers()

    // The server knows a report from before: one that was late has overtaken the answer.
    world.broker.send('desired', make([...world.skuIds]))
    await world.until(() => answers() > before, 'the answer again')
    await world.pass(5_000)

    expect(answers()).toBe(before + 1)
  })

  it('prices the cart of an open door as was agreed, whatever prices come meanwhile', async () => {
    await using world = await AgentWorld.stocked()
    const sessionId = world.id()
    const total = () => world.broker.last<LiveMessage>('live')?.totalFen
    const twin = makeTwin(2, world.skuIds)
    const dearer = Object.fromEntries(world.skuIds.map((skuId) => [skuId, 3 * priceFen]))
    await world.replyTo(world.unlock(sessionId))
    world.cabinet.openDoor()
    await world.pass(1_000)
    world.cabinet.take('L01')
    await world.until(() => total() === priceFen, 'the cart')

    world.broker.send('desired', { ...twin, prices: { version: 2, prices: dearer } })
    await world.pass(2_500)
    world.cabinet.take('L01')
    await world.until(() => total() === 2 * priceFen, 'the second piece')
    world.cabinet.closeDoor()
    await world.until(() => world.reported?.pricesVersion === 2, 'the new prices')

    const bill = world.broker.committed.find((entry) => entry.type === 'session.settled')
    expect(bill?.body).toMatchObject({ versions: { prices: 1 }, lines: [{ count: 2, shownPriceFen: priceFen }] })
  })

  it('lets a buyer finish whose lane is locked while the door is open, and sells nothing more from it', async () => {
    await using world = await AgentWorld.stocked()
    const sessionId = world.id()
    const total = () => world.broker.last<LiveMessage>('live')?.totalFen
    await world.replyTo(world.unlock(sessionId))
    world.cabinet.openDoor()
    await world.pass(1_000)
    world.cabinet.take('L01')
    await world.until(() => total() === priceFen, 'the cart')

    const fromMs = world.clock.now()
    const lockedLanes = ['L01', 'L02'].map((laneId) => ({ laneId, reason: 'recalled' as const, fromMs }))
    world.broker.send('desired', { ...makeTwin(1, world.skuIds), version: 2, lockedLanes })
    await world.until(() => world.reported?.lockedLaneIds?.length === 2, 'the locks')
    const during = total()
    world.cabinet.closeDoor()
    await world.until(() => world.eventsOf(sessionId).includes('session.settled'), 'the bill')

    expect(during).toBe(priceFen)
    expect(await world.replyTo(world.unlock(world.id(), 1))).toMatchObject({ reason: 'lanes_locked' })
  })

  it.each([
    ['a lane without a scale', (skus: string[]) => makeTwin(2, [...skus, ...skus]), /no scale/],
    [
      'a lane without a price',
      (skus: string[]) => ({ ...makeTwin(2, skus), prices: { version: 2, prices: {} } }),
      /no price/,
    ],
    [
      'an alarm before the prompt',
      (skus: string[]) => ({
        ...makeTwin(2, skus),
        config: CabinetConfig.parse({ doorOpenPromptMs: 60_000, doorOpenAlarmMs: 10_000 }),
      }),
      /prompt/,
    ],
    ['no planogram at all', () => ({ version: 2 }), /planogram/],
  ] as const)('rejects %s whole, and says so', async (_name, spoil, reason) => {
    await using world = await AgentWorld.start()

    world.broker.send('desired', spoil([...world.skuIds]))
    await world.until(() => world.reported?.rejected !== undefined, 'the rejection')

    expect(world.reported).toMatchObject({ desiredVersion: 1, rejected: { desiredVersion: 2 } })
    expect(world.reported?.rejected?.reason).toMatch(reason)
  })

  it('holds locks at once and from a twin it otherwise refuses, and sells nothing when all lanes are locked', async () => {
    await using world = await AgentWorld.stocked()
    // By the server's clock, which is ahead of this one.
    const fromMs = world.clock.now() + 240_000
    const lockedLanes = ['L01', 'L02'].map((laneId) => ({ laneId, reason: 'recalled' as const, fromMs }))
    world.broker.send('desired', { ...makeTwin(2, world.skuIds), prices: { version: 2, prices: {} }, lockedLanes })
    await world.until(() => world.reported?.lockedLaneIds?.length === 2, 'the locks')
    const refused = await world.replyTo(world.unlock())

    expect(world.reported).toMatchObject({ desiredVersion: 1, rejected: { desiredVersion: 2 } })
    expect(refused).toMatchObject({ outcome: 'refused', reason: 'lanes_locked' })

    await world.cutPower()
    await world.boot()
    await world.until(() => world.agent?.isConnected === true, 'the link')
    expect(await world.replyTo(world.unlock())).toMatchObject({ outcome: 'refused', reason: 'lanes_locked' })
  })

  it('begins a lock that was told ahead without the server', async () => {
    await using world = await AgentWorld.stocked()
    const fromMs = world.clock.now() + 60_000
    const lockedLanes = ['L01', 'L02'].map((laneId) => ({ laneId, reason: 'expired' as const, fromMs }))
    world.broker.send('desired', { ...makeTwin(2, world.skuIds), lockedLanes })
    await world.until(() => world.reported?.desiredVersion === 2, 'twin 2')
    expect(world.reported?.lockedLaneIds).toEqual([])

    await world.pass(60_000)

    expect(await world.replyTo(world.unlock(world.id(), 2))).toMatchObject({ reason: 'lanes_locked' })
  })

  it('takes back a change that cuts the link off, by itself', async () => {
    await using world = await AgentWorld.start()
    world.broker.minKeepaliveS = 20

    world.broker.send('desired', makeTwin(2, world.skuIds, { heartbeatIntervalMs: 5_000 }))
    await world.until(() => world.broker.types().includes('twin.reverted'), 'the way back', 120_000)
    await world.until(() => world.reported?.rejected?.desiredVersion === 2, 'the report')

    expect(world.reported?.config.heartbeatIntervalMs).toBe(30_000)
  })

  it('keeps a change of the link once the server was heard over it', async () => {
    await using world = await AgentWorld.start()

    world.broker.send('desired', makeTwin(2, world.skuIds, { heartbeatIntervalMs: 10_000 }))
    await world.until(() => world.reported?.config.heartbeatIntervalMs === 10_000, 'the change')
    await world.pass(90_000)

    expect(world.reported?.config.heartbeatIntervalMs).toBe(10_000)
    expect(world.broker.types()).not.toContain('twin.reverted')
  })

  it('comes back from the address of a broker that is not there', async () => {
    await using world = await AgentWorld.start()
    // Nobody listens on the port that a closed server had.
    const mqttUrl = await closedPortUrl()

    world.broker.send('desired', makeTwin(2, world.skuIds, { mqttUrl }))
    await world.until(() => world.agent?.isConnected === false, 'the cut')
    await world.until(() => world.broker.types().includes('twin.reverted'), 'the way back', 120_000)
    await world.until(() => world.reported?.rejected?.desiredVersion === 2, 'the report')

    expect(world.reported).toMatchObject({ config: { mqttUrl: null }, rejected: { code: 'link_lost' } })
    expect(world.agent?.isConnected).toBe(true)
  })

  it('refuses a twin older than the one it holds, with a code, and changes nothing', async () => {
    await using world = await AgentWorld.start()
    world.broker.send('desired', makeTwin(5, world.skuIds))
    await world.until(() => world.reported?.desiredVersion === 5, 'twin 5')

    world.broker.send('desired', makeTwin(4, world.skuIds))
    await world.until(() => world.reported?.rejected !== undefined, 'the refusal')

    expect(world.reported).toMatchObject({ desiredVersion: 5, rejected: { desiredVersion: 4, code: 'stale_version' } })
  })

  it('goes on with a trial that a power cut interrupts', async () => {
    await using world = await AgentWorld.start()
    world.broker.minKeepaliveS = 20
    world.broker.send('desired', makeTwin(2, world.skuIds, { heartbeatIntervalMs: 5_000 }))
    await world.until(() => world.agent?.isConnected === false, 'the cut')
    await world.cutPower()

    await world.boot()
    await world.until(() => world.broker.types().includes('twin.reverted'), 'the way back', 120_000)

    expect(world.broker.types()).toContain('twin.reverted')
  })

  it('changes only what a set-config command names', async () => {
    await using world = await AgentWorld.start()
    world.broker.send('desired', makeTwin(2, world.skuIds, { noOpenTimeoutMs: 20_000 }))
    await world.until(() => world.reported?.desiredVersion === 2, 'twin 2')

    const done = await world.replyTo(world.command('set-config', { config: { settleTimeoutMs: 6_000 } }))
    const refused = await world.replyTo(world.command('set-config', { config: { doorOpenAlarmMs: 10_000 } }))
    await world.pass(1_000)

    expect(done.outcome).toBe('done')
    expect(refused).toMatchObject({ outcome: 'refused', reason: 'invalid_config' })
    expect(world.reported?.config).toMatchObject({ noOpenTimeoutMs: 20_000, settleTimeoutMs: 6_000 })
  })
})
