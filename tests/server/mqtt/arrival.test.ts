// What a cabinet gets when it comes online, so that nothing hangs on a message that was lost while it was away.
import mqtt from 'mqtt'
import { describe, expect, it } from 'vitest'
import type { DesiredTwin } from '#shared/contracts/mqtt/twin.ts'
import { startCabinet } from '#tests/support/test-cabinet.ts'
import { startServer } from '#tests/support/start-server.ts'
import { dialects } from '#tests/support/test-database.ts'

describe.each(dialects)('a cabinet that comes online on %s', (dialect) => {
  it('gets its journal’s position, its twin, and each command that still counts', async () => {
    await using server = await startServer({ dialect })
    await using cabinet = await startCabinet(server, 'YB-0001')
    const operator = await server.signIn('operator')
    const { cabinetId, bootId } = cabinet
    await cabinet.tell('alarm.raised', { alarm: 'a', detail: '' })
    await cabinet.committed(1)
    await operator.send('POST', `/api/cabinets/${cabinetId}/commands`, { kind: 'self-test' })
    const sent = await cabinet.commands.next()

    await cabinet.publish('presence', { isOnline: true, bootId, atMs: 1 })

    expect(await cabinet.acks.next()).toEqual({ throughSeq: 1 })
    expect(await cabinet.desired.next()).toMatchObject({ version: 0 })
    expect(await cabinet.commands.next()).toEqual(sent)
    // A heartbeat is no arrival: nothing comes again until the next run of the agent.
    await cabinet.publish('presence', { isOnline: true, bootId, atMs: 2 })
    await cabinet.tell('alarm.cleared', { alarm: 'a' })
    expect(await cabinet.acks.next()).toEqual({ throughSeq: 2 })
  })

  it('never gets an older twin after a newer one, which the broker would keep', async () => {
    await using server = await startServer({ dialect })
    await using cabinet = await startCabinet(server, 'YB-0001')
    const { cabinetId } = cabinet
    await cabinet.publish('presence', { isOnline: true, bootId: cabinet.bootId, atMs: 1 })
    const twin = (await cabinet.desired.next()) as DesiredTwin

    for (const version of [7, 6, 8])
      server.app.ctx.perform([{ kind: 'desired', cabinetId, twin: { ...twin, version } }])

    expect([await cabinet.desired.next(), await cabinet.desired.next()]).toMatchObject([{ version: 7 }, { version: 8 }])
  })

  it('is offline at once when its line is cut, by its last will', async () => {
    await using server = await startServer({ dialect })
    await using cabinet = await startCabinet(server, 'YB-0001')
    const { cabinetId, bootId } = cabinet
    const auditor = await server.signIn('auditor')
    const isOnline = async () => {
      const { body } = await auditor.send('GET', `/api/cabinets/${cabinetId}`)
      return (body['cabinet'] as { isOnline: boolean }).isOnline
    }
    const { username, password } = cabinet.client.options
    const payload = JSON.stringify({ isOnline: false, bootId, atMs: 1 })
    const will = {
      topic: `huinong/v1/cabinets/${cabinetId}/presence`,
      payload: Buffer.from(payload),
      qos: 1,
      retain: true,
    } as const
    const login = { username: username ?? '', password: password ?? '', reconnectPeriod: 0 }
    const client = await mqtt.connectAsync(server.app.mqttUrl, { ...login, clientId: cabinetId, will })
    await client.publishAsync(will.topic, JSON.stringify({ isOnline: true, bootId, atMs: 2 }), { qos: 1, retain: true })
    await expect.poll(isOnline).toBe(true)

    ;(client.stream as unknown as { destroy(): void }).destroy()

    await expect.poll(isOnline).toBe(false)
  })
})
