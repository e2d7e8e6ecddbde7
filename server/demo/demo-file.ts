import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { z } from 'zod'
import { defaultSeed } from './options.ts'

/** What the demo remembers beside the database: what a second start must do as the first did. */
const DemoFile = z.object({
  seed: z.int().min(0),
  /** Enrolled cabinets know the broker by its address, so its port stays. */
  mqttPort: z.int().min(1).max(65_535),
})
export type DemoFile = z.infer<typeof DemoFile>

/** Something about this machine or folder keeps the demo from starting; the message says what to do. */
export class DemoError extends Error {
  override readonly name = 'DemoError'
}

const host = '127.0.0.1'

/** Whether nobody listens on this port of the loopback; 0 asks for any free one. Gives the port, or undefined. */
export async function findFreePort(port: number): Promise<number | undefined> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(undefined)
      else reject(error)
    })
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address()
      const found = typeof address === 'object' && address !== null ? address.port : port
      server.close(() => resolve(found))
    })
  })
}

/** Like findFreePort(0), for when there must be one. */
export async function chooseFreePort(): Promise<number> {
  const port = await findFreePort(0)
  if (port === undefined) throw new DemoError('No free port is left on this machine.')
  return port
}

/** Reads what an earlier start remembered, or makes it. Without a wish for a seed it is the folder's, or the default. */
export async function openDemoFile(dataDirectory: string, seed?: number): Promise<DemoFile> {
  const path = join(dataDirectory, 'demo.json')
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text !== undefined) {
    const known = DemoFile.safeParse(JSON.parse(text))
    if (!known.success) throw new DemoError(`${path} is not the demo's; use another folder with --data.`)
    if (seed !== undefined && seed !== known.data.seed)
      throw new DemoError(
        `${dataDirectory} holds data of seed ${known.data.seed}; use another folder with --data for seed ${seed}.`,
      )
    return known.data
  }
  const made = { seed: seed ?? defaultSeed, mqttPort: await chooseFreePort() }
  await writeFile(path, `${JSON.stringify(made, undefined, 2)}\n`)
  return made
}
