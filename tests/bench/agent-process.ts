// What one cabinet's agent costs on its small computer: resident memory and processor time of the production bundle, idle with
// twelve lanes weighed ten times a second. The boards are in another process, over tcp, so that only the agent is measured.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { makeVirtualInstallation } from '#firmware-bridge/virtual/virtual-installation.ts'
import type { Telemetry } from '#shared/contracts/mqtt/live.ts'
import type { ReportedTwin } from '#shared/contracts/mqtt/twin.ts'
import { systemRandom } from '#shared/ids/random.ts'
import { makeId } from '#shared/ids/uuid-v7.ts'
import { delay } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { AgentProcess } from '#tests/support/agent-process.ts'
import { makeTwin } from '#tests/support/agent-world.ts'
import { TestBroker } from '#tests/support/test-broker.ts'
import { bundleEntry, productionFlags } from '../../.tools/bundle.mjs'
import type { BenchRow } from './bench-row.ts'

const laneCount = 12
const passesPerSecond = 10
const statusEvery = 10
/** Until the code that runs again and again is compiled. */
const warmUpMs = 60_000
const measuredMs = 30_000
/** Once a minute in the field; here often enough to count the replies by. */
const telemetryIntervalMs = 5_000
const limitMb = 80
const limitPercent = 3
/** Kernel clock ticks per second in /proc, fixed at 100 for user space on Linux. */
const ticksPerSecond = 100

/** Linux only: reads /proc. Takes about a minute and a half. */
export async function benchAgentProcess(): Promise<BenchRow[]> {
  const [agentEntry, boardsEntry] = await Promise.all([
    bundleEntry('cabinet-agent/main.ts', { isWhole: true }),
    bundleEntry('firmware-bridge/virtual/main.ts'),
  ])
  await using boards = await startBoards(boardsEntry)
  const cabinetId = makeId(systemClock, systemRandom)
  await using broker = new TestBroker(cabinetId)
  await broker.start()
  const skuIds = Array.from({ length: 9 }, () => makeId(systemClock, systemRandom))
  broker.send('desired', makeTwin(1, skuIds, { telemetryIntervalMs }))
  const made = makeVirtualInstallation({ laneCount, isOneLine: true, urlOf: () => boards.url })
  // A serial server keeps the gaps of its own wire; between us and it there are none to keep.
  const ports = Object.entries(made.ports).map(([name, port]) => [name, { ...port, quietGapMs: 0, changeGapMs: 0 }])
  const installation = {
    ...made,
    ports: Object.fromEntries(ports) as typeof made.ports,
    // What a real line of 115,200 bit/s needs to weigh twelve lanes ten times a second: it has no room for more.
    scales: made.scales.map((scale) => ({ ...scale, board: { ...scale.board, statusEvery } })),
  }
  await using agent = new AgentProcess(agentEntry, cabinetId, broker, { installation })
  agent.start(productionFlags)
  await untilReported(broker)
  await delay(systemClock, warmUpMs)

  const before = { cpuMs: cpuMs(agent.pid), replies: replies(broker), atMs: systemClock.monotonicMs() }
  await delay(systemClock, measuredMs)
  const elapsedMs = systemClock.monotonicMs() - before.atMs
  const percent = (100 * (cpuMs(agent.pid) - before.cpuMs)) / elapsedMs
  const perSecond = (1_000 * (replies(broker) - before.replies)) / elapsedMs
  // Every weighing is a reply, and every so manieth a second one; door, lock and thermometer add a few. The counts are as
  // old as the last telemetry.
  const counted = 1 - telemetryIntervalMs / measuredMs
  if (perSecond < 0.95 * counted * (1 + 1 / statusEvery) * laneCount * passesPerSecond) {
    throw new Error(
      `the agent heard ${perSecond.toFixed(0)} replies a second: it did not weigh ${laneCount} lanes at 10 Hz`,
    )
  }
  const what = `agent process idle, ${laneCount} lanes at ${passesPerSecond} Hz over tcp`
  return [
    toRow(`${what}: resident memory`, residentMb(agent.pid), 'MB', limitMb),
    toRow(`${what}: processor`, percent, '% of a core', limitPercent),
  ]
}

function toRow(name: string, value: number, unit: string, limit: number): BenchRow {
  return { name, value, unit, limit, limitName: 'limit', ratio: { value: value / limit, atMost: 1 } }
}

async function untilReported(broker: TestBroker): Promise<void> {
  for (let tries = 0; broker.last<ReportedTwin>('reported')?.desiredVersion !== 1; tries += 1) {
    if (tries > 200) throw new Error('the agent did not come online')
    await delay(systemClock, 100)
  }
}

async function startBoards(entry: string): Promise<AsyncDisposable & { url: string }> {
  const child = spawn(process.execPath, [entry, '--port', 'tcp://127.0.0.1:0', '--lanes', String(laneCount)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const url = /tcp:\/\/[^"\s]+/.exec(line)?.[0]
  if (url === undefined) throw new Error(`the boards gave no address: ${line}`)
  return {
    url,
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}

function replies(broker: TestBroker): number {
  const links = broker.last<Telemetry>('telemetry')?.links ?? {}
  return Object.values(links).reduce((sum, link) => sum + link.replies, 0)
}

/** User and system time of the process so far, ms. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksPerSecond
}

function residentMb(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return (Number(kib) * 1_024) / 1_000_000
}
