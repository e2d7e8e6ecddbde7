// Commands on their way to a cabinet and their answers on the way back, on both databases, with time in the test's hand.
import { createPublicKey, verify } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { commandSigningText } from '#shared/contracts/mqtt/command.ts'
import { CabinetConfig } from '#shared/contracts/mqtt/twin.ts'
import { DatabaseError } from '#server/db/database-error.ts'
import { one } from '#server/db/unit.ts'
import { nouns, type Noun } from '#server/nouns.ts'
import { newId, registerCabinet, startCabinet, enrolCabinet } from '#tests/support/test-cabinet.ts'
import { type Person, startServer, type TestServer } from '#tests/support/start-server.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects } from '#tests/support/test-database.ts'

const send = (person: Person, cabinetId: string, body: unknown) =>
  person.send('POST', `/api/cabinets/${cabinetId}/commands`, body)

async function outcomes(person: Person, cabinetId: string): Promise<unknown> {
  const { body } = await person.send('GET', `/api/cabinets/${cabinetId}/commands`)
  const rows = body['rows'] as Array<{ kind: string; outcome?: string; reason?: string }>
  return rows.map(({ kind, outcome, reason }) => [kind, outcome, reason])
}

const keysOf = ({ app }: TestServer) =>
  app.ctx.database.read(({ db, tables: { serverKeys: t } }) => one(db.select().from(t)))

