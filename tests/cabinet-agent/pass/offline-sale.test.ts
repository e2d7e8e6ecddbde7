// A real agent on virtual boards with a virtual code reader, its cable cut: from the scan to the journal, and back online.
import { describe, expect, it } from 'vitest'
import type { Pass } from '#shared/passes/pass-code.ts'
import { AgentWorld, makeTwin } from '#tests/support/agent-world.ts'
import { makePass, makePassSigner } from '#tests/support/pass-issuer.ts'

async function startOffline(limits: { maxOpenSessions?: number; maxOpenFen?: number } = {}) {
  const world = await AgentWorld.stocked()
  const groupId = world.id()
  const offlineSelling = { groupId, maxOpenSessions: 2, maxOpenFen: 20_000, ...limits }
  world.broker.send('desired', makeTwin(2, world.skuIds, { offlineSelling }))
  await world.until(() => world.reported?.desiredVersion === 2, 'twin 2')
  const signer = makePassSigner(world.broker.keys.privateKey, world.clock)
  const codeOf = (change: Partial<Pass> = {}) =>
    signer.sign(makePass({ passId: world.id(), groupId, buyerId: world.id() }, world.clock.now(), change))
  world.agent?.setNetwork(false)
  await world.pass(200)
  return { world, codeOf }
}

/** Holds a code before the reader and waits for what its display says. */
async function show(world: AgentWorld, code: string): Promise<string | undefined> {
  const before = world.cabinet.scannerDisplay
  await world.pass(4_000)
  world.cabinet.scan(code)
  await world.until(() => world.cabinet.scannerDisplay !== before, 'the display', 6_000).catch(() => {})
  return world.cabinet.scannerDisplay
}

async function takeOne(world: AgentWorld): Promise<void> {
  world.cabinet.openDoor()
  await world.pass(1_000)
  world.cabinet.take('L01')
  await world.pass(2_500)
  world.cabinet.closeDoor()
  await world.pass(6_000)
}

const finals = (world: AgentWorld) => world.broker.types().filter((type) => /^session\.(settled|review)$/.test(type))

describe('selling on a pass', () => {
  it('opens without a network, weighs, and tells everything once the network is back', async () => {
    const { world, codeOf } = await startOffline()
    await using _ = world
    const code = codeOf()

    expect(await show(world, code)).toBe('PASS OPENED')
    await takeOne(world)
    expect(finals(world)).toEqual([])
    world.agent?.setNetwork(true)
    await world.until(() => finals(world).length === 1, 'the settlement')

    const started = world.broker.committed.findLast((entry) => entry.type === 'session.started')
    expect(started?.body).toMatchObject({ kind: 'sale', passCode: code })
    const settled = world.broker.committed.findLast((entry) => entry.type === 'session.settled')
    expect(settled?.body).toMatchObject({
      sessionId: started?.body['sessionId'],
      lines: [{ laneId: 'L01', count: 1 }],
    })
  })

  it('opens once for a pass, also after the power was cut behind the lock', async () => {
    const { world, codeOf } = await startOffline()
    await using _ = world
    const code = codeOf()
    expect(await show(world, code)).toBe('PASS OPENED')
    const pulses = world.cabinet.unlockPulses

    await world.cutPower()
    await world.boot()
    await world.pass(15_000)

    expect(await show(world, code)).toBe('PASS REFUSED pass_used')
    expect(world.cabinet.unlockPulses).toBe(pulses)
  })

  it('refuses a forged code with the reason on the display and in the journal', async () => {
    const { world, codeOf } = await startOffline()
    await using _ = world
    const code = codeOf()
    const forged = code.slice(0, 200) + (code[200] === 'A' ? 'B' : 'A') + code.slice(201)

    expect(await show(world, forged)).toBe('PASS REFUSED pass_forged')
    expect(world.cabinet.isLocked).toBe(true)
    world.agent?.setNetwork(true)
    await world.until(() => world.broker.types().includes('pass.refused'), 'the event')

    expect(world.broker.committed.findLast(({ type }) => type === 'pass.refused')?.body).toMatchObject({
      reason: 'pass_forged',
    })
  })

  it('sells no more than the risk allows until the server has heard', async () => {
    const { world, codeOf } = await startOffline({ maxOpenSessions: 1 })
    await using _ = world
    expect(await show(world, codeOf())).toBe('PASS OPENED')
    await takeOne(world)

    expect(await show(world, codeOf())).toBe('PASS REFUSED pass_risk_bound')
    world.agent?.setNetwork(true)
    await world.until(() => finals(world).length === 1, 'the settlement')
    await world.pass(2_000)
    world.agent?.setNetwork(false)

    expect(await show(world, codeOf())).toBe('PASS OPENED')
  })

  it('refuses a pass that was revoked while there was a network', async () => {
    const { world, codeOf } = await startOffline()
    await using _ = world
    const [passId, buyerId] = [world.id(), world.id()]
    const code = codeOf({ passId, buyerId, counter: 7 })
    world.agent?.setNetwork(true)
    await world.until(() => world.agent?.isConnected === true, 'the network')
    const body = { passId, buyerId, counter: 7, passExpiresAtMs: world.clock.now() + 3_600_000 }
    expect((await world.replyTo(world.command('revoke-pass', body))).outcome).toBe('done')
    world.agent?.setNetwork(false)

    expect(await show(world, code)).toBe('PASS REFUSED pass_revoked')
  })
})
