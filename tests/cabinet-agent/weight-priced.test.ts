import { describe, expect, it } from 'vitest'
import { legalShortfallG } from '#cabinet-agent/weighing/price-goods.ts'
import { eventBodies } from '#shared/contracts/mqtt/event.ts'
import type { CabinetConfig } from '#shared/contracts/mqtt/twin.ts'
import { AgentWorld, makeTwin } from '#tests/support/agent-world.ts'

const fenPerKg = 998
const divisionMg = 100

/** A stocked cabinet whose second lane turns to sale by weight. */
async function startByWeight(config: (world: AgentWorld) => Partial<CabinetConfig>): Promise<AgentWorld> {
  const world = await AgentWorld.stocked()
  const twin = makeTwin(2, world.skuIds, config(world))
  const [, greens] = world.skuIds
  const lanes = twin.planogram.lanes.map((lane) =>
    lane.skuId === greens ? { ...lane, mode: 'weight' as const } : lane,
  )
  const prices = { ...twin.prices, prices: { ...twin.prices.prices, [greens ?? '']: fenPerKg } }
  world.broker.send('desired', { ...twin, planogram: { ...twin.planogram, lanes }, prices })
  await world.until(() => world.reported?.desiredVersion === 2, 'twin 2')
  return world
}

const certified = (world: AgentWorld, forMs: number): Partial<CabinetConfig> => ({
  scaleVerification: { certificateNumber: '渝检 2026-17', expiresAtMs: world.clock.now() + forMs },
})

describe('a lane sold by weight', () => {
  it('bills what is missing, rounded down to the division and no further off than the law allows', async () => {
    await using world = await startByWeight((made) => certified(made, 86_400_000))
    const sessionId = world.id()

    const reply = await world.replyTo(world.unlock(sessionId, 2))
    world.cabinet.openDoor()
    await world.pass(1_000)
    let takenMg = 0
    for (let piece = 0; piece < 3; piece += 1) {
      const taken = world.cabinet.take('L02')
      takenMg += taken.kind === 'done' ? taken.item.massMg : 0
      await world.pass(2_500)
    }
    world.cabinet.closeDoor()
    await world.until(() => world.eventsOf(sessionId).includes('session.settled'), 'a bill')

    expect(reply.outcome).toBe('done')
    const entry = world.broker.committed.find(({ type }) => type === 'session.settled')
    const { lines, evidence } = eventBodies['session.settled'].parse(entry?.body)
    expect(lines).toMatchObject([{ laneId: 'L02', mode: 'weight', shownPriceFen: fenPerKg }])
    const massMg = lines[0]?.massMg ?? 0
    const levelOf = (which: 'opening' | 'closing') =>
      evidence[which].find(({ laneId }) => laneId === 'L02')?.levelMg ?? 0
    const missingMg = levelOf('opening') - levelOf('closing')
    expect(massMg % divisionMg).toBe(0)
    expect(massMg).toBeLessThanOrEqual(missingMg + divisionMg / 100 + 1)
    expect(massMg).toBeGreaterThan(missingMg - divisionMg)
    expect(takenMg).toBeGreaterThan(2_900_000)
    expect(Math.abs(massMg - takenMg)).toBeLessThanOrEqual(1_000 * legalShortfallG(fenPerKg))
  })

  it('is not opened without a certificate, nor after it has expired', async () => {
    await using world = await startByWeight(() => ({}))
    const pulses = world.cabinet.unlockPulses
    const first = world.id()

    const never = await world.replyTo(world.unlock(first, 2))
    await world.until(() => world.eventsOf(first).length > 0, 'its end')

    expect(never).toMatchObject({ outcome: 'refused', reason: 'scale_unverified' })
    expect(never.detail).toContain('L02')
    expect(world.eventsOf(first)).toEqual(['session.refused'])
    expect(world.cabinet.unlockPulses).toBe(pulses)

    await using other = await startByWeight((made) => certified(made, 60_000))
    other.clock.setWall(other.clock.now() + 60_001)
    const late = await other.replyTo(other.unlock(other.id(), 2))

    expect(late).toMatchObject({ outcome: 'refused', reason: 'scale_unverified' })
    expect(other.cabinet.openDoor()).toBe(false)
  })
})
