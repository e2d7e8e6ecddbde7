// A real mosquitto (Debian's) on a free port, open to anybody on this machine: the external broker of the tests.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '#shared/time/system-clock.ts'
import { delay } from '#shared/time/clock.ts'
import { chooseFreePort } from '#server/demo/demo-file.ts'

const places = ['mosquitto', '/usr/sbin/mosquitto']
const found = places.find((path) => spawnSync(path, ['-h']).error === undefined)

/** False where Debian's package is not installed; `.ci/run` installs it. */
export const hasMosquitto = found !== undefined

/** The command line of a mosquitto that listens there, open to anybody; its configuration is written into the folder. */
export function mosquittoCommand(where: { folder: string; host: string; port: number }): readonly string[] {
  const { folder, host, port } = where
  const file = join(folder, 'mosquitto.conf')
  writeFileSync(file, `listener ${port} ${host}\nallow_anonymous true\nset_tcp_nodelay true\n`)
  return [found ?? 'mosquitto', '-c', file]
}

export interface Mosquitto extends AsyncDisposable {
  readonly url: string
  stop(): Promise<void>
  start(): Promise<void>
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

export async function startMosquitto(): Promise<Mosquitto> {
  const port = await chooseFreePort()
  const folder = mkdtempSync(join(tmpdir(), 'huinong-mosquitto-'))
  const [command = '', ...args] = mosquittoCommand({ folder, host: '127.0.0.1', port })
  let child: ReturnType<typeof spawn> | undefined
  const stop = async () => {
    if (child === undefined || child.exitCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
  const start = async () => {
    child = spawn(command, args, { stdio: 'ignore' })
    while (!(await accepts(port))) await delay(systemClock, 20)
  }
  await start()
  return {
    url: `mqtt://127.0.0.1:${port}`,
    start,
    stop,
    async [Symbol.asyncDispose]() {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
