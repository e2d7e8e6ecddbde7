import { createServer, type AddressInfo } from 'node:net'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DemoError, findFreePort, openDemoFile } from '#server/demo/demo-file.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'huinong-demo-'))
})
afterEach(() => rm(folder, { recursive: true }))

describe('what the demo remembers', () => {
  it('stays as the first start made it', async () => {
    const first = await openDemoFile(folder, 7)

    expect(first.seed).toBe(7)
    expect(await openDemoFile(folder)).toEqual(first)
    expect(await openDemoFile(folder, 7)).toEqual(first)
  })

  it('refuses another seed for data that is there', async () => {
    await openDemoFile(folder, 7)

    await expect(openDemoFile(folder, 8)).rejects.toThrow(/holds data of seed 7/)
  })

  it('does not take a file that is not its own', async () => {
    await writeFile(join(folder, 'demo.json'), '{"port":1}')

    await expect(openDemoFile(folder)).rejects.toThrow(DemoError)
  })
})

describe('findFreePort', () => {
  it('tells a port in use from a free one', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo

    expect(await findFreePort(port)).toBeUndefined()
    server.close()
    await once(server, 'close')
    expect(await findFreePort(port)).toBe(port)
  })
})
