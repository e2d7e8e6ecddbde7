// The key that signs commands is changed under a running server, by the jobs that an administrator runs, while one cabinet follows
// and another is away.
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { newestTrusted } from '#cabinet-agent/enrolment/key-lists.ts'
import { isSignedByServer, readPublicKey } from '#cabinet-agent/link/login.ts'
import { type CommandKeyList, obeyedKeys } from '#shared/contracts/mqtt/command-keys.ts'
import type { Command } from '#shared/contracts/mqtt/command.ts'
import { CabinetConfig, type DesiredTwin, type ReportedTwin } from '#shared/contracts/mqtt/twin.ts'
import { systemRandom } from '#shared/ids/random.ts'
import { cabinetJobs } from '#server/cabinets/batch.ts'
import { issueCommand } from '#server/cabinets/issue-command.ts'
import { commandKeyJobs } from '#server/command-keys/batch.ts'
import { nextKeyFileOf } from '#server/command-keys/key-files.ts'
import { openCommandSigner } from '#server/command-keys/open-signer.ts'
import { endPreviousKey, watchCommandKeys } from '#server/command-keys/watch-keys.ts'
import { rows } from '#server/db/unit.ts'
import { forgeRows } from '#tests/support/forge-rows.ts'
import { type Person, startServer, type TestServer } from '#tests/support/start-server.ts'
import { enrolCabinet, registerCabinet, startCabinet, type TestCabinet } from '#tests/support/test-cabinet.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects } from '#tests/support/test-database.ts'
import { testSealer } from '#tests/support/test-sealer.ts'

const dayMs = 86_400_000

const reportOf = (keys: readonly string[]): ReportedTwin => ({
  desiredVersion: 0,
  planogramVersion: 0,
  pricesVersion: 0,
  config: CabinetConfig.parse({}),
  isInService: true,
  doorState: 'closed',
  sessionState: 'idle',
  lanes: [],
  alarms: [],
  obeyedKeys: [...keys],
  atMs: 1,
})

/** What a cabinet holds of the server's keys, by the agent's own rules. */
class Follower {
  held: { serverPublicKeys: string[]; commandKeys?: CommandKeyList }
  readonly #cabinet: TestCabinet

  constructor(cabinet: TestCabinet, serverPublicKeys: string[]) {
    this.#cabinet = cabinet
    this.held = { serverPublicKeys }
  }

