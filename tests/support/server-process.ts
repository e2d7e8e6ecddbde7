// The real server as a process of its own, from the bundle that `npm run server` runs: started, killed at any instant and
// started again on the same ports and data.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { systemClock } from '#shared/time/system-clock.ts'
import { delay } from '#shared/time/clock.ts'

export interface ServerProcessOptions {
  /** Built server/main.ts. */
  readonly entry: string
  readonly databaseUrl: string
  readonly dataDirectory: string
  readonly httpPort: number
  readonly mqttPort: number
  readonly environment?: Readonly<Record<string, string>>
}

export interface ServerProcess extends AsyncDisposable {
  readonly baseUrl: string
  readonly pid: number
  /** Resolves once the server says it is ready. */
  start(): Promise<void>
  /** Ends the process with this signal and waits for its end. */
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>
  /** What it printed, the last 4 MB of it. */
  output(): string
}

const readyTimeoutMs = 30_000
const keptOutput = 4_000_000
/** However the test or bench ends, its end of this pipe closes, and the server ends with it. */
const endWithParent = 'data:text/javascript,process.stdin.on("end",()=>process.exit(1)).resume().unref()'

export function createServerProcess(options: ServerProcessOptions): ServerProcess {
  const baseUrl = `http://127.0.0.1:${options.httpPort}`
  let child: ChildProcess | undefined
  let printed = ''

  async function waitUntilReady(): Promise<void> {
    const deadlineMs = systemClock.monotonicMs() + readyTimeoutMs
    for (;;) {
      const isReady = await fetch(`${baseUrl}/readyz`).then(
        (response) => response.ok,
        () => false,
      )
      if (isReady) return
      if (child?.exitCode !== null || systemClock.monotonicMs() > deadlineMs)
        throw new Error(`the server did not become ready:\n${printed}`)
      await delay(systemClock, 50)
    }
  }

  async function kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }

  return {
    baseUrl,
    get pid() {
      return child?.pid ?? 0
    },
    async start() {
      const started = spawn(process.execPath, ['--enable-source-maps', '--import', endWithParent, options.entry], {
        env: {
          ...process.env,
          HUINONG_DATABASE_URL: options.databaseUrl,
          HUINONG_DATA_DIR: options.dataDirectory,
          HUINONG_HTTP_PORT: String(options.httpPort),
          HUINONG_MQTT_PORT: String(options.mqttPort),
          HUINONG_REQUESTS_PER_MINUTE: '100000',
          HUINONG_SECOND_FACTOR_ROLES: '',
          HUINONG_LOG_LEVEL: 'warn',
          ...options.environment,
        },
        stdio: ['pipe', 'pipe', 'pipe'],
      })
      child = started
      const keep = (data: Buffer) => {
        printed = `${printed}${data.toString()}`.slice(-keptOutput)
      }
      started.stdout.on('data', keep)
      started.stderr.on('data', keep)
      await waitUntilReady()
    },
    kill,
    output: () => printed,
    [Symbol.asyncDispose]: () => kill('SIGTERM'),
  }
}
