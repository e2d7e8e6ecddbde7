import { spawn } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'

/** Two ttys that are each other's far end, made by socat: as near to a serial cable as a machine without one gets. */
export interface TtyPair extends AsyncDisposable {
  readonly near: string
  readonly far: string
}

/** With a folder the ends are also reachable as `near` and `far` in it, as devices by-id are after re-plugging. */
export async function openTtyPair(folder?: string): Promise<TtyPair> {
  const end = (name: string) => `pty,raw,echo=0${folder === undefined ? '' : `,link=${folder}/${name}`}`
  const child = spawn('socat', ['-d', '-d', end('near'), end('far')], { stdio: ['ignore', 'ignore', 'pipe'] })
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  const paths = await new Promise<string[]>((resolve, reject) => {
    let text = ''
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      const found = [...text.matchAll(/PTY is (\S+)/g)].map((match) => match[1] ?? '')
      if (found.length === 2 && text.includes('starting data transfer loop')) resolve(found)
    })
    child.once('error', (error) => reject(new Error('socat cannot be run: it is needed for tests', { cause: error })))
    void exited.then(() => reject(new Error(`socat ended early: ${text}`)))
  })
  const [near = '', far = ''] = paths
  return {
    near,
    far,
    async [Symbol.asyncDispose]() {
      child.kill()
      await exited
    },
  }
}

/** Waits for something the operating system does in its own time; fails after `limitMs` of real time. */
export async function eventually(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  limitMs = 8000,
): Promise<void> {
  const untilMs = performance.now() + limitMs
  while (!(await isTrue())) {
    if (performance.now() > untilMs) throw new Error(`${what}: not within ${limitMs} ms`)
    await pause(10)
  }
}
