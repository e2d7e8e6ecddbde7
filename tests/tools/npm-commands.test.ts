// The commands of package.json as people and supervisors run them: through npm, whose signals must reach the program.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

function npm(...args: string[]) {
  const child = spawn('npm', ['run', '--silent', ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()))
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()))
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }))
  return { child, stdout: () => stdout, ended }
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
