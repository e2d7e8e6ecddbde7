// The commands of package.json as people and supervisors run them: through npm, whose signals must reach the program.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

function npm(...args: string[]) {
  return npmIn(root, {}, ...args)
}

function npmIn(cwd: string, environment: Readonly<Record<string, string>>, ...args: string[]) {
  const env = { ...process.env, ...environment }
  const child = spawn('npm', ['run', '--silent', ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()))
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()))
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }))
  return { child, stdout: () => stdout, stderr: () => stderr, ended }
}

/** The sources as a fresh clone has them, nothing built, with this checkout's packages. */
async function makeClone() {
  const folder = await mkdtemp(join(tmpdir(), 'huinong-clone-'))
  const built = join(root, 'server/web/dist')
  for (const name of ['.tools', 'server', 'shared', 'package.json', 'package-lock.json', 'tsconfig.json'])
    await cp(join(root, name), join(folder, name), { recursive: true, filter: (source) => source !== built })
  await mkdir(join(folder, 'dist'))
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
}

const isListening = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

describe('npm run', () => {
  it('passes a signal on to the program, which ends with it', async () => {
    const { child, stdout, ended } = npm('virtual-cabinet', '--', '--port', 'tcp://127.0.0.1:0')
    await expect.poll(stdout, { timeout: 20_000 }).toContain('"listening"')
    const port = Number(/tcp:\/\/127\.0\.0\.1:(\d+)/.exec(stdout())?.[1])
    expect(await isListening(port)).toBe(true)

    child.kill('SIGTERM')
    await ended

    await expect.poll(() => isListening(port), { timeout: 5_000 }).toBe(false)
  })

  it(
    'server begins with the pages that it serves, where nobody has built them; its help does not',
    { timeout: 120_000 },
    async () => {
      await using clone = await makeClone()
      const environment = { HUINONG_HTTP_PORT: '0', HUINONG_MQTT_PORT: '0' }
      const help = await npmIn(clone.folder, environment, 'server', '--', '--help').ended

      const { child, stderr, ended } = npmIn(clone.folder, environment, 'server')
      await expect.poll(stderr, { timeout: 60_000 }).toContain('Building the pages')
      child.kill('SIGTERM')
      await ended

      expect(help).toMatchObject({ code: 0, stderr: '' })
    },
  )

  it.each([
    ['agent', ['--nonsense']],
    ['agent', ['--config', '/nowhere/cabinet.json']],
    ['probe', ['--nonsense']],
    ['virtual-cabinet', ['--nonsense']],
    ['replay', ['--nonsense']],
    ['replay', ['/nowhere.ndjson']],
    ['ledger', ['--nonsense']],
    ['ledger', ['export', '--format', 'nonsense']],
  ])('%s %j says what is wrong, without a stack', async (command, args) => {
    const { code, stdout, stderr } = await npm(command, '--', ...args).ended

    expect(code).toBeGreaterThan(0)
    expect(`${stdout}${stderr}`.length).toBeGreaterThan(10)
    expect(`${stdout}${stderr}`).not.toContain('    at ')
  })
})
