import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AgentWorld, type AgentWorldOptions } from '#tests/support/agent-world.ts'
import { makeScratchFolder } from '#tests/support/scratch-folder.ts'

/** A real file system of this size; undefined where one may not be mounted. */
function mountSmall(bytes: number): string | undefined {
  const folder = makeScratchFolder('huinong-small-')
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder])
  if (mounted.status === 0) return folder
  rmSync(folder, { recursive: true, force: true })
  return undefined
}

function unmount(folder: string): void {
  spawnSync('umount', ['-l', folder])
  rmSync(folder, { recursive: true, force: true })
}

/** Fills the rest of the file system, block by block, to the last byte. */
function fill(folder: string): void {
  for (let block = 65_536, file = 0; block >= 1; file += 1) {
    try {
      writeFileSync(join(folder, `filler-${file}`), Buffer.alloc(block))
    } catch {
      block = Math.floor(block / 16)
    }
  }
}

function empty(folder: string): void {
  for (let file = 0; file < 2_000; file += 1) rmSync(join(folder, `filler-${file}`), { force: true })
}

const options = (dataDirectory: string): AgentWorldOptions => ({
  dataDirectory,
  journal: { ballastBytes: 1_048_576, minFreeBytes: 65_536 },
})

const probe = mountSmall(1_048_576)
if (probe !== undefined) unmount(probe)

describe.skipIf(probe === undefined)('a full disk', () => {
  it('opens nothing, says why, and sells again when there is room', async () => {
    const folder = mountSmall(8 * 1_048_576) ?? ''
    try {
      await using world = await AgentWorld.stocked(options(folder))
      const before = world.cabinet.unlockPulses
      fill(folder)

      const refused = await world.replyTo(world.unlock())
      await world.until(() => world.broker.types().includes('alarm.raised'), 'the alarm', 60_000)
      await world.until(() => world.reported?.alarms.includes('disk_full') === true, 'the reported alarm')
      empty(folder)
      await world.until(() => world.broker.types().includes('alarm.cleared'), 'the end of the alarm', 60_000)
      const sessionId = await world.shop('L01', 1)
      await world.until(() => world.eventsOf(sessionId).includes('session.settled'), 'a bill')

      expect(refused).toMatchObject({ outcome: 'refused', reason: 'disk_full' })
      expect(world.cabinet.unlockPulses - before).toBe(1)
    } finally {
      unmount(folder)
    }
  })

  it('ends a session under way: nothing of it is lost', async () => {
    const folder = mountSmall(8 * 1_048_576) ?? ''
    try {
      await using world = await AgentWorld.stocked(options(folder))
      const sessionId = world.id()
      await world.replyTo(world.unlock(sessionId))
      world.cabinet.openDoor()
      await world.pass(1_000)
      fill(folder)
      world.cabinet.take('L01')
      await world.pass(3_000)
      world.cabinet.closeDoor()
      await world.until(() => world.eventsOf(sessionId).includes('session.settled'), 'a bill')
      const refused = await world.replyTo(world.unlock())

      expect(world.eventsOf(sessionId)).toEqual(['session.started', 'door.opened', 'door.closed', 'session.settled'])
      expect(refused).toMatchObject({ outcome: 'refused', reason: 'disk_full' })
    } finally {
      unmount(folder)
    }
  })

  it('keeps no revocation out: it is answered once, when it is stored', async () => {
    const folder = mountSmall(8 * 1_048_576) ?? ''
    try {
      await using world = await AgentWorld.stocked(options(folder))
      const [passId, buyerId] = [world.id(), world.id()]
      fill(folder)
      await world.replyTo(world.unlock())
      // The room that the ballast gave up, too.
      fill(folder)

      const body = { passId, buyerId, counter: 7, passExpiresAtMs: world.clock.now() + 3_600_000 }
      const revocation = world.command('revoke-pass', body)
      world.broker.send('commands', revocation)
      await world.pass(3_000)
      expect(world.broker.repliesTo(revocation.commandId)).toEqual([])
      empty(folder)

      expect(await world.replyTo(revocation)).toMatchObject({ outcome: 'done' })
      await world.pass(3_000)
      expect(world.broker.repliesTo(revocation.commandId)).toHaveLength(1)
    } finally {
      unmount(folder)
    }
  })
})
