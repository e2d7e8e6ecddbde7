import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { getShelfByCode } from '#shared/contracts/http/shelf.ts'
import { checkLedger } from '#shared/contracts/http/money.ts'
import { listSessions } from '#shared/contracts/http/sessions.ts'
import { delay } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { createApiClient, type ApiClient } from '#server/demo/api-client.ts'
import { chooseFreePort } from '#server/demo/demo-file.ts'
import { bundleEntry } from '../../.tools/bundle.mjs'

const startTimeoutMs = 60_000

let folder: string
let port: number
let demoEntry: string
let fleetEntry: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'huinong-demo-'))
  port = await chooseFreePort()
  ;[demoEntry, fleetEntry] = await Promise.all([
    bundleEntry('server/demo/main.ts'),
    bundleEntry('cabinet-agent/demo-fleet/main.ts'),
    import('../../.tools/build-web.mjs').then(({ buildWeb }) => buildWeb()),
  ])
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface RunningDemo {
  readonly child: ChildProcess
  output(): string
  /** Resolves once it has printed this; rejects when it ends before. */
  says(text: string): Promise<void>
  /** Ctrl-C; gives the exit code. */
  interrupt(): Promise<number | null>
}

function startDemo(...args: string[]): RunningDemo {
  const all = ['--enable-source-maps', demoEntry, '--port', String(port), '--data', folder, ...args]
  const child = spawn(process.execPath, all, {
    env: { ...process.env, HUINONG_DEMO_FLEET_ENTRY: fleetEntry },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (printed += data.toString()))
  return {
    child,
    output: () => printed,
    async says(text) {
      const deadlineMs = systemClock.monotonicMs() + startTimeoutMs
      while (!printed.includes(text)) {
        if (child.exitCode !== null || systemClock.monotonicMs() > deadlineMs)
          throw new Error(`it did not say ${text}:\n${printed}`)
        await delay(systemClock, 100)
      }
    },
    async interrupt() {
      const ended = once(child, 'exit') as Promise<[number | null]>
      child.kill('SIGINT')
      return (await ended)[0]
    },
  }
}

async function signIn(login: string): Promise<ApiClient> {
  const api = createApiClient(`http://127.0.0.1:${port}`)
  await api.signIn(login, `${login}-huinong`)
  return api
}

async function countOnShelf(api: ApiClient): Promise<number> {
  const { lanes } = await api.call(getShelfByCode, { params: { code: 'YB-0001' } })
  return lanes.reduce((sum, { count }) => sum + count, 0)
}

describe('npm start', () => {
  it(
    'fills the shelves, lets shoppers buy, ends on Ctrl-C and goes on where it was',
    { timeout: 150_000 },
    async () => {
      const first = startDemo('--shoppers', '--rate', '60')
      await first.says('Restocked 6 cabinets')
      await first.says('Ctrl-C ends everything')
      await first.says(': settled, ')
      const early = await signIn('auditor')
      expect(await countOnShelf(early)).toBeGreaterThan(0)

      expect(await first.interrupt()).toBe(0)
      const second = startDemo()
      await second.says('Ctrl-C ends everything')

      expect(second.output()).not.toContain('Writing')
      const finance = await signIn('finance')
      const { rows } = await finance.call(listSessions, { query: { state: 'settled', limit: 200 } })
      expect(rows.some(({ kind, totalFen }) => kind === 'sale' && totalFen !== undefined)).toBe(true)
      expect(await finance.call(checkLedger, {})).toMatchObject({ isSound: true, problems: [] })
      await startsItsFleetAgain(second)
      await explainsThePortInUse()
      expect(await second.interrupt()).toBe(0)
    },
  )

  async function startsItsFleetAgain(demo: RunningDemo): Promise<void> {
    const found = await readFile(`/proc/${demo.child.pid}/task/${demo.child.pid}/children`, 'utf8')
    const [fleetPid] = found.trim().split(' ').map(Number)
    process.kill(fleetPid ?? 0, 'SIGKILL')
    await demo.says('they start again')
  }

  async function explainsThePortInUse(): Promise<void> {
    const third = startDemo()
    await once(third.child, 'exit')
    expect(third.output()).toContain(`Port ${port} is in use`)
    expect(third.child.exitCode).toBe(1)
  }
})
