/**
 * The process of the virtual cabinets as a child of the demo's: started with a FleetConfig file, started again when it dies,
 * ended with the demo. It shares nothing with the server but the contracts, as real cabinets would.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import type { z } from 'zod'
import type { FleetConfig } from '#shared/contracts/demo/hands.ts'
import type { CancelTimer, Clock } from '#shared/time/clock.ts'

export interface FleetProcessOptions {
  /** The built cabinet-agent/demo-fleet/main.ts. */
  readonly entry: string
  readonly config: z.infer<typeof FleetConfig>
  /** Where the configuration is written for the child; its path is the child's only argument. */
  readonly configFile: string
  /** Receives what the child prints. */
  readonly logFile: string
  readonly clock: Clock
  /** Told when the child died by itself and will be started again after `delayMs`. */
  readonly onDeath: (how: string, delayMs: number) => void
}

export interface FleetProcess extends AsyncDisposable {
  /** Of the present child. */
  readonly pid: number | undefined
}

const restartDelaysMs = [500, 1_000, 2_000, 5_000, 10_000] as const
/** A child that lived this long starts the delays anew. */
const healthyAfterMs = 30_000
const endTimeoutMs = 8_000

export async function startFleetProcess(options: FleetProcessOptions): Promise<FleetProcess> {
  const { clock } = options
  // The enrolment codes in it are secrets while they are fresh.
  await writeFile(options.configFile, JSON.stringify(options.config, undefined, 2), { mode: 0o600 })
  const log = createWriteStream(options.logFile, { flags: 'a' })
  let child: ChildProcess | undefined
  let isEnding = false
  let deathsInARow = 0
  let cancelRestart: CancelTimer = () => {}

  function start(): void {
    const startedMs = clock.monotonicMs()
    // The child's input is a pipe that nothing is written to: it ends when this process does, however that dies.
    const started = spawn(process.execPath, ['--enable-source-maps', options.entry, options.configFile], {
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    child = started
    started.stdout.pipe(log, { end: false })
    started.stderr.pipe(log, { end: false })
    started.on('error', (error) => log.write(`${error.message}\n`))
    started.on('exit', (code, signal) => {
      if (isEnding) return
      deathsInARow = clock.monotonicMs() - startedMs > healthyAfterMs ? 0 : deathsInARow + 1
      const delayMs = restartDelaysMs[Math.min(deathsInARow, restartDelaysMs.length - 1)] ?? endTimeoutMs
      options.onDeath(signal === null ? `exit code ${code}` : signal, delayMs)
      cancelRestart = clock.setTimer(delayMs, start)
    })
  }

  start()
  return {
    get pid() {
      return child?.pid
    },
    async [Symbol.asyncDispose]() {
      isEnding = true
      cancelRestart()
      if (child !== undefined && child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit')
        child.kill('SIGTERM')
        const running = child
        const cancelKill = clock.setTimer(endTimeoutMs, () => running.kill('SIGKILL'))
        await ended
        cancelKill()
      }
      log.end()
      await once(log, 'close')
    },
  }
}
