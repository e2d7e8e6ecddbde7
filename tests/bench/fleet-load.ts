// Ten thousand cabinets on one server process: what it costs, and whether anything they said was lost.
import { delay } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import type { BenchRow, BenchSize } from './bench-row.ts'
import { gatherSwarm, statusesOf, type Swarm } from './fleet/swarm.ts'
import { megabyte, readUsage } from './process-usage.ts'

const cabinetCount = 10_000
const everyMs = 60_000
/** A first round, so that what is measured is the steady state. */
const settleMs = 20_000
const measuredMs = { usual: 60_000, full: 240_000 }
/** What the status book and the ingest may still hold, ms. */
const drainMs = 5_000
const channels = ['presence', 'reported', 'telemetry'] as const

interface Losses {
  readonly sent: number
  /** Messages the broker or the server did not count. */
  readonly lost: number
  /** Cabinets whose last word is not what the server keeps of them. */
  readonly stale: number
  /** Connections that ended on the way. */
  readonly dropped: number
}

async function countLosses(swarm: Swarm): Promise<Losses> {
  swarm.order({ do: 'stop-talking' })
  await swarm.next('quiet')
  await delay(systemClock, drainMs)
  swarm.order({ do: 'count' })
  const counted = await swarm.next('count')
  let [sent, lost] = [0, 0]
  for (const channel of channels) {
    const said = counted.sent[channel] ?? 0
    const heard = await swarm.metric('huinong_messages_total', `channel="${channel}"`)
    const answered = channel === 'telemetry' ? said : (counted.acknowledged[channel] ?? 0)
    sent += said
    lost += Math.abs(said - heard) + Math.abs(said - answered)
  }
  const kept = new Map(
    (await swarm.read((ctx) => statusesOf(ctx, swarm.cabinetIds))).map((row) => [row.cabinetId, row]),
  )
  const stale = counted.cabinets.filter(({ cabinetId, lastReportedAtMs, lastTelemetryAtMs }) => {
    const row = kept.get(cabinetId)
    return row?.reported?.atMs !== lastReportedAtMs || row.telemetry?.atMs !== lastTelemetryAtMs || !row.isOnline
  }).length
  return { sent, lost, stale, dropped: counted.lost }
}

export async function benchFleetLoad({ isFull }: BenchSize): Promise<BenchRow[]> {
  await using swarm = await gatherSwarm({ cabinetCount })
  swarm.order({ do: 'talk', everyMs })
  await delay(systemClock, everyMs + settleMs)
  const before = readUsage(swarm.server.pid)
  const startMs = systemClock.monotonicMs()
  await delay(systemClock, isFull ? measuredMs.full : measuredMs.usual)
  const after = readUsage(swarm.server.pid)
  const cpuShare = (after.cpuMs - before.cpuMs) / (systemClock.monotonicMs() - startMs)
  const { sent, lost, stale, dropped } = await countLosses(swarm)
  const what = '10,000 cabinets on one server process (twin and telemetry every 60 s, heartbeat every 30 s)'
  return [
    { name: `${what}: CPU`, value: cpuShare * 100, unit: '% of a core', limit: 100, limitName: 'one core' },
    { name: `${what}: resident memory`, value: after.rssBytes / megabyte, unit: 'MB' },
    { name: `${what}: all connected within`, value: swarm.connectedInMs / 1_000, unit: 's' },
    {
      name: `${what}: messages lost of ${sent.toLocaleString('en')} sent, counted on both sides`,
      value: lost,
      unit: '',
      limit: 0,
      limitName: 'goal',
      keepsLimit: lost === 0,
    },
    {
      name: `${what}: connections that ended on the way`,
      value: dropped,
      unit: '',
      limit: 0,
      limitName: 'goal',
      keepsLimit: dropped === 0,
    },
    {
      name: `${what}: cabinets whose last word is not what the server keeps`,
      value: stale,
      unit: '',
      limit: 0,
      limitName: 'goal',
      keepsLimit: stale === 0,
    },
  ]
}