describe.each(dialects)('commands on %s', (dialect) => {
  it('arrive signed by the key that cabinets got at enrolment, and their answer is seen once', async () => {
    await using server = await startServer({ dialect })
    await using cabinet = await startCabinet(server, 'YB-0001')
    const operator = await server.signIn('operator')

    const sent = await send(operator, cabinet.cabinetId, { kind: 'lock', reason: 'cleaning' })
    const { signature, ...command } = await cabinet.commands.next()

    expect(sent).toMatchObject({
      status: 202,
      body: { commandId: command.commandId, expiresAtMs: command.expiresAtMs },
    })
    expect(command).toMatchObject({ kind: 'lock', body: { reason: 'cleaning' } })
    const der = Buffer.from((await keysOf(server))?.publicKey ?? '', 'base64')
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' })
    const text = Buffer.from(commandSigningText(cabinet.cabinetId, command))
    expect(verify(null, text, key, Buffer.from(signature, 'base64'))).toBe(true)
    await cabinet.publish('replies', { commandId: command.commandId, outcome: 'refused', reason: 'busy', atMs: 5 })
    await cabinet.publish('replies', { commandId: command.commandId, outcome: 'done', atMs: 6 })
    await expect.poll(() => outcomes(operator, cabinet.cabinetId)).toEqual([['lock', 'refused', 'busy']])
  })

  it('end as expired when nobody answers, and the late answer of the cabinet still counts', async () => {
    const clock = new TestClock()
    const ends: unknown[] = []
    const watching: Noun = {
      commandEnds: {
        // A unit of work that writes nothing.
        // oxlint-disable-next-line require-yield
        *lock(_ctx, { reply, isByServer }) {
          ends.push([reply.outcome, isByServer])
          return []
        },
      },
    }
    await using server = await startServer({ dialect, clock, nouns: [...nouns, watching] })
    await using cabinet = await startCabinet(server, 'YB-0001')
    const operator = await server.signIn('operator')
    await send(operator, cabinet.cabinetId, { kind: 'lock', reason: 'x' })
    const { commandId } = await cabinet.commands.next()

    clock.advance(44_000)
    expect(await outcomes(operator, cabinet.cabinetId)).toEqual([['lock', undefined, undefined]])
    clock.advance(3_000)

    // The sweep's next turn is set when its last one is through with the database, so the clock has to go on.
    const goOn = () => {
      clock.advance(1_000)
      return outcomes(operator, cabinet.cabinetId)
    }
    await expect.poll(goOn).toEqual([['lock', 'expired', 'expired']])
    await cabinet.publish('replies', { commandId, outcome: 'done', atMs: clock.now() })
    await expect.poll(() => outcomes(operator, cabinet.cabinetId)).toEqual([['lock', 'done', undefined]])
    expect(ends.at(0)).toEqual(['expired', true])
    expect(ends.at(-1)).toEqual(['done', false])
  })

  it('are ended by an answer that the database did not take at first', async () => {
    const clock = new TestClock()
    let failures = 0
    const failing: Noun = {
      commandEnds: {
        // A unit of work that writes nothing.
        // oxlint-disable-next-line require-yield
        *lock() {
          if (failures < 2) {
            failures += 1
            throw new DatabaseError('io', 'disk I/O error')
          }
          return []
        },
      },
    }
    await using server = await startServer({ dialect, clock, nouns: [...nouns, failing] })
    await using cabinet = await startCabinet(server, 'YB-0001')
    const operator = await server.signIn('operator')
    await send(operator, cabinet.cabinetId, { kind: 'lock', reason: 'x' })
    const { commandId } = await cabinet.commands.next()

    await cabinet.publish('replies', { commandId, outcome: 'done', atMs: clock.now() })
    await expect.poll(() => failures).toBe(1)
    expect(await outcomes(operator, cabinet.cabinetId)).toEqual([['lock', undefined, undefined]])
    const startMs = clock.now()
    const goOn = () => {
      // Not so far that the server would end it by itself.
      if (clock.now() < startMs + 40_000) clock.advance(1_000)
      return outcomes(operator, cabinet.cabinetId)
    }
    await expect.poll(goOn, { timeout: 20_000 }).toEqual([['lock', 'done', undefined]])
    expect(failures).toBe(2)
  })

  it('are not ended by a cabinet that does not believe their signature, and go out again', async () => {
    const clock = new TestClock()
    await using server = await startServer({ dialect, clock })
    await using cabinet = await startCabinet(server, 'YB-0001')
    const operator = await server.signIn('operator')
    const { cabinetId } = cabinet
    const disbelieve = (commandId: string) =>
      cabinet.publish('replies', { commandId, outcome: 'refused', reason: 'bad_signature', atMs: 5 })
    const details = async () => {
      const { body } = await operator.send('GET', `/api/cabinets/${cabinetId}/commands`)
      return (body['rows'] as Array<Record<string, unknown>>).map(({ outcome, detail }) => [outcome, detail])
    }
    await send(operator, cabinetId, { kind: 'lock', reason: 'x' })
    const sent = await cabinet.commands.next()

    await disbelieve(sent.commandId)
    await expect.poll(details).toEqual([[undefined, 'bad_signature']])
    clock.advance(10_000)
    let again: unknown
    void cabinet.commands.next().then((arrived) => (again = arrived))
    await expect
      .poll(
        () => {
          clock.advance(100)
          return again
        },
        { timeout: 20_000 },
      )
      .toEqual(sent)
    await cabinet.publish('replies', { commandId: sent.commandId, outcome: 'done', atMs: 6 })
    await expect.poll(details).toEqual([['done', undefined]])

    // The refusal of another copy, which nobody of ours had signed, comes last.
    await disbelieve(sent.commandId)
    await send(operator, cabinetId, { kind: 'lock', reason: 'y' })
    const never = await cabinet.commands.find(({ commandId }) => commandId !== sent.commandId)
    await disbelieve(never.commandId)
    const goOn = () => {
      clock.advance(1_000)
      return details()
    }
    await expect.poll(goOn, { timeout: 20_000 }).toEqual([
      ['expired', 'bad_signature'],
      ['done', undefined],
    ])
  })

  it('wait for a cabinet that is away, and are not sent when they no longer count', async () => {
    const clock = new TestClock()
    await using server = await startServer({ dialect, clock })
    await using cabinet = await startCabinet(server, 'YB-0001')
    const operator = await server.signIn('operator')
    const { cabinetId, bootId } = cabinet
    // Sent while nobody listens: no subscription, so the broker drops it.
    await cabinet.client.unsubscribeAsync(`huinong/v1/cabinets/${cabinetId}/commands`)
    await send(operator, cabinetId, { kind: 'reboot' })
    clock.advance(31_000)
    await send(operator, cabinetId, { kind: 'self-test' })
    await cabinet.client.subscribeAsync(`huinong/v1/cabinets/${cabinetId}/commands`, { qos: 1 })

    await cabinet.publish('presence', { isOnline: true, bootId, atMs: clock.now() })
    let command: { kind: string } | undefined
    void cabinet.commands.next().then((arrived) => (command = arrived))
    await expect
      .poll(() => {
        clock.advance(50)
        return command?.kind
      })
      .toBe('self-test')
  })

  it('change the twin when the cabinet took over a configuration, that setting alone', async () => {
    await using server = await startServer({ dialect })
    await using cabinet = await startCabinet(server, 'YB-0001')
    const operator = await server.signIn('operator')
    await send(operator, cabinet.cabinetId, { kind: 'set-config', config: { liveIntervalMs: 500 } })
    const { commandId, body } = await cabinet.commands.next()
    expect(body).toEqual({ config: { liveIntervalMs: 500 } })

    await cabinet.publish('replies', { commandId, outcome: 'done', atMs: 1 })
    const twin = await cabinet.desired.find(({ version }) => version === 1)

    expect(twin).toMatchObject({ config: { ...CabinetConfig.parse({}), liveIntervalMs: 500 } })
  })

  it('are refused for cabinets that are unknown or have no key, and change nothing', async () => {
    await using server = await startServer({ dialect })
    const operator = await server.signIn('operator')
    const cabinetId = await registerCabinet(server, 'YB-0001')

    expect(await send(operator, newId(), { kind: 'self-test' })).toMatchObject({
      status: 404,
      body: { code: 'cabinet.unknown' },
    })
    expect(await send(operator, cabinetId, { kind: 'self-test' })).toMatchObject({
      status: 409,
      body: { code: 'cabinet.not_enrolled' },
    })
    await enrolCabinet(server, cabinetId, operator)
    expect(await send(operator, cabinetId, { kind: 'dance' })).toMatchObject({ status: 422 })
    expect(await send(operator, cabinetId, { kind: 'set-config', config: { liveIntervalMs: 1 } })).toMatchObject({
      status: 422,
      body: { field: 'config.liveIntervalMs' },
    })
    const count = await server.app.ctx.database.read(({ db, tables: { cabinetCommands: t } }) =>
      one(db.select().from(t).where(eq(t.cabinetId, cabinetId))),
    )
    expect(count).toBeUndefined()
  })
})
