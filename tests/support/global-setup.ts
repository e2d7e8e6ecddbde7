// Runs once before all tests. PostgreSQL starts only when the first test asks for a database, so runs that need none pay
// nothing: workers ask this process over a local socket, each question is answered with a fresh, migrated database.
import { rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import type { TestProject } from 'vitest/node'
import { EmbeddedCluster } from './embedded-cluster.ts'
import { makeScratchFolder } from './scratch-folder.ts'

declare module 'vitest' {
  interface ProvidedContext {
    postgresDeskPort: number
    /** Folder of this run for databases; removed at its end. */
    scratchFolder: string
  }
}

export default async function globalSetup(project: TestProject): Promise<() => Promise<void>> {
  let starting: Promise<EmbeddedCluster> | undefined
  const answer = async (request: string): Promise<string> => {
    starting ??= EmbeddedCluster.start()
    const cluster = await starting
    const [verb = '', name = ''] = request.trim().split(' ')
    if (verb === 'drop') return cluster.drop(name)
    return verb === 'bare' ? cluster.createEmpty() : cluster.create()
  }
  const desk = createServer((socket) => {
    socket.setEncoding('utf8')
    socket.on('error', () => {})
    socket.on('data', (chunk: string) => {
      answer(chunk).then(
        (reply) => socket.end(`ok ${reply}`),
        (error: unknown) =>
          socket.end(`failed ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
      )
    })
  })
  await new Promise<void>((resolve) => desk.listen(0, '127.0.0.1', resolve))
  const scratchFolder = makeScratchFolder('huinong-tests-')
  project.provide('scratchFolder', scratchFolder)
  project.provide('postgresDeskPort', (desk.address() as AddressInfo).port)
  return async () => {
    desk.close()
    const cluster = await starting?.catch(() => undefined)
    await cluster?.stop()
    // Here, since a worker may end without a chance to clean up.
    rmSync(scratchFolder, { recursive: true, force: true })
  }
}
