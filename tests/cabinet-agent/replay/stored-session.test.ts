import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readStoredTrace } from '#cabinet-agent/journal/stored-trace.ts'
import { createTraceReplay, type ReplayedSession } from '#cabinet-agent/replay/replay-trace.ts'
import { AgentWorld } from '#tests/support/agent-world.ts'

function replayed(text: string): ReplayedSession | undefined {
  const replay = createTraceReplay()
  for (const line of text.split('\n')) replay.push(line)
  return replay.end()
}

describe('a session that an agent has stored', () => {
  it('is billed again just as it was, from its journal', async () => {
    await using world = await AgentWorld.stocked()

    const sessionId = await world.shop('L01', 2)
    await world.until(() => world.eventsOf(sessionId).includes('session.settled'), 'a bill')
    const settled = world.broker.committed.find((entry) => entry.type === 'session.settled')
    await world.cutPower()
    const text = readStoredTrace(join(world.dataDirectory, 'journal.sqlite'), sessionId)
    const first = replayed(text)
    const second = replayed(text)

    expect(JSON.stringify(second)).toBe(JSON.stringify(first))
    const { evidence, confidence, lines } = first?.bill ?? {}
    expect(settled?.body).toMatchObject({
      confidence,
      lines: lines?.map(({ laneId, skuId, count }) => ({ laneId, skuId, count })),
      evidence: {
        opening: evidence?.lanes.map(({ opening }) => opening),
        closing: evidence?.lanes.map(({ closing }) => closing),
        steps: evidence?.steps,
        hypotheses: evidence?.hypotheses.map(({ probability, totalFen }) => ({ probability, totalFen })),
      },
    })
  })

  it('goes to the server with a session that a person must judge', async () => {
    await using world = await AgentWorld.stocked()

    await world.replyTo(world.unlock())
    world.cabinet.openDoor()
    await world.pass(2_000)
    world.cabinet.setFault({ kind: 'board-silent', board: 'L01' })
    world.cabinet.closeDoor()
    await world.until(() => world.broker.types().includes('session.review'), 'a review', 60_000)
    const review = world.broker.committed.find((entry) => entry.type === 'session.review')
    const trace = String(review?.body['trace'])
    const bill = replayed(gunzipSync(Buffer.from(trace, 'base64')).toString('utf8'))?.bill

    expect(bill).toMatchObject({ outcome: 'review', reviewReason: review?.body['reason'] })
  })
})
