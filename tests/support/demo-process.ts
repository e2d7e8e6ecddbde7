// The demo as a newcomer starts it: the process behind `npm start`, on a free port with a folder of its own.
import BetterSqlite3 from 'better-sqlite3'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface DemoProcess extends AsyncDisposable {
  readonly baseUrl: string
  /** The virtual cabinets that are live, as the demo names them. */
  readonly cabinetCodes: readonly string[]
  /** What the cabinets' journals told the server of one type of event, oldest first. */
  journalBodies(type: string): readonly unknown[]
  /** What it printed, for when a test fails. */
  output(): string
}

/** A bundled caller, such as a bench, is told where the checkout is. */
const root = process.env['HUINONG_ROOT'] ?? fileURLToPath(new URL('../..', import.meta.url))

async function findPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Resolves once the demo says that it runs. */
export async function startDemoProcess(args: readonly string[] = []): Promise<DemoProcess> {
  const port = await findPort()
  const dataDirectory = await mkdtemp(join(tmpdir(), 'huinong-demo-'))
  const child = spawn(
    process.execPath,
    [join(root, '.tools/start.mjs'), '--port', String(port), '--data', dataDirectory, ...args],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let printed = ''
  const ended = once(child, 'exit')
  const isRunning = new Promise<void>((resolve, reject) => {
    const keep = (data: Buffer) => {
      printed += data.toString()
      if (printed.includes('Ctrl-C ends everything')) resolve()
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.once('exit', (code) => reject(new Error(`the demo ended with ${code}:\n${printed}`)))
  })
  await isRunning
  const codes = /Live virtual cabinets: ([A-Z0-9, -]+)\./.exec(printed)?.[1]?.split(', ') ?? []
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    cabinetCodes: codes,
    journalBodies(type) {
      const db = new BetterSqlite3(join(dataDirectory, 'huinong.db'), { readonly: true })
      try {
        const found = db.prepare('SELECT body FROM journal_entry WHERE type = ? ORDER BY cabinet_id, seq').all(type)
        return (found as Array<{ body: string }>).map(({ body }) => JSON.parse(body) as unknown)
      } finally {
        db.close()
      }
    },
    output: () => printed,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await ended
      await rm(dataDirectory, { recursive: true, force: true })
    },
  }
}
