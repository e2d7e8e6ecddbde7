import { describe, expect, it } from 'vitest'
import { AgentWorld } from '#tests/support/agent-world.ts'

const minuteMs = 60_000
const reset = (world: AgentWorld) =>
  world.command('reset-temperature', { inspectedBy: '张工', note: '已检查，商品完好' })
const isAlarmed = (world: AgentWorld) => world.reported?.alarms.includes('over_temperature') === true

/** Long enough that the thermometer is read again. */
const readingMs = 31_000

/** Read before and after, with so many minutes of the wall clock in between. */
async function passMinutes(world: AgentWorld, minutes: number): Promise<void> {
  await world.pass(readingMs)
  world.clock.setWall(world.clock.now() + minutes * minuteMs)
  await world.pass(readingMs)
}

describe('a cabinet that is too warm', () => {
  it('locks by itself offline, stays locked over a restart, and tells it when the network is back', async () => {
    await using world = await AgentWorld.stocked()
    world.agent?.setNetwork(false)
    world.cabinet.climate.temperatureDeciC = 130

    await passMinutes(world, 31)
    await world.cutPower()
    world.cabinet.climate.temperatureDeciC = 45
    await world.boot()
    await world.until(() => isAlarmed(world), 'the alarm')

    const alarm = world.broker.committed.find(({ type }) => type === 'alarm.raised')
    expect(alarm?.body).toEqual({ alarm: 'over_temperature', detail: '13.0 °C at most' })
    expect(await world.replyTo(world.unlock())).toMatchObject({ outcome: 'refused', reason: 'over_temperature' })
  })

  it('is reset by a named person once it is cool, and only while it is locked', async () => {
    await using world = await AgentWorld.stocked()
    expect(await world.replyTo(reset(world))).toMatchObject({ outcome: 'refused', reason: 'not_locked' })
    world.cabinet.climate.temperatureDeciC = 130
    await passMinutes(world, 31)
    await world.until(() => isAlarmed(world), 'the alarm')
    expect(await world.replyTo(reset(world))).toMatchObject({ outcome: 'refused', reason: 'too_warm' })

    world.cabinet.climate.temperatureDeciC = 45
    await world.pass(readingMs)
    expect(await world.replyTo(world.unlock())).toMatchObject({ reason: 'over_temperature' })
    const done = await world.replyTo(reset(world))
    await world.until(() => !isAlarmed(world), 'the end of the alarm')

    expect(done.outcome).toBe('done')
    expect((await world.replyTo(world.unlock())).outcome).toBe('done')
  })
})
