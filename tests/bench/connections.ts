// What a thousand connected agents cost the server while they only beat, report and send telemetry.
import { delay } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import type { BenchRow } from './bench-row.ts'
import { gatherCrowd } from './crowd.ts'
import { megabyte, readUsage } from './process-usage.ts'

const settleMs = 10_000
/** A whole period of the telemetry, in which every agent is heard once. */
const measuredCrowdMs = 60_000
/** One agent: two of its heartbeats, and the server's own clockwork. */
const measuredAloneMs = 30_000

async function measureServer(
  cabinetCount: number,
  measuredMs: number,
): Promise<{ rssBytes: number; cpuShare: number }> {
  await using crowd = await gatherCrowd({ cabinetCount, sellingCount: 0, buyerCount: 0 })
  await delay(systemClock, settleMs)
  const before = readUsage(crowd.server.pid)
  const startMs = systemClock.monotonicMs()
  await delay(systemClock, measuredMs)
  const after = readUsage(crowd.server.pid)
  return {
    rssBytes: after.rssBytes,
    cpuShare: (after.cpuMs - before.cpuMs) / (systemClock.monotonicMs() - startMs),
  }
}

export async function benchConnections(): Promise<BenchRow[]> {
  const alone = await measureServer(1, measuredAloneMs)
  const crowded = await measureServer(1_000, measuredCrowdMs)
  const what = 'Server with 1,000 agents connected (heartbeat every 30 s, telemetry every 60 s; hardware in memory)'
  return [
    {
      name: `${what}: resident memory`,
      value: crowded.rssBytes / megabyte,
      unit: 'MB',
      limit: alone.rssBytes / megabyte,
      limitName: 'the same with one agent',
      ratio: { value: crowded.rssBytes / alone.rssBytes },
    },
    {
      name: `${what}: memory per connection`,
      value: (crowded.rssBytes - alone.rssBytes) / 999 / 1_024,
      unit: 'kB',
    },
    {
      name: `${what}: CPU`,
      value: crowded.cpuShare * 100,
      unit: '% of a core',
      limit: alone.cpuShare * 100,
      limitName: 'the same with one agent',
    },
  ]
}
