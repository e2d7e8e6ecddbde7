import { describe, expect, it } from 'vitest'
import { AgentWorld, type AgentWorldOptions } from '#tests/support/agent-world.ts'
import { canMountSmallDisk, mountSmallDisk, type SmallDisk } from '#tests/support/small-disk.ts'

function mountDisk(): SmallDisk {
  const disk = mountSmallDisk(8 * 1_048_576)
  if (disk === undefined) throw new Error('a disk that could be mounted before cannot now')
  return disk
}

const options = (dataDirectory: string): AgentWorldOptions => ({
  dataDirectory,
  journal: { ballastBytes: 1_048_576, minFreeBytes: 65_536 },
})

describe.skipIf(!canMountSmallDisk())('a full disk', () => {
  it('opens nothing, says why, and sells again when there is room', async () => {
    using disk = mountDisk()
    await using world = await AgentWorld.stocked(options(disk.folder))
    const before = world.cabinet.unlockPulses
    disk.fill()

    const refused = await world.replyTo(world.unlock())
    await world.until(() => world.broker.types().includes('alarm.raised'), 'the alarm', 60_000)
    await world.until(() => world.reported?.alarms.includes('disk_full') === true, 'the reported alarm')
    disk.empty()
    await world.until(() => world.broker.types().includes('alarm.cleared'), 'the end of the alarm', 60_000)
    const sessionId = await world.shop('L01', 1)
    await world.until(() => world.eventsOf(sessionId).includes('session.settled'), 'a bill')

    expect(refused).toMatchObject({ outcome: 'refused', reason: 'disk_full' })
    expect(world.cabinet.unlockPulses - before).toBe(1)
  })

  it('ends a session under way: nothing of it is lost', async () => {
    using disk = mountDisk()
    await using world = await AgentWorld.stocked(options(disk.folder))
    const sessionId = world.id()
    await world.replyTo(world.unlock(sessionId))
    world.cabinet.openDoor()
    await world.pass(1_000)
    disk.fill()
    world.cabinet.take('L01')
    await world.pass(3_000)
    world.cabinet.closeDoor()
    await world.until(() => world.eventsOf(sessionId).includes('session.settled'), 'a bill')
    const refused = await world.replyTo(world.unlock())

    expect(world.eventsOf(sessionId)).toEqual(['session.started', 'door.opened', 'door.closed', 'session.settled'])
    expect(refused).toMatchObject({ outcome: 'refused', reason: 'disk_full' })
  })

  it('keeps no revocation out: it is answered once, when it is stored', async () => {
    using disk = mountDisk()
    await using world = await AgentWorld.stocked(options(disk.folder))
    const [passId, buyerId] = [world.id(), world.id()]
    disk.fill()
    await world.replyTo(world.unlock())
    // The room that the ballast gave up, too.
    disk.fill()

    const body = { passId, buyerId, counter: 7, passExpiresAtMs: world.clock.now() + 3_600_000 }
    const revocation = world.command('revoke-pass', body)
    world.broker.send('commands', revocation)
    await world.pass(3_000)
    expect(world.broker.repliesTo(revocation.commandId)).toEqual([])
    disk.empty()

    expect(await world.replyTo(revocation)).toMatchObject({ outcome: 'done' })
    await world.pass(3_000)
    expect(world.broker.repliesTo(revocation.commandId)).toHaveLength(1)
  })
})
