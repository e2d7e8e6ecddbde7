import { expect, it } from 'vitest'
import type { LiveMessage } from '#shared/contracts/mqtt/live.ts'
import { AgentWorld, unitMg } from '#tests/support/agent-world.ts'

it('shows what each scale says while staff load, and no cart', async () => {
  await using world = await AgentWorld.stocked()
  const loads = [{ laneId: 'L01', lotId: world.id(), skuId: world.skuIds[0] ?? '', count: 0, isReplacement: false }]
  const command = world.command('restock-open', { sessionId: world.id(), restockerId: world.id(), loads })
  await world.replyTo(command)
  world.cabinet.openDoor()
  await world.pass(1_500)
  world.cabinet.take('L01')

  const live = () => world.broker.last<LiveMessage>('live')
  const massOf = (laneId: string) => live()?.weights?.find((lane) => lane.laneId === laneId)?.massMg ?? 0
  await world.until(() => Math.abs(massOf('L01') - 7 * unitMg) < unitMg / 4, 'the weight of seven pieces')

  expect(live()).toMatchObject({ stage: 'open', cart: [], totalFen: 0, notices: [] })
  expect(Math.abs(massOf('L02') - 16 * unitMg)).toBeLessThan(unitMg / 4)
})
