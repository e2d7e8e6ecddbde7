// What a thousand connected agents cost the server while they only beat, report and send telemetry.
import { readFileSync } from 'node:fs'
import { delay } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import type { BenchRow } from './bench-row.ts'
import { gatherCrowd } from './crowd.ts'

const settleMs = 10_000
/** A whole period of the telemetry, in which every agent is heard once. */
const measuredCrowdMs = 60_000
/** One agent: two of its heartbeats, and the server's own clockwork. */
const measuredAloneMs = 30_000
/** Linux counts processor time in hundredths of a second (USER_HZ). */
const tickMs = 10
const megabyte = 1_048_576

/** Resident memory and processor time of a process so far, from /proc. */
function readUsage(pid: number): { rssBytes: number; cpuMs: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The command's name in brackets may hold spaces; the fields are counted after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  const residentKb = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return { rssBytes: Number(residentKb) * 1_024, cpuMs: ticks * tickMs }
}

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
