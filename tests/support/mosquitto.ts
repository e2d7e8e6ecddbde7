// A real mosquitto (Debian's) on a free port, open to anybody on this machine: the external broker of the tests.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

/** Its log line once it listens; nothing else that answers on the port is taken for it. */
const isRunningLine = /mosquitto version \S+ running/

/** Starts one and waits until it listens. Throws with what it said when it ends instead, as when the port was taken meanwhile. */
async function run(command: readonly string[]): Promise<ChildProcess> {
  const [file = '', ...args] = command
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (isRunningLine.test(said)) resolve()
    })
    child.once('error', reject).once('close', () => reject(new Error(`mosquitto ended: ${said}`)))
  })
  // Read on, so that it never waits for its log to be taken.
  child.stderr.removeAllListeners('data').resume()
  return child
}

/** Nobody holds a port between its choice and its use: another process may have taken it. */
const portTries = 5

export async function startMosquitto(): Promise<Mosquitto> {
  const folder = mkdtempSync(join(tmpdir(), 'huinong-mosquitto-'))
  const startOn = async (port: number) => run(mosquittoCommand({ folder, host: '127.0.0.1', port }))
  let port = await chooseFreePort()
  let child: ChildProcess | undefined
  for (let tries = 1; child === undefined; tries += 1) {
    child = await startOn(port).catch((error: unknown) => {
      if (tries === portTries) throw error
      return undefined
    })
    if (child === undefined) port = await chooseFreePort()
  }
  const stop = async () => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
  return {
    url: `mqtt://127.0.0.1:${port}`,
    start: async () => {
      child = await startOn(port)
    },
    stop,
    async [Symbol.asyncDispose]() {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
