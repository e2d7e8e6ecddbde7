import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '#shared/time/system-clock.ts'
import { startFleetProcess, type FleetProcess } from '#server/demo/fleet-process.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'huinong-fleet-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** A child that prints its configuration's first cabinet and then does `what`. */
async function startChild(what: string, onDeath: (how: string) => void): Promise<FleetProcess> {
  const entry = join(folder, 'child.mjs')
  await writeFile(
    entry,
    `import { readFileSync } from 'node:fs'
     const config = JSON.parse(readFileSync(process.argv[2], 'utf8'))
     console.log('cabinet ' + config.cabinets[0].code)
     ${what}`,
  )
  return startFleetProcess({
    entry,
    config: {
      serverUrl: 'http://127.0.0.1:1',
      handsPort: 1,
      dataDirectory: folder,
      cabinets: [{ code: 'YB-0001', seed: 1, laneCount: 12, profile: 'good' }],
    },
    configFile: join(folder, 'fleet.json'),
    logFile: join(folder, 'fleet.log'),
    clock: systemClock,
    onDeath,
  })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('fleet process', () => {
  it('starts again when it dies by itself, and its words are kept', async () => {
    let deaths = 0
    const twice = new Promise<string>((resolve) => {
      void startChild('process.exit(3)', (how) => {
        deaths += 1
        if (deaths === 2) resolve(how)
      }).then((started) => {
        fleet = started
      })
    })
    let fleet: FleetProcess | undefined

    const how = await twice
    await fleet?.[Symbol.asyncDispose]()

    expect(how).toBe('exit code 3')
    expect(await readFile(join(folder, 'fleet.log'), 'utf8')).toContain('cabinet YB-0001\ncabinet YB-0001')
  })

  it('ends with the demo and is not started again', async () => {
    let deaths = 0
    const fleet = await startChild('setInterval(() => {}, 1000)', () => (deaths += 1))
    const pid = fleet.pid ?? 0
    expect(isAlive(pid)).toBe(true)

    await fleet[Symbol.asyncDispose]()

    expect(isAlive(pid)).toBe(false)
    expect(deaths).toBe(0)
  })

  it('keeps the configuration, which holds enrolment codes, from other users', async () => {
    const fleet = await startChild('', () => {})
    await fleet[Symbol.asyncDispose]()

    expect((await stat(join(folder, 'fleet.json'))).mode & 0o077).toBe(0)
  })
})
