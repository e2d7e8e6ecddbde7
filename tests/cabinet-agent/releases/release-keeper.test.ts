import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { ReleaseKeeper } from '#cabinet-agent/releases/release-keeper.ts'
import { ReleaseStore } from '#cabinet-agent/releases/release-store.ts'
import { type AgentRelease, agentReleaseSigningText } from '#shared/contracts/mqtt/twin.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { makeScratchFolder } from '#tests/support/scratch-folder.ts'

const bytes = Buffer.from('export const answer = 42\n')

function signed(key: KeyObject, change: Partial<AgentRelease> = {}): AgentRelease {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const release = { version: '0.2.0', sha256, sizeBytes: bytes.length, ...change }
  const signature = sign(null, Buffer.from(agentReleaseSigningText(release)), key).toString('base64')
  return { ...release, signature }
}

async function startKeeper(running = { version: '0.1.0', isInstalled: true }) {
  const keys = generateKeyPairSync('ed25519')
  const clock = new TestClock()
  const state = { isIdle: true, served: bytes, fetches: 0, freeBytes: 1_000_000 }
  const server = createServer((request, response) => {
    if (request.url?.endsWith('/bundle') !== true) response.statusCode = 404
    state.fetches += 1
    response.end(state.served)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const store = new ReleaseStore(makeScratchFolder('huinong-releases-'))
  const restarts: string[] = []
  const keeper = new ReleaseKeeper({
    store,
    running,
    serverUrl: `http://127.0.0.1:${port}`,
    serverKeys: () => [keys.publicKey],
    fetch: globalThis.fetch,
    clock,
    hasRoomFor: (wanted) => wanted <= state.freeBytes,
    isIdle: () => state.isIdle,
    onRestart: (reason) => restarts.push(reason),
    onChanged: () => {},
    onFailed: (error) => expect.unreachable(String(error)),
  })
  return {
    keeper,
    clock,
    store,
    restarts,
    state,
    key: keys.privateKey,
    [Symbol.asyncDispose]: async () => {
      keeper.stop()
      server.close()
      await once(server, 'close')
    },
  }
}

describe('a release', () => {
  it('is fetched, checked, staged on trial and started', async () => {
    await using it = await startKeeper()

    await it.keeper.offer(signed(it.key))

    expect(readFileSync(it.store.fileOf('0.2.0'))).toEqual(bytes)
    expect(it.store.current()).toBe('0.2.0')
    expect(it.store.trial()).toMatchObject({ version: '0.2.0', previous: null, starts: 0 })
    expect(it.restarts).toHaveLength(1)
  })

  it('starts between sessions only', async () => {
    await using it = await startKeeper()
    it.state.isIdle = false

    await it.keeper.offer(signed(it.key))
    const during = it.restarts.length
    it.state.isIdle = true
    it.keeper.restartWhenIdle()

    expect([during, it.restarts.length]).toEqual([0, 1])
  })

  it.each([
    ['bad_signature', (key: KeyObject) => ({ ...signed(key), version: '0.3.0' })],
    ['bad_signature', () => signed(generateKeyPairSync('ed25519').privateKey)],
    ['older_version', (key: KeyObject) => signed(key, { version: '0.0.9' })],
    ['older_version', (key: KeyObject) => signed(key, { version: '0.0.9', goesBackFrom: '0.9.0' })],
    ['wrong_hash', (key: KeyObject) => signed(key, { sha256: 'a'.repeat(64) })],
    ['wrong_size', (key: KeyObject) => signed(key, { sizeBytes: bytes.length - 1 })],
  ] as const)('that is forged, old or other bytes is refused as %s, and nothing changes', async (code, make) => {
    await using it = await startKeeper()
    const release = make(it.key)

    await it.keeper.offer(release)

    expect(it.keeper.report()).toMatchObject({ version: '0.1.0', refused: { version: release.version, code } })
    expect(it.store.current()).toBeUndefined()
    expect(existsSync(it.store.fileOf(release.version))).toBe(false)
    expect(it.restarts).toEqual([])
  })

  it('may be older where the server allows to go back from what runs', async () => {
    await using it = await startKeeper({ version: '0.3.0', isInstalled: false })

    await it.keeper.offer(signed(it.key, { goesBackFrom: '0.3.0' }))

    expect(it.store.current()).toBe('0.2.0')
    expect(it.restarts).toHaveLength(1)
  })

  it('is taken in the end, whatever somebody made of it on the way, and with leave that it lacked', async () => {
    await using forged = await startKeeper()
    await using old = await startKeeper({ version: '0.3.0', isInstalled: false })

    await forged.keeper.offer({ ...signed(forged.key), signature: 'AAAA' })
    await forged.keeper.offer(signed(forged.key))
    await old.keeper.offer(signed(old.key))
    await old.keeper.offer(signed(old.key, { goesBackFrom: '0.3.0' }))

    expect([forged.store.current(), old.store.current()]).toEqual(['0.2.0', '0.2.0'])
  })

  it.each([
    ['other bytes came', 'wrong_size', { served: Buffer.from('<html>pay for the network here</html>') }],
    ['as many, but others', 'wrong_hash', { served: Buffer.from(bytes.toString().replace('42', '43')) }],
    ['the disk had no room', 'disk_full', { freeBytes: 1 }],
  ] as const)('is fetched again in a while, and not before, where %s', async (_what, code, trouble) => {
    await using it = await startKeeper()
    const release = signed(it.key)
    const good = { ...it.state }
    Object.assign(it.state, trouble)

    await it.keeper.offer(release)
    const { fetches } = it.state
    Object.assign(it.state, good, { fetches })
    await it.keeper.offer({ ...release })

    expect(it.keeper.report().refused).toMatchObject({ code })
    expect(it.state.fetches).toBe(fetches)
    expect(it.store.current()).toBeUndefined()
    it.clock.advance(600_000)
    await expect.poll(() => it.store.current()).toBe('0.2.0')
    expect(it.restarts).toHaveLength(1)
  })

  it('takes the place of what is neither run nor gone back to', async () => {
    await using it = await startKeeper({ version: '0.1.9', isInstalled: false })
    for (const version of ['0.1.7', '0.1.8', '0.1.9']) {
      it.store.stage(version, 'a'.repeat(64), bytes)
      it.store.confirm()
    }

    await it.keeper.offer(signed(it.key))

    const kept = ['0.1.7', '0.1.8', '0.1.9', '0.2.0'].filter((version) => existsSync(it.store.fileOf(version)))
    expect(kept).toEqual(['0.1.9', '0.2.0'])
    expect(it.store.trial()).toMatchObject({ version: '0.2.0', previous: '0.1.9' })
  })

  it('that is staged over itself, being damaged, leaves the installed agent to go back to', async () => {
    await using it = await startKeeper()
    it.store.stage('0.2.0', 'a'.repeat(64), Buffer.from('damaged'))
    it.store.confirm()

    await it.keeper.offer(signed(it.key))

    expect(readFileSync(it.store.fileOf('0.2.0'))).toEqual(bytes)
    expect(it.store.trial()).toMatchObject({ version: '0.2.0', previous: null })
  })

  it('gives way to the agent that was installed', async () => {
    await using it = await startKeeper({ version: '0.2.0', isInstalled: false })
    it.store.stage('0.2.0', 'a'.repeat(64), bytes)

    await it.keeper.offer(null)

    expect(it.store.current()).toBeUndefined()
    expect(it.restarts).toHaveLength(1)
  })

  it('that did not come up is not tried again', async () => {
    await using it = await startKeeper()
    const release = signed(it.key)
    it.store.stage('0.2.0', release.sha256, bytes)
    const trial = it.store.trial()
    if (trial !== undefined) it.store.goBack(trial, 'it ended with 1')
    const again = new ReleaseKeeper({
      store: it.store,
      running: { version: '0.1.0', isInstalled: true },
      serverUrl: 'http://127.0.0.1:9',
      serverKeys: () => [],
      fetch: globalThis.fetch,
      clock: it.clock,
      hasRoomFor: () => true,
      isIdle: () => true,
      onRestart: (reason) => it.restarts.push(reason),
      onChanged: () => {},
      onFailed: (error) => expect.unreachable(String(error)),
    })

    await again.offer(release)

    expect(again.report().refused).toMatchObject({ code: 'not_healthy', reason: 'it ended with 1' })
    expect(it.restarts).toEqual([])
  })
})
