// A staged roll-out to a thousand cabinets that lose their connections all the while: it must end with every twin equal or
// listed with its reason, and what it says of a cabinet must be what that cabinet does.
import { getRollout, listRolloutCabinets, startRollout } from '#shared/contracts/http/rollouts.ts'
import { delay } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import type { BenchRow } from './bench-row.ts'
import { gatherSwarm, type Swarm } from './fleet/swarm.ts'
import type { SwarmCount, SwarmHabit } from './fleet/swarm-messages.ts'

const cabinetCount = 1_000
const meanUpMs = 8_000
const liveIntervalMs = 400
const waveTimeoutMs = 15_000
const mostMs = 240_000
const habitOf = (index: number): SwarmHabit =>
  index % 100 === 37 ? 'absent' : index % 100 === 73 ? 'refuses' : 'obeys'

async function roll({ operator }: Swarm): Promise<{ rolloutId: string; tookMs: number; state: string }> {
  const change = { kind: 'config', config: { liveIntervalMs } } as const
  const startedMs = systemClock.monotonicMs()
  const { rolloutId } = await operator.call(startRollout, { body: { title: 'bench', change, waveTimeoutMs } })
  for (;;) {
    const { state } = await operator.call(getRollout, { params: { rolloutId } })
    const tookMs = systemClock.monotonicMs() - startedMs
    if (state !== 'running' || tookMs > mostMs) return { rolloutId, tookMs, state }
    await delay(systemClock, 500)
  }
}

/** How many cabinets stand equal and listed, and how many of those stand otherwise than the roll-out says. */
async function judge({ operator }: Swarm, rolloutId: string, cabinets: readonly SwarmCount[]) {
  const runs = new Map(cabinets.map((cabinet) => [cabinet.cabinetId, cabinet.liveIntervalMs]))
  const counts = { equal: 0, listed: 0, wrong: 0 }
  let cursor: string | undefined
  do {
    const query = { limit: 100, ...(cursor === undefined ? {} : { cursor }) }
    const page = await operator.call(listRolloutCabinets, { params: { rolloutId }, query })
    for (const { cabinetId, state, reason } of page.rows) {
      if (state === 'equal') counts.equal += 1
      if (state === 'listed' && reason !== undefined) counts.listed += 1
      const isRight = state === 'equal' ? runs.get(cabinetId) === liveIntervalMs : state === 'listed'
      if (!isRight) counts.wrong += 1
    }
    cursor = page.nextCursor
  } while (cursor !== undefined)
  return counts
}

export async function benchRollout(): Promise<BenchRow[]> {
  await using swarm = await gatherSwarm({ cabinetCount, habitOf })
  swarm.order({ do: 'break', meanUpMs })
  const { rolloutId, tookMs, state } = await roll(swarm)
  swarm.order({ do: 'stop-breaking' })
  swarm.order({ do: 'count' })
  const { cabinets, reconnects } = await swarm.next('count')
  const { equal, listed, wrong } = await judge(swarm, rolloutId, cabinets)
  const what = `Roll-out to 1,000 cabinets that reconnect (${reconnects.toLocaleString('en')} times meanwhile; 10 absent, 10 refusing)`
  const open = state === 'done' ? cabinetCount - equal - listed : cabinetCount
  return [
    { name: `${what}: ended ${state} after`, value: tookMs / 1_000, unit: 's' },
    { name: `${what}: twins equal`, value: equal, unit: '' },
    { name: `${what}: listed with their reason`, value: listed, unit: '' },
    {
      name: `${what}: neither, or other than it is`,
      value: open + wrong,
      unit: '',
      limit: 0,
      limitName: 'goal',
      keepsLimit: open + wrong === 0,
    },
  ]
}
