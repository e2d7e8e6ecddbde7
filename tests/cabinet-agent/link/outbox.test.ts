import { describe, expect, it } from 'vitest'
import { genesisHash, type JournalEntry } from '#shared/contracts/mqtt/event.ts'
import type { Presence } from '#shared/contracts/mqtt/twin.ts'
import type { Telemetry } from '#shared/contracts/mqtt/live.ts'
import { hashEntry } from '#cabinet-agent/journal/entry-chain.ts'
import { Journal } from '#cabinet-agent/journal/journal.ts'
import { OutboxSender } from '#cabinet-agent/link/outbox-sender.ts'
import { seededRandom } from '#shared/ids/random.ts'
import { makeId } from '#shared/ids/uuid-v7.ts'
import { AgentWorld } from '#tests/support/agent-world.ts'
import { TestClock } from '#tests/support/test-clock.ts'

/** Makes journal entries: opens and closes the door by key, so many times. */
async function rattle(world: AgentWorld, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    world.cabinet.turnKey()
    world.cabinet.openDoor()
    await world.pass(1_000)
    world.cabinet.closeDoor()
    await world.pass(1_000)
  }
}

describe('a server that was put back to an earlier instant', () => {
  function open(keptEntries: number) {
    const clock = new TestClock()
    const journal = Journal.open({ file: ':memory:', bootId: makeId(clock, seededRandom(1)), keptEntries })
    const sent: JournalEntry[] = []
    const sender = new OutboxSender({
      journal,
      clock,
      publish: (entries) => sent.push(...entries),
      onAcked: () => {},
      onLog: () => {},
    })
    for (let seq = 1; seq <= 9; seq += 1)
      journal.commit({ atMs: seq, events: [{ type: 'alarm.raised', body: { alarm: `a${seq}`, detail: '' } }] })
    sender.start()
    sender.receive({ throughSeq: 9 })
    sent.length = 0
    sender.stop()
    sender.start()
    return { journal, sender, sent }
  }

  it('is told again what it had acknowledged, at its first word', () => {
    const { sender, sent } = open(100)

    sender.receive({ throughSeq: 4 })
    sender.receive({ throughSeq: 2 })

    expect(sent.map(({ seq }) => seq)).toEqual([5, 6, 7, 8, 9])
  })

  it('gets what is left in a new chain when it asks for entries that are gone', () => {
    const { sender, sent, journal } = open(3)

    sender.receive({ throughSeq: 4 })

    expect(sent.map(({ seq, body }) => [seq, body['alarm']])).toEqual([
      [5, 'a7'],
      [6, 'a8'],
      [7, 'a9'],
    ])
    expect(sent[0]?.prevHash).toBe(genesisHash)
    expect(sent.every((entry) => hashEntry(entry) === entry.hash)).toBe(true)
    sender.receive({ throughSeq: 7 })
    expect(journal.position()).toMatchObject({ lastSeq: 7, ackedSeq: 7 })
  })
})

describe('the way of events to the server', () => {
  it('brings every event once and in order after ten minutes without a broker', async () => {
    await using world = await AgentWorld.stocked()
    const before = world.broker.committed.length
    const sessionId = await (async () => {
      const unlock = world.unlock()
      await world.replyTo(unlock)
      return String(unlock.body['sessionId'])
    })()

    await world.broker.stop()
    world.cabinet.openDoor()
    await world.pass(1_000)
    world.cabinet.take('L01')
    await world.pass(3_000)
    world.cabinet.closeDoor()
    await world.pass(20_000)
    await rattle(world, 10)
    await world.pass(600_000)
    await world.broker.start()
    await world.until(() => world.broker.committed.length >= before + 40, 'the events', 120_000)
    await world.pass(5_000)

    const seqs = world.broker.committed.map((entry) => entry.seq)
    expect(seqs).toEqual(seqs.map((_, index) => index + 1))
    expect(world.eventsOf(sessionId)).toEqual(['session.started', 'door.opened', 'door.closed', 'session.settled'])
    expect(world.broker.types().filter((type) => type === 'door.forced')).toHaveLength(10)
    let prevHash = genesisHash
    for (const entry of world.broker.committed) {
      expect(entry.prevHash).toBe(prevHash)
      expect(hashEntry(entry)).toBe(entry.hash)
      prevHash = entry.hash
    }
  })

  it('sends again what a server never acknowledged, and from where a gap is reported', async () => {
    await using world = await AgentWorld.start()
    world.broker.isAcking = false
    const from = world.broker.committed.length
    await rattle(world, 2)
    await world.pass(25_000)
    const sentTwice = world.broker.received.filter((entry) => entry.seq === from + 1).length
    world.broker.isAcking = true
    world.broker.send('acks', { resendFrom: from + 1 })
    await world.until(() => world.broker.committed.length >= from + 4, 'the gap to close')

    expect(sentTwice).toBeGreaterThanOrEqual(2)
  })

  it('numbers on behind a server that holds more than the journal ever wrote', async () => {
    await using world = await AgentWorld.start()
    world.broker.isAcking = false
    await rattle(world, 1)
    world.broker.send('acks', { throughSeq: 1_000 })
    await world.until(() => world.broker.received.some((entry) => entry.seq === 1_001), 'new numbers')
    await rattle(world, 1)
    await world.until(() => world.broker.received.some((entry) => entry.seq > 1_002), 'later ones')

    const renumbered = world.broker.received.filter((entry) => entry.seq > 1_000)
    expect(renumbered[0]?.prevHash).toBe(genesisHash)
    expect(renumbered.every((entry) => hashEntry(entry) === entry.hash)).toBe(true)
  })

  it('is present with a last will, and says goodbye when it ends by itself', async () => {
    await using world = await AgentWorld.start()
    const online = world.broker.last<Presence>('presence')
    await world.cutPower()
    await world.until(() => world.broker.last<Presence>('presence')?.isOnline === false, 'the last will')
    await world.boot()
    await world.until(() => world.broker.last<Presence>('presence')?.isOnline === true, 'presence')
    const closed = world.agent?.[Symbol.asyncDispose]()
    await world.until(() => world.broker.last<Presence>('presence')?.isOnline === false, 'goodbye')
    await closed
    world.agent = undefined

    expect(online).toMatchObject({ isOnline: true })
    expect(
      world.broker.messages.filter((message) => message.channel === 'presence').every(({ retain }) => retain),
    ).toBe(true)
  })

  it('sends telemetry with temperature, devices and counters once a minute', async () => {
    await using world = await AgentWorld.start()
    await world.pass(125_000)

    const sent = world.broker.messages.filter((message) => message.channel === 'telemetry')
    expect(sent).toHaveLength(3)
    const telemetry = sent.at(-1)?.body as Telemetry
    expect(telemetry).toMatchObject({ temperatureDeciC: 45, outboxDepth: 0 })
    expect(telemetry.devices.map(({ device, isOnline }) => `${device} ${isOnline}`)).toContain('scale L01 true')
    expect(telemetry.links['scales']?.replies).toBeGreaterThan(1_000)
  })
})
