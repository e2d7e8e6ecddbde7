import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { systemClock } from '#shared/time/system-clock.ts'
import { openCabinetHardware } from '#firmware-bridge/profile/open-cabinet-hardware.ts'
import { encodeReply, encodeRequest } from '#firmware-bridge/protocols/modbus-rtu.ts'
import { makeVirtualInstallation } from '#firmware-bridge/virtual/virtual-installation.ts'
import { openTtyPair } from '#tests/support/tty-pair.ts'
import type { BenchRow } from './bench-row.ts'

/**
 * Readings per second of twelve scales on one port of 115,200 bit/s. The boards are a process of their own at the far
 * end of a real tty pair; as a pty has no bit rate, they keep the wire's pace themselves: every byte takes ten bit
 * times, and every frame waits for the silence that Modbus asks for.
 */

const laneCount = 12
const baudRate = 115_200
/** Modbus over Serial Line 2.5.1.1: above 19,200 bit/s, t3.5 is fixed. */
const frameGapMs = 1.75
const warmUpMs = 1000
const measuredMs = 6000

/** One reading is two exchanges: gross and net, then status. Bytes are counted from the frames themselves. */
function wireLimitPerS(): number {
  const exchange = (address: number, count: number) => [
    encodeRequest({ unit: 1, kind: 'read', function: 3, address, count }),
    encodeReply({ unit: 1, kind: 'read', function: 3, data: new Uint8Array(count * 2) }),
  ]
  const frames = [...exchange(80, 4), ...exchange(8, 1)]
  const bytes = frames.reduce((sum, frame) => sum + frame.length, 0)
  return 1000 / ((bytes * 10 * 1000) / baudRate + frames.length * frameGapMs)
}

export async function benchBus(): Promise<BenchRow[]> {
  await using pair = await openTtyPair()
  await using _ = await startBoards(pair.far)
  const installation = makeVirtualInstallation({
    laneCount,
    isOneLine: true,
    scaleBaudRate: baudRate,
    urlOf: () => `serial:${pair.near}`,
  })
  for (const port of Object.values(installation.ports)) {
    port.quietGapMs = frameGapMs
    port.changeGapMs = frameGapMs
  }
  await using hardware = await openCabinetHardware(installation, { clock: systemClock })

  let readings = 0
  let failures = 0
  let isRunning = true
  const loops = [...hardware.scales.values()].map(async (scale) => {
    while (isRunning) {
      try {
        await scale.weigh()
        readings += 1
      } catch {
        failures += 1
      }
    }
  })
  await pause(warmUpMs)
  const before = { readings, failures, atMs: systemClock.monotonicMs(), cpu: process.cpuUsage() }
  await pause(measuredMs)
  const elapsedMs = systemClock.monotonicMs() - before.atMs
  const cpu = process.cpuUsage(before.cpu)
  const measured = { readings: readings - before.readings, failures: failures - before.failures }
  isRunning = false
  await Promise.all(loops)

  const value = (measured.readings * 1000) / elapsedMs
  const limit = wireLimitPerS()
  const failed = measured.failures === 0 ? '' : `, ${measured.failures} failed`
  return [
    {
      name: `bus: ${laneCount} scales on one port, ${baudRate} bit/s over a tty${failed}`,
      value,
      unit: 'readings/s',
      limit,
      limitName: 'bits of both exchanges and the silence Modbus asks for',
      ratio: { value: value / limit, atLeast: 0.8 },
    },
    {
      name: 'bus: CPU of the master at that rate',
      value: (cpu.user + cpu.system) / 10 / elapsedMs,
      unit: '% of a core',
    },
  ]
}

function pause(forMs: number): Promise<void> {
  return new Promise((resolve) => {
    systemClock.setTimer(forMs, resolve)
  })
}

/** The virtual cabinet as its own process, at the wire's pace. */
async function startBoards(path: string): Promise<AsyncDisposable> {
  const root = process.env['HUINONG_ROOT'] ?? process.cwd()
  const args = ['--port', `serial:${path}`, '--baud', String(baudRate), '--paced', '--lanes', String(laneCount)]
  const child = spawn(
    process.execPath,
    ['.tools/run.mjs', 'firmware-bridge/virtual/main.ts', ...args, '--profile', 'good'],
    { cwd: root, env: { ...process.env, INIT_CWD: root }, stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
  })
  const lines = createInterface({ input: child.stdout })
  await new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => {
      if (line.includes('"listening"')) resolve()
    })
    void exited.then(() => reject(new Error('the virtual boards ended before they could be reached')))
  })
  return {
    async [Symbol.asyncDispose]() {
      child.stdin.end('quit\n')
      await exited
    },
  }
}
