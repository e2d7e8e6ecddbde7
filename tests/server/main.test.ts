// `npm run server` as a process: its help, its refusal to start with a wrong environment, its first start and its clean end.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openFragileLine } from '#tests/support/fragile-line.ts'
import { makeDatabasePlace } from '#tests/support/test-database.ts'
import { bundleEntry } from '../../.tools/bundle.mjs'

async function findPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

describe('the server as a process', () => {
  let entry = ''
  let folder = ''

  beforeAll(async () => {
    entry = await bundleEntry('server/main.ts')
    folder = mkdtempSync(join(tmpdir(), 'huinong-main-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const child = spawn(process.execPath, [entry, ...args], { cwd: folder, env: { ...process.env, ...environment } })
    let printed = ''
    const says = (text: string) =>
      new Promise<string>((resolve) => {
        const look = () => printed.includes(text) && resolve(printed)
        child.stdout.on('data', look)
        look()
      })
    child.stdout.on('data', (data: Buffer) => (printed += data.toString()))
    child.stderr.on('data', (data: Buffer) => (printed += data.toString()))
    const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, printed }))
    return { child, says, ended }
  }

  it('lists every variable with --help and starts nothing', async () => {
    const { code, printed } = await run(['--help']).ended

    expect(code).toBe(0)
    expect(printed).toContain('HUINONG_DATABASE_URL [sqlite:./data/huinong.db]')
  })

  it('names all that is wrong with its environment and ends with 1', async () => {
    const { code, printed } = await run([], { HUINONG_HTTP_PORT: 'x', HUINONG_LOG_LEVEL: 'loud' }).ended

    expect(code).toBe(1)
    expect(printed).toContain('HUINONG_HTTP_PORT')
    expect(printed).toContain('HUINONG_LOG_LEVEL')
    expect(printed).not.toContain('    at ')
  })

  it('shows the first administrator’s password once, and ends cleanly when told to', async () => {
    const environment = { HUINONG_HTTP_PORT: '0', HUINONG_MQTT_PORT: '0', HUINONG_LOG_LEVEL: 'warn' }
    const first = run([], environment)
    const [, password = ''] = /one-time password (\S+)/.exec(await first.says('Cabinets (MQTT)')) ?? []
    first.child.kill('SIGTERM')
    const firstEnd = await first.ended
    const second = run([], environment)
    await second.says('Cabinets (MQTT)')
    second.child.kill('SIGINT')
    const secondEnd = await second.ended

    expect(password).toMatch(/^[A-Z2-9-]{14}$/)
    expect(firstEnd.code).toBe(0)
    expect(secondEnd).toMatchObject({ code: 0 })
    expect(secondEnd.printed).not.toContain('password')
  })

  it('says which port is taken, and ends with 1', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const { port } = holder.address() as AddressInfo

    const { code, printed } = await run([], { HUINONG_HTTP_PORT: String(port), HUINONG_MQTT_PORT: '0' }).ended
    holder.close()

    expect(code).toBe(1)
    expect(printed).toContain(`127.0.0.1:${port}`)
    expect(printed).toContain('HUINONG_HTTP_PORT')
    expect(printed).not.toContain('    at ')
  })

  it('says that the database went away while it started, and ends with 1', { timeout: 90_000 }, async () => {
    await using place = await makeDatabasePlace('postgres')
    await using line = await openFragileLine(place.url)
    line.breakAt('command_key_list', 'lost', 100)

    const { code, printed } = await run([], {
      HUINONG_DATABASE_URL: line.url,
      HUINONG_HTTP_PORT: '0',
      HUINONG_MQTT_PORT: '0',
    }).ended

    expect(code).toBe(1)
    expect(printed).toMatch(/^the database cannot be reached: Connection terminated unexpectedly$/m)
    expect(printed).not.toMatch(/^ {4}at /m)
  })

  it('serves on and ends cleanly when nobody reads what it prints', async () => {
    const httpPort = await findPort()
    const { child, ended } = run([], { HUINONG_HTTP_PORT: String(httpPort), HUINONG_MQTT_PORT: '0' })
    child.stdout.destroy()
    const isReady = () =>
      fetch(`http://127.0.0.1:${httpPort}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      )

    await expect.poll(isReady, { timeout: 20_000 }).toBe(true)
    child.kill('SIGTERM')

    expect((await ended).code).toBe(0)
  })
})
