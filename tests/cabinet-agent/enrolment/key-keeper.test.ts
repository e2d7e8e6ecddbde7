// A cabinet changes its key at a real server: afterwards the broker takes the new one and not the old one.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import mqtt from 'mqtt'
import { describe, expect, it } from 'vitest'
import { enrol } from '#cabinet-agent/enrolment/enrol.ts'
import { loadIdentity, type Identity } from '#cabinet-agent/enrolment/identity.ts'
import { KeyKeeper } from '#cabinet-agent/enrolment/key-keeper.ts'
import { readPrivateKey, signedLogin, type Login } from '#cabinet-agent/link/login.ts'
import { rows } from '#server/db/unit.ts'
import { makeScratchFolder } from '#tests/support/scratch-folder.ts'
import { startServer, type TestServer } from '#tests/support/start-server.ts'
import { registerCabinet } from '#tests/support/test-cabinet.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects } from '#tests/support/test-database.ts'

const dayMs = 86_400_000
const lifetimeMs = 90 * dayMs

async function enrolOne(server: TestServer, clock: TestClock) {
  const cabinetId = await registerCabinet(server, 'YB-0001')
  const operator = await server.signIn('operator')
  const { body } = await operator.send('POST', `/api/cabinets/${cabinetId}/enrolment-codes`)
  const dataDirectory = makeScratchFolder('huinong-key-')
  const serverUrl = server.url
  const enrolmentCode = String(body['enrolmentCode'])
  const identity = await enrol({ serverUrl, enrolmentCode, dataDirectory, fetch, clock })
  const keeperOf = (own: Identity, ask: typeof globalThis.fetch = fetch) =>
    new KeyKeeper({ identity: own, dataDirectory, serverUrl, fetch: ask, clock, lifetimeMs, onLog: () => {} })
  const isTaken = async ({ username, password }: Login) => {
    const options = { clientId: username, username, password, reconnectPeriod: 0 }
    const client = await mqtt.connectAsync(server.app.mqttUrl, options).catch(() => undefined)
    await client?.endAsync(true)
    return client !== undefined
  }
  return { cabinetId, dataDirectory, identity, keeperOf, isTaken }
}

describe.each(dialects)('a cabinet’s key, at a server on %s', (dialect) => {
  it('is changed when it has served its time, and not before', async () => {
    const clock = new TestClock()
    await using server = await startServer({ dialect, clock })
    const cabinet = await enrolOne(server, clock)
    const keeper = cabinet.keeperOf(cabinet.identity)

    expect(await keeper.rotateWhenDue()).toBe(false)
    clock.advance(lifetimeMs)
    expect(await keeper.rotateWhenDue()).toBe(true)
    expect(await keeper.rotateWhenDue()).toBe(false)

    const stored = loadIdentity(cabinet.dataDirectory)
    expect(stored?.privateKeyPem).not.toBe(cabinet.identity.privateKeyPem)
    const old = signedLogin(cabinet.cabinetId, readPrivateKey(cabinet.identity.privateKeyPem), clock.now())
    expect([await cabinet.isTaken(keeper.login()), await cabinet.isTaken(old)]).toEqual([true, false])
    const trail = await server.app.ctx.database.read(({ db, tables: { auditRows: t } }) =>
      rows(db.select({ action: t.action, subjectId: t.subjectId }).from(t)),
    )
    expect(trail).toContainEqual({ action: 'cabinet.key_rotated', subjectId: cabinet.cabinetId })
  })

  it('is the same new one after a reply that was lost, even by a power cut', async () => {
    const clock = new TestClock()
    await using server = await startServer({ dialect, clock })
    const cabinet = await enrolOne(server, clock)
    clock.advance(lifetimeMs)
    const lossy = async (...request: Parameters<typeof fetch>) => {
      await fetch(...request)
      throw new Error('the reply is lost')
    }

    await expect(cabinet.keeperOf(cabinet.identity, lossy).rotateWhenDue()).rejects.toThrow('lost')
    const again = cabinet.keeperOf(loadIdentity(cabinet.dataDirectory) ?? cabinet.identity)

    expect(await cabinet.isTaken(again.login())).toBe(false)
    expect(await again.rotateWhenDue()).toBe(true)
    expect(await cabinet.isTaken(again.login())).toBe(true)
  })

  it('cannot be changed by who holds an old one, by a withdrawn cabinet, or by a clock that is far off', async () => {
    const clock = new TestClock()
    await using server = await startServer({ dialect, clock })
    const cabinet = await enrolOne(server, clock)
    const copied = JSON.parse(readFileSync(join(cabinet.dataDirectory, 'identity.json'), 'utf8')) as Identity
    clock.advance(lifetimeMs)
    const keeper = cabinet.keeperOf(cabinet.identity)
    await keeper.rotateWhenDue()

    await expect(cabinet.keeperOf(copied).rotateWhenDue()).rejects.toThrow('cabinet.key_proof_invalid')

    const own = loadIdentity(cabinet.dataDirectory) ?? cabinet.identity
    const fast = new TestClock(clock.now() + lifetimeMs + 600_000)
    const wrongClock = new KeyKeeper({
      identity: own,
      dataDirectory: makeScratchFolder('huinong-key-'),
      serverUrl: server.url,
      fetch,
      clock: fast,
      lifetimeMs,
      onLog: () => {},
    })
    await expect(wrongClock.rotateWhenDue()).rejects.toThrow('cabinet.key_proof_invalid')
    const admin = await server.signIn('admin')
    await admin.send('PATCH', `/api/cabinets/${cabinet.cabinetId}`, { rolloutState: 'withdrawn' })
    clock.advance(lifetimeMs)
    await expect(cabinet.keeperOf(own).rotateWhenDue()).rejects.toThrow('cabinet.key_proof_invalid')
    expect(await cabinet.isTaken(keeper.login())).toBe(false)
  })
})
