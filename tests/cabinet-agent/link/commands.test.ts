import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { commandSigningText } from '#shared/contracts/mqtt/command.ts'
import { maxPayloadBytes } from '#shared/contracts/mqtt/topics.ts'
import { AgentWorld } from '#tests/support/agent-world.ts'

describe('commands', () => {
  it('answers a repeated command with the same reply and does not carry it out again', async () => {
    await using world = await AgentWorld.stocked()
    const before = world.cabinet.unlockPulses

    const command = world.unlock()
    const first = await world.replyTo(command)
    world.broker.send('commands', command)
    await world.until(() => world.broker.repliesTo(command.commandId).length === 2, 'the same reply')

    expect(world.broker.repliesTo(command.commandId)[1]).toEqual(first)
    expect(world.cabinet.unlockPulses - before).toBe(1)
  })

  it('does not open for a second command of the same session, nor for one while a session runs', async () => {
    await using world = await AgentWorld.stocked()
    const before = world.cabinet.unlockPulses
    const sessionId = world.id()

    await world.replyTo(world.unlock(sessionId))
    const other = await world.replyTo(world.unlock())
    await world.until(() => world.eventsOf(sessionId).includes('session.not_opened'), 'its end')
    const again = await world.replyTo(world.unlock(sessionId))

    expect([other, again]).toMatchObject([
      { outcome: 'refused', reason: 'busy' },
      { outcome: 'refused', reason: 'busy' },
    ])
    expect(world.cabinet.unlockPulses - before).toBe(1)
    expect(world.eventsOf(sessionId).filter((type) => type === 'session.refused')).toEqual([])
  })

  it('refuses a command that another key signed, or that was changed on the way', async () => {
    await using world = await AgentWorld.stocked()
    const before = world.cabinet.unlockPulses
    const body = { sessionId: world.id(), holdFen: 1, planogramVersion: 1, pricesVersion: 1 }
    const thief = generateKeyPairSync('ed25519').privateKey
    const command = world.make('unlock', body)

    const forged = world.command('unlock', body, {
      signature: sign(null, Buffer.from(commandSigningText(world.cabinetId, command)), thief).toString('base64'),
    })
    const stretched = { ...world.make('unlock', body), expiresAtMs: world.clock.now() + 3_600_000 }
    world.broker.send('commands', stretched)

    expect(await world.replyTo(forged)).toMatchObject({ outcome: 'refused', reason: 'bad_signature' })
    expect(await world.replyTo(stretched)).toMatchObject({ outcome: 'refused', reason: 'bad_signature' })
    expect(world.cabinet.unlockPulses).toBe(before)
  })

  it('lets a real command through after a forged one of the same id', async () => {
    await using world = await AgentWorld.stocked()
    const command = world.make('lock', { reason: 'cleaning' })

    world.broker.send('commands', { ...command, body: { reason: 'mischief' } })
    await world.replyTo(command)
    world.broker.send('commands', command)
    await world.until(() => world.broker.repliesTo(command.commandId).length === 2, 'the real answer')

    expect(world.broker.repliesTo(command.commandId).map((reply) => reply.outcome)).toEqual(['refused', 'done'])
  })

  it('does not carry out an expired command, not even with the clock set back', async () => {
    await using world = await AgentWorld.stocked()
    const before = world.cabinet.unlockPulses
    const body = { sessionId: world.id(), holdFen: 1, planogramVersion: 1, pricesVersion: 1 }
    const late = world.command('unlock', body, {
      issuedAtMs: world.clock.now() - 60_000,
      expiresAtMs: world.clock.now() - 1,
    })
    const reply = await world.replyTo(late)
    const old = world.make('unlock', { ...body, sessionId: world.id() })
    await world.pass(40_000)
    await world.replyTo(world.command('release', { reason: 'newer' }))
    world.clock.setWall(old.issuedAtMs)
    world.broker.send('commands', old)

    expect(reply).toMatchObject({ outcome: 'expired' })
    expect(await world.replyTo(old)).toMatchObject({ outcome: 'expired' })
    expect(world.cabinet.unlockPulses).toBe(before)
  })

  it('opens for nobody while its clock is years ahead, says so, and changes nothing', async () => {
    await using world = await AgentWorld.stocked()
    const pulses = world.cabinet.unlockPulses
    const issuedAtMs = world.clock.now()
    world.clock.setWall(issuedAtMs + 3 * 366 * 86_400_000)
    const before = world.broker.types()

    const command = world.command(
      'unlock',
      { sessionId: world.id(), holdFen: 5_000, planogramVersion: 1, pricesVersion: 1 },
      { issuedAtMs, expiresAtMs: issuedAtMs + 30_000 },
    )
    const reply = await world.replyTo(command)
    await world.until(() => world.broker.types().length > before.length, 'the journal')

    expect(reply).toMatchObject({
      outcome: 'expired',
      reason: 'expired',
      detail: expect.stringContaining('past its end by this clock'),
    })
    expect(world.cabinet.unlockPulses).toBe(pulses)
    expect(world.broker.types().slice(before.length)).toEqual(['session.refused'])
  })

  it('answers what it does not know, and what it cannot read', async () => {
    await using world = await AgentWorld.stocked()

    const unknown = await world.replyTo(world.command('sing', { song: 'x' }))
    const invalid = await world.replyTo(world.command('unlock', { sessionId: 'no id' }))
    const broken = { ...world.make('lock', { reason: 'x' }), expiresAtMs: 'soon' }
    world.broker.send('commands', broken)

    expect(unknown).toMatchObject({ outcome: 'unsupported' })
    expect(invalid).toMatchObject({ outcome: 'refused', reason: 'invalid_body' })
    expect(await world.replyTo(world.make('lock', {}, { commandId: broken.commandId }))).toMatchObject({
      reason: 'invalid_body',
    })
  })

  it('survives malformed, oversized and misplaced messages on every channel', async () => {
    await using world = await AgentWorld.stocked()
    for (const channel of ['acks', 'commands', 'desired'] as const) {
      for (const junk of ['', '{', 'null', '[]', '{"throughSeq":-1}', `"${'x'.repeat(maxPayloadBytes)}"`]) {
        world.broker.send(channel, junk)
      }
    }

    const reply = await world.replyTo(world.command('self-test', {}))

    expect(reply.outcome).toBe('done')
  })

  it('survives forged commands whose body no signature could be made over', async () => {
    await using world = await AgentWorld.stocked()
    const { commandId, ...rest } = world.command('self-test', {})
    for (const odd of ['1e999', `${'['.repeat(20_000)}${']'.repeat(20_000)}`, String.raw`"\u0000\ud83d"`])
      world.broker.send('commands', JSON.stringify({ commandId, ...rest }).replace('"body":{}', `"body":{"x":${odd}}`))

    const reply = await world.replyTo(world.command('self-test', {}))

    expect(reply.outcome).toBe('done')
  })

  it('takes the cabinet out of service and back', async () => {
    await using world = await AgentWorld.stocked()

    await world.replyTo(world.command('lock', { reason: 'cleaning' }))
    const refused = await world.replyTo(world.unlock())
    await world.replyTo(world.command('release', { reason: 'clean' }))
    const done = await world.replyTo(world.unlock())

    expect(refused).toMatchObject({ outcome: 'refused', reason: 'out_of_service' })
    expect(done.outcome).toBe('done')
  })

  it('reports every device in a self-test and fails it for a silent one', async () => {
    await using world = await AgentWorld.stocked()

    const good = await world.replyTo(world.command('self-test', {}))
    world.cabinet.setFault({ kind: 'board-silent', board: 'L02' })
    const bad = await world.replyTo(world.command('self-test', {}))

    expect(good.report?.map((line) => [line.device, line.isGood])).toEqual([
      ['lock', true],
      ['scale L01', true],
      ['scale L02', true],
      ['thermometer', true],
      ['door-input', true],
      ['link', true],
      ['link history', true],
      ['clock', true],
      ['port locks', true],
      ['port scales', true],
      ['port scanner', true],
    ])
    expect(bad).toMatchObject({ outcome: 'failed', reason: 'self_test_failed' })
    expect(bad.report?.filter((line) => !line.isGood).map((line) => line.device)).toEqual(['scale L02'])
  })

  it('does not test itself while a buyer is at the door, but does while staff are', async () => {
    await using world = await AgentWorld.stocked()
    await world.replyTo(world.unlock())
    const atSale = await world.replyTo(world.command('self-test', {}))
    await world.until(() => world.reported?.sessionState !== 'open' && world.agent?.isConnected === true, 'the sale')
    await world.pass(20_000)

    await world.replyTo(world.command('lock', { reason: 'maintenance' }))
    const restock = world.command('restock-open', { sessionId: world.id(), restockerId: world.id(), loads: [] })
    await world.replyTo(restock)
    world.cabinet.openDoor()
    const atRestock = await world.replyTo(world.command('self-test', {}))

    expect(atSale).toMatchObject({ outcome: 'refused', reason: 'busy' })
    expect(atRestock.outcome).toBe('done')
    expect(world.reported?.isInService).toBe(false)
  })

  it('tells of a link that broke and of a clock that is wrong', async () => {
    await using world = await AgentWorld.stocked()
    for (let cut = 0; cut < 4; cut += 1) {
      world.agent?.setNetwork(false)
      await world.pass(100)
      world.agent?.setNetwork(true)
      await world.until(() => world.agent?.isConnected === true, 'the link')
    }

    const issuedAtMs = world.clock.now() + 60_000
    const reply = await world.replyTo(world.command('self-test', {}, { issuedAtMs, expiresAtMs: issuedAtMs + 30_000 }))

    expect(reply).toMatchObject({ outcome: 'failed', reason: 'self_test_failed' })
    const lineOf = (device: string) => reply.report?.find((line) => line.device === device)
    expect(lineOf('link')).toMatchObject({ isGood: true, detail: expect.stringMatching(/^round trip \d+\.\d ms$/) })
    expect(lineOf('link history')).toMatchObject({ isGood: false, detail: expect.stringContaining('4 disconnects') })
    expect(lineOf('clock')).toMatchObject({ isGood: false, detail: expect.stringMatching(/^-\d+ ms after/) })
  })

  it('answers a reboot before it happens, and refuses one during a session', async () => {
    await using world = await AgentWorld.stocked()

    const done = await world.replyTo(world.command('reboot', { reason: 'update' }))
    await world.until(() => world.restarts.length === 1, 'the restart')
    await world.replyTo(world.unlock())
    const refused = await world.replyTo(world.command('reboot', { reason: 'update' }))

    expect(done.outcome).toBe('done')
    expect(refused).toMatchObject({ outcome: 'refused', reason: 'busy' })
  })
})
