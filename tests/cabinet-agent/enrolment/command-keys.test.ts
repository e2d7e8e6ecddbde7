// A running agent is told that the server signs with another key: what it obeys then, and after its power was cut.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadIdentity } from '#cabinet-agent/enrolment/identity.ts'
import { CommandSigner } from '#server/mqtt/command-signer.ts'
import { AgentWorld, makeTwin } from '#tests/support/agent-world.ts'
import { makeSigner, rotationOf } from '#tests/support/command-key-chain.ts'

const serverOf = (world: AgentWorld): CommandSigner =>
  new CommandSigner(world.broker.keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())

/** What the agent answers to a self-test that this key has signed. */
async function answer(world: AgentWorld, signer: CommandSigner): Promise<string> {
  const { signature: _, ...command } = world.make('self-test', {})
  const signed = signer.sign(world.cabinetId, command)
  world.broker.send('commands', signed)
  const { outcome, reason } = await world.replyTo(signed)
  return outcome === 'done' || reason === 'self_test_failed' ? 'carried out' : (reason ?? outcome)
}

function tell(world: AgentWorld, commandKeys: readonly unknown[]): void {
  world.broker.send('desired', { ...makeTwin(1, world.skuIds), commandKeys })
}

describe('an agent', () => {
  it('obeys the next key before the present one is let go, and not the old one afterwards, over a power cut', async () => {
    await using world = await AgentWorld.start()
    const [old, next] = [serverOf(world), makeSigner()]
    const { prepared, rotated, ended } = rotationOf(old, next)
    expect(await answer(world, next)).toBe('bad_signature')

    tell(world, [prepared])
    await world.until(() => world.reported?.obeyedKeys?.includes(next.publicKey) === true, 'the next key')
    expect([await answer(world, old), await answer(world, next)]).toEqual(['carried out', 'carried out'])
    tell(world, [prepared, rotated, ended])
    await world.until(() => world.reported?.obeyedKeys?.length === 1, 'the end of the old key')
    await world.cutPower()
    // What the broker kept is told once more, and somebody tells what was true before.
    tell(world, [prepared, rotated])
    await world.boot()
    await world.until(() => world.agent?.isConnected === true, 'the link')

    expect([await answer(world, old), await answer(world, next)]).toEqual(['bad_signature', 'carried out'])
    expect(loadIdentity(world.dataDirectory)?.commandKeys).toEqual(ended)
  })

  it('takes the keys with a twin that it cannot take, and while a session is on', async () => {
    await using world = await AgentWorld.start()
    const next = makeSigner()
    const { all } = rotationOf(serverOf(world), next)
    await world.replyTo(world.unlock())
    world.cabinet.openDoor()

    world.broker.send('desired', { version: 'broken', commandKeys: all })

    await world.until(() => world.reported?.obeyedKeys?.includes(next.publicKey) === true, 'the new key')
    expect(world.reported?.obeyedKeys).toEqual([next.publicKey])
  })

  it('goes on with the keys it has when new ones cannot be kept, and says so to nobody', async () => {
    await using world = await AgentWorld.start()
    const [old, next] = [serverOf(world), makeSigner()]
    const before = readFileSync(join(world.dataDirectory, 'identity.json'), 'utf8')
    const blocked = join(world.dataDirectory, 'identity.json.new')
    mkdirSync(blocked)

    tell(world, rotationOf(old, next).all)
    await world.until(() => world.logs.some((line) => line.includes('could not be kept')), 'the failure')

    expect(await answer(world, old)).toBe('carried out')
    expect(world.reported?.obeyedKeys).toEqual([old.publicKey])
    expect(readFileSync(join(world.dataDirectory, 'identity.json'), 'utf8')).toBe(before)
    // As a power cut in the middle of the write leaves it.
    rmSync(blocked, { recursive: true })
    writeFileSync(blocked, before.slice(0, 100))
    tell(world, rotationOf(old, next).all)
    await world.until(() => world.reported?.obeyedKeys?.includes(next.publicKey) === true, 'the new key')
    expect(loadIdentity(world.dataDirectory)?.serverPublicKeys).toEqual([next.publicKey])
  })
})
