// Self-tests over HTTP and MQTT: asked for by staff, answered by the cabinet, kept with their reports.
import { describe, expect, it } from 'vitest'
import { newId, registerCabinet, startCabinet } from '#tests/support/test-cabinet.ts'
import { startServer } from '#tests/support/start-server.ts'
import { dialects } from '#tests/support/test-database.ts'

const report = [
  { device: 'lock', isGood: true, detail: 'door lock is closed' },
  { device: 'scale L01', isGood: false, detail: 'TIMEOUT_NO_REPLY: no reply in time' },
]

describe.each(dialects)('self-tests on %s', (dialect) => {
  it('stay with their report, and those that failed can be found', async () => {
    await using server = await startServer({ dialect })
    await using cabinet = await startCabinet(server, 'YB-0001')
    const restocker = await server.signIn('restocker')
    const asked = await restocker.send('POST', `/api/cabinets/${cabinet.cabinetId}/self-tests`)
    const command = await cabinet.commands.next()

    const reply = { commandId: command.commandId, outcome: 'failed', reason: 'self_test_failed', report, atMs: 1 }
    await cabinet.publish('replies', reply)

    const listed = async (query: string) => (await restocker.send('GET', `/api/self-tests?${query}`)).body['rows']
    expect(asked).toMatchObject({ status: 202, body: { commandId: command.commandId } })
    expect(command).toMatchObject({ kind: 'self-test', body: {} })
    await expect
      .poll(() => listed('outcome=failed'))
      .toMatchObject([{ cabinetCode: 'YB-0001', outcome: 'failed', reason: 'self_test_failed', report }])
    expect(await listed('outcome=done')).toEqual([])
    expect(await listed(`cabinetId=${newId()}`)).toEqual([])
  })

  it('are refused for cabinets that are not there', async () => {
    await using server = await startServer({ dialect })
    const operator = await server.signIn('operator')
    const planned = await registerCabinet(server, 'YB-0002')
    const ask = (cabinetId: string) => operator.send('POST', `/api/cabinets/${cabinetId}/self-tests`)

    expect(await ask(newId())).toMatchObject({ status: 404, body: { code: 'cabinet.unknown' } })
    expect(await ask(planned)).toMatchObject({ status: 409, body: { code: 'cabinet.not_enrolled' } })
  })
})
