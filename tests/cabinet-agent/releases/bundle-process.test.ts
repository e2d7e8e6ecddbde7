// A whole production bundle as a release: rolled out by the real server, fetched, tried and run by a real agent process under a
// supervisor that starts it again, as on a cabinet.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { restartExitCode } from '#cabinet-agent/releases/run-trial.ts'
import { serveBoards } from '#tests/support/agent-process.ts'
import { makeScratchFolder } from '#tests/support/scratch-folder.ts'
import { type Person, startServer } from '#tests/support/start-server.ts'
import { registerCabinet } from '#tests/support/test-cabinet.ts'
import { bundleEntry } from '../../../.tools/bundle.mjs'

const waitMs = 90_000
const poll = { timeout: waitMs, interval: 250 }

/** Starts the installed agent, and again whenever it asks for it. */
function supervise(entry: string, configFile: string) {
  let child: ChildProcess | undefined
  let isOver = false
  const starts: Array<number | null> = []
  const run = async () => {
    while (!isOver) {
      child = spawn(process.execPath, [entry, '--config', configFile], { stdio: 'ignore' })
      const [code] = (await once(child, 'exit')) as [number | null]
      starts.push(code)
      if (code !== restartExitCode) return
    }
  }
  const running = run()
  return {
    /** How each run ended. */
    starts,
    async [Symbol.asyncDispose]() {
      isOver = true
      child?.kill('SIGTERM')
      await running
    },
  }
}

async function rollOut(admin: Person, cabinetId: string, version: string) {
  const body = { title: version, change: { kind: 'agent', version }, cabinetIds: [cabinetId], maxErrorBp: 10_000 }
  const { status, body: made } = await admin.send('POST', '/api/rollouts', body)
  expect(status).toBe(201)
  const path = `/api/rollouts/${String(made['rolloutId'])}/cabinets`
  return async () => ((await admin.send('GET', path)).body['rows'] as object[])[0]
}

describe('a whole bundle of the agent', () => {
  it('is rolled out, proves itself and runs; one that crashes is taken back by the cabinet itself', async () => {
    const installed = await bundleEntry('cabinet-agent/main.ts', { isWhole: true })
    const { stdout } = await promisify(execFile)(process.execPath, ['.tools/agent-bundle.mjs', '9.0.1'])
    await using server = await startServer({ dialect: 'sqlite' })
    const admin = await server.signIn('admin')
    const cabinetId = await registerCabinet(server, 'YB-0001')
    const { body: code } = await admin.send('POST', `/api/cabinets/${cabinetId}/enrolment-codes`)
    await using boards = await serveBoards({ laneCount: 2, itemsPerLane: 4, unitMg: 500_000 })
    const dataDirectory = makeScratchFolder('huinong-bundle-')
    mkdirSync(dataDirectory, { recursive: true })
    const configFile = join(dataDirectory, 'cabinet.json')
    const config = {
      dataDirectory,
      serverUrl: server.url,
      enrolmentCode: code['enrolmentCode'],
      journal: { minFreeBytes: 0 },
      releases: { trialMs: 60_000 },
      hardware: boards.installation,
    }
    writeFileSync(configFile, JSON.stringify(config))
    const agentOf = async () => {
      const { body } = await admin.send('GET', `/api/cabinets/${cabinetId}`)
      return (body['reported'] as { agent?: object } | undefined)?.agent
    }

    {
      await using supervisor = supervise(installed, configFile)
      await expect.poll(agentOf, poll).toMatchObject({ isInstalled: true })

      await admin.send('POST', '/api/agent-releases/9.0.1', new Uint8Array(readFileSync(stdout.trim())))
      const good = await rollOut(admin, cabinetId, '9.0.1')
      await expect.poll(good, poll).toMatchObject({ state: 'equal' })
      expect(await agentOf()).toEqual({ version: '9.0.1', isInstalled: false })

      await admin.send('POST', '/api/agent-releases/9.0.2', new TextEncoder().encode('process.exit(3)\n'))
      const bad = await rollOut(admin, cabinetId, '9.0.2')
      await expect.poll(bad, poll).toMatchObject({ state: 'listed', reason: 'not_healthy: it ended with 3' })
      await expect
        .poll(agentOf, poll)
        .toMatchObject({ version: '9.0.1', isInstalled: false, refused: { version: '9.0.2', code: 'not_healthy' } })
      expect(supervisor.starts.every((ended) => ended === restartExitCode)).toBe(true)
    }
    writeFileSync(join(dataDirectory, 'releases/9.0.1/agent.mjs'), 'this block of the disk went ba\0')
    {
      await using _supervisor = supervise(installed, configFile)
      await expect.poll(agentOf, poll).toMatchObject({ isInstalled: true })
    }
    rmSync(dataDirectory, { recursive: true, force: true })
  }, 300_000)
})