  obeys(command: Command): boolean {
    return isSignedByServer(this.#cabinet.cabinetId, command, this.held.serverPublicKeys.map(readPublicKey))
  }

  /** Reads twins until one has told it something new, and reports. */
  async follow(): Promise<void> {
    for (;;) {
      const { commandKeys = [] } = (await this.#cabinet.desired.next()) as DesiredTwin
      const newest = newestTrusted(this.held, commandKeys)
      if (newest === undefined) continue
      this.held = { serverPublicKeys: obeyedKeys(newest), commandKeys: newest }
      await this.#cabinet.publish('reported', reportOf(obeyedKeys(newest)))
      return
    }
  }

  arrive(): Promise<void> {
    return this.#cabinet.publish('presence', { isOnline: true, bootId: this.#cabinet.bootId, atMs: 1 })
  }
}

function deskOf(server: TestServer, admin: Person) {
  const { database, clock, config } = server.app.ctx
  const context = { database, sealer: testSealer, commandKeyFile: config.commandKeyFile, clock, random: systemRandom }
  return {
    job: async (name: string, args: Record<string, string | boolean> = {}) => {
      const job = [...commandKeyJobs, ...cabinetJobs].find((one) => one.name === name)
      const done = await job?.run(context, { as: admin.login, ...args }, () => {})
      await watchCommandKeys(server.app.ctx)
      return done?.join('\n')
    },
    file: config.commandKeyFile,
    signerNow: () => server.app.ctx.signer.publicKey,
    send: (cabinetId: string) => admin.send('POST', `/api/cabinets/${cabinetId}/commands`, { kind: 'self-test' }),
    reopen: () => openCommandSigner(database, config.commandKeyFile),
    countReported: (key: string) =>
      database.read(function* ({ db, tables: { cabinetStatuses: s } }) {
        const found = yield* rows(db.select({ reported: s.reported }).from(s))
        return found.filter(({ reported }) => reported?.obeyedKeys?.includes(key) === true).length
      }),
  }
}

describe.each(dialects)('the key that signs commands, on %s', (dialect) => {
  it('is changed without downtime when every cabinet obeys the next one, and let go a day later', async () => {
    const clock = new TestClock()
    await using server = await startServer({ dialect, clock })
    await using here = await startCabinet(server, 'YB-0001')
    const admin = await server.signIn('admin', 'operator')
    const desk = deskOf(server, admin)
    const old = desk.signerNow()
    const follower = new Follower(here, [old])

    await desk.job('command-key-prepare')
    await follower.follow()
    const [, next = ''] = follower.held.serverPublicKeys
    const reportedBy = () => {
      clock.advance(50)
      return desk.countReported(next)
    }
    await expect.poll(reportedBy, { timeout: 15_000 }).toBe(1)
    // Good for days, as the news that a pass was revoked.
    const { signer } = server.app.ctx
    const order = {
      cabinetId: here.cabinetId,
      kind: 'self-test',
      body: {},
      validForMs: 3 * dayMs,
      issuedBy: 'x',
    } as const
    await server.app.ctx.database.run((unit) => issueCommand(unit, signer, order))
    await desk.job('command-key-rotate', { why: 'yearly' })
    await follower.follow()
    await desk.send(here.cabinetId)
    const sent = await here.commands.next()

    expect(desk.signerNow()).toBe(next)
    expect(follower.held.serverPublicKeys).toEqual([next, old])
    expect(follower.obeys(sent)).toBe(true)
    expect(existsSync(nextKeyFileOf(desk.file))).toBe(false)
    expect((await desk.reopen()).publicKey).toBe(next)
    await endPreviousKey(server.app.ctx)
    expect(server.app.ctx.signer.keyLists).toHaveLength(2)
    clock.advance(dayMs)
    await endPreviousKey(server.app.ctx)
    await watchCommandKeys(server.app.ctx)
    await follower.follow()
    expect(follower.held.serverPublicKeys).toEqual([next])
    // What the old key signed and nobody has answered goes out by the present one.
    await follower.arrive()
    let long: Command | undefined
    void here.commands.find(({ expiresAtMs }) => expiresAtMs > clock.now() + dayMs).then((found) => (long = found))
    const isObeyed = () => {
      clock.advance(50)
      return long === undefined ? undefined : follower.obeys(long)
    }
    await expect.poll(isObeyed, { timeout: 15_000 }).toBe(true)
    const trail = await admin.send('GET', '/api/audit?limit=100').then(({ body }) => JSON.stringify(body))
    for (const action of ['prepared', 'rotated', 'ended']) expect(trail).toContain(`command_key.${action}`)
  })

  it('waits for a cabinet that is away; one that was passed over follows from its return, days later', async () => {
    const clock = new TestClock()
    await using server = await startServer({ dialect, clock })
    const admin = await server.signIn('admin', 'operator')
    const desk = deskOf(server, admin)
    const old = desk.signerNow()
    await using away = await startCabinet(server, 'YB-0002')
    const follower = new Follower(away, [old])
    await away.client.unsubscribeAsync(`huinong/v1/cabinets/${away.cabinetId}/desired`)
    await away.client.unsubscribeAsync(`huinong/v1/cabinets/${away.cabinetId}/commands`)

    await desk.job('command-key-prepare')
    await expect(desk.job('command-key-rotate')).rejects.toMatchObject({
      code: 'command_key.cabinets_behind',
      message: expect.stringContaining('YB-0002'),
    })
    expect(desk.signerNow()).toBe(old)
    await desk.job('command-key-rotate', { 'without-waiting': true })
    await expect(desk.job('command-key-end')).rejects.toMatchObject({ code: 'command_key.cabinets_behind' })
    await desk.job('command-key-end', { 'without-waiting': true })
    clock.advance(5 * dayMs)
    await away.client.subscribeAsync(
      ['desired', 'commands'].map((channel) => `huinong/v1/cabinets/${away.cabinetId}/${channel}`),
      { qos: 1 },
    )
    await follower.arrive()
    await follower.follow()
    await desk.send(away.cabinetId)

    expect(follower.held.serverPublicKeys).toEqual([desk.signerNow()])
    expect(desk.signerNow()).not.toBe(old)
    expect(follower.obeys(await away.commands.next())).toBe(true)
  })

  it('is ended at once when it was stolen, and a cabinet enrolled since never knows it', async () => {
    await using server = await startServer({ dialect })
    await using here = await startCabinet(server, 'YB-0003')
    const admin = await server.signIn('admin', 'operator')
    const desk = deskOf(server, admin)
    const stolen = await desk.reopen()
    const follower = new Follower(here, [stolen.publicKey])

    await desk.job('command-key-rotate', { stolen: true, why: 'a copy of the disk was found' })
    await follower.follow()

    const order = { commandId: here.bootId, kind: 'self-test', body: {}, issuedAtMs: 1, expiresAtMs: 2 }
    expect(follower.obeys(stolen.sign(here.cabinetId, order))).toBe(false)
    expect(follower.obeys(server.app.ctx.signer.sign(here.cabinetId, order))).toBe(true)
    const newcomer = await enrolCabinet(server, await registerCabinet(server, 'YB-0004'), admin)
    const { serverPublicKeys, commandKeys } = newcomer.enrolled as unknown as Follower['held']
    expect(serverPublicKeys).toEqual([desk.signerNow()])
    expect(commandKeys).toEqual(server.app.ctx.signer.keyLists.at(-1))
  })

  it('is found again after the database was put back to before the change, by the cabinets too', async () => {
    await using server = await startServer({ dialect })
    await using here = await startCabinet(server, 'YB-0005')
    const admin = await server.signIn('admin', 'operator')
    const desk = deskOf(server, admin)
    const follower = new Follower(here, [desk.signerNow()])
    await desk.job('command-key-rotate', { stolen: true })
    await follower.follow()
    const present = desk.signerNow()
    await forgeRows(server.databaseUrl, 'command_key_list', ['delete from command_key_list'])
    await forgeRows(server.databaseUrl, 'server_key', [`delete from server_key where public_key = '${present}'`])
    await expect(desk.reopen()).rejects.toThrow('after-restore')

    await desk.job('after-restore')
    await follower.follow()

    expect((await desk.reopen()).publicKey).toBe(present)
    expect(follower.held.serverPublicKeys).toEqual([present])
    // And from there the key can be changed again.
    await desk.job('command-key-rotate', { stolen: true })
    await follower.follow()
    expect(follower.held.serverPublicKeys).toEqual([desk.signerNow()])
  })
})
