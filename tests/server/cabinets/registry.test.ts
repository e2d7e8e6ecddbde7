import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { newId, registerCabinet, startCabinet } from '#tests/support/test-cabinet.ts'
import { type Person, startServer } from '#tests/support/start-server.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects } from '#tests/support/test-database.ts'

const publicKeyOf = (kind: 'ed25519' | 'x25519') =>
  generateKeyPairSync(kind as 'ed25519')
    .publicKey.export({ type: 'spki', format: 'der' })
    .toString('base64')

async function codesOf(person: Person, query: string): Promise<string[]> {
  const { body } = await person.send('GET', `/api/cabinets?${query}`)
  return (body['rows'] as Array<{ code: string }>).map(({ code }) => code)
}

describe.each(dialects)('the registry on %s', (dialect) => {
  it('takes sites and cabinets, and refuses what does not fit', async () => {
    await using server = await startServer({ dialect })
    const operator = await server.signIn('operator')
    const site = await operator.send('POST', '/api/host-sites', {
      name: '区政府',
      kind: 'government',
      address: '渝北区',
    })
    const hostSiteId = site.body['hostSiteId']
    const create = (body: unknown) => operator.send('POST', '/api/cabinets', body)

    const made = await create({ code: 'YB-0001', hostSiteId })

    expect(site.body['joinCode']).toMatch(/^[A-Z2-9]{4}-[A-Z2-9]{4}$/)
    expect(made.status).toBe(201)
    expect(await create({ code: 'YB-0001', hostSiteId })).toMatchObject({ status: 409, body: { field: 'code' } })
    expect(await create({ code: 'YB-0002', hostSiteId: newId() })).toMatchObject({
      status: 404,
      body: { code: 'host_site.unknown', field: 'hostSiteId' },
    })
    expect(await create({ code: 'yb1', hostSiteId })).toMatchObject({ status: 422, body: { field: 'code' } })
    expect(await codesOf(operator, '')).toEqual(['YB-0001'])
    expect(await operator.send('GET', `/api/cabinets/${made.body['cabinetId'] as string}`)).toMatchObject({
      status: 200,
      body: { committedSeq: 0, isEnrolled: false, desired: { version: 0 }, cabinet: { rolloutState: 'planned' } },
    })
  })

  it('is listed in order, page by page, by what is asked for', async () => {
    await using server = await startServer({ dialect })
    for (const code of ['YB-0003', 'YB-0001', 'YB-0002']) await registerCabinet(server, code)
    await using online = await startCabinet(server, 'YB-0004')
    await online.publish('presence', { isOnline: true, bootId: online.bootId, atMs: 1 })
    const buyer = await server.signIn('buyer')

    expect(await codesOf(buyer, 'limit=2')).toEqual(['YB-0001', 'YB-0002'])
    const { body } = await buyer.send('GET', '/api/cabinets?limit=2')
    expect(await codesOf(buyer, `limit=2&cursor=${body['nextCursor'] as string}`)).toEqual(['YB-0003', 'YB-0004'])
    const last = await buyer.send('GET', '/api/cabinets?limit=3&order=descending')
    expect(last.body['rows']).toMatchObject([{ code: 'YB-0004' }, { code: 'YB-0003' }, { code: 'YB-0002' }])
    const rest = `limit=3&order=descending&cursor=${last.body['nextCursor'] as string}`
    expect(await codesOf(buyer, rest)).toEqual(['YB-0001'])
    expect(await codesOf(buyer, 'search=0002')).toEqual(['YB-0002'])
    expect(await codesOf(buyer, 'hostSiteKind=school')).toEqual([])
    await expect.poll(() => codesOf(buyer, 'isOnline=true')).toEqual(['YB-0004'])
    expect(await codesOf(buyer, 'isOnline=false&rolloutState=live')).toEqual(['YB-0001', 'YB-0002', 'YB-0003'])
    const operator = await server.signIn('operator')
    expect((await operator.send('GET', '/api/fleet/summary')).body).toMatchObject({
      target: 1_000,
      byRolloutState: { planned: 0, installed: 0, live: 4, withdrawn: 0 },
      byHostSiteKind: { government: 0, hospital: 4, school: 0 },
      online: 1,
      openSessions: 0,
      inReview: 0,
    })
  })

  it('knows what cabinets report: presence, twin, telemetry, alarms and devices', async () => {
    await using server = await startServer({ dialect })
    await using cabinet = await startCabinet(server, 'YB-0001')
    const operator = await server.signIn('operator')
    const get = async () => (await operator.send('GET', `/api/cabinets/${cabinet.cabinetId}`)).body
    const { channelExamples } = await import('#server/documents/message-examples.ts')

    await cabinet.publish('presence', { isOnline: true, bootId: cabinet.bootId, atMs: 1 })
    await cabinet.publish('reported', channelExamples.reported[0]?.payload)
    await cabinet.publish('telemetry', channelExamples.telemetry[0]?.payload)
    await cabinet.tell('device.offline', { device: 'scale-L01', code: 'TIMEOUT_NO_REPLY' })
    await cabinet.tell('door.open_too_long', { openForMs: 200_000, isAlarm: true })
    await cabinet.committed(2)

    // Telemetry by itself is written now and then only.
    await expect.poll(get, { timeout: 15_000 }).toMatchObject({
      cabinet: {
        isOnline: true,
        isInService: true,
        temperatureDeciC: 42,
        alarms: ['door_open_too_long', 'device_offline:scale-L01'],
      },
      reported: { planogramVersion: 3 },
      telemetry: { uptimeMs: 3_600_000 },
      committedSeq: 2,
    })
    await cabinet.tell('device.online', { device: 'scale-L01' })
    await cabinet.tell('door.closed', {})
    await cabinet.committed(4)
    expect((await get())['cabinet']).toMatchObject({ alarms: [] })
    await cabinet.publish('presence', { isOnline: false, bootId: cabinet.bootId, atMs: 2 })
    await expect.poll(get).toMatchObject({ cabinet: { isOnline: false } })
  })

  it('forgets what did not answer before a cabinet was switched off and on: its new run tells again of what does not', async () => {
    await using server = await startServer({ dialect })
    await using cabinet = await startCabinet(server, 'YB-0001')
    const operator = await server.signIn('operator')
    const alarms = async () =>
      ((await operator.send('GET', `/api/cabinets/${cabinet.cabinetId}`)).body['cabinet'] as { alarms: string[] })
        .alarms
    const versions = { agent: '0.1.0', decoder: 'weighing-3', planogram: 0, prices: 0 }
    await cabinet.tell('device.offline', { device: 'scale L01', code: 'TIMEOUT_NO_REPLY' })
    await cabinet.tell('device.offline', { device: 'lock', code: 'CHECKSUM' })
    await cabinet.tell('alarm.raised', { alarm: 'over_temperature', detail: '' })

    await cabinet.tell('agent.started', { versions })
    await cabinet.tell('device.offline', { device: 'lock', code: 'CHECKSUM' })
    await cabinet.committed(5)

    expect(await alarms()).toEqual(['over_temperature', 'device_offline:lock'])
  })

  it('shows a cabinet as offline when its connection is lost without a word', async () => {
    await using server = await startServer({ dialect })
    await using cabinet = await startCabinet(server, 'YB-0001')
    const buyer = await server.signIn('buyer')
    await cabinet.publish('presence', { isOnline: true, bootId: cabinet.bootId, atMs: 1 })
    await expect.poll(() => codesOf(buyer, 'isOnline=true')).toEqual(['YB-0001'])

    // A server that starts anew with its own broker has nobody connected.
    await using second = await startServer({ dialect, beside: server })

    const other = second.callerWith(buyer.cookie)
    expect((await other.send('GET', '/api/cabinets?isOnline=true')).body['rows']).toEqual([])
  })
})

describe.each(dialects)('enrolment on %s', (dialect) => {
  it('trades a code once, within a day, and only the latest one', async () => {
    const clock = new TestClock()
    await using server = await startServer({ dialect, clock })
    const operator = await server.signIn('operator')
    const cabinetId = await registerCabinet(server, 'YB-0001')
    const makeCode = async () => {
      const { body } = await operator.send('POST', `/api/cabinets/${cabinetId}/enrolment-codes`)
      return { code: body['enrolmentCode'], expiresAtMs: body['expiresAtMs'] }
    }
    const enrol = (enrolmentCode: unknown, publicKey = publicKeyOf('ed25519')) =>
      server.anybody.send('POST', '/api/enrolments', { enrolmentCode, publicKey })
    const gone = { status: 410, body: { code: 'cabinet.enrolment_code_invalid', field: 'enrolmentCode' } }

    const first = await makeCode()
    const second = await makeCode()
    expect(second.expiresAtMs).toBe(clock.now() + 86_400_000)
    expect(await enrol(first.code)).toMatchObject(gone)
    expect(await enrol(second.code, publicKeyOf('x25519'))).toMatchObject({
      status: 422,
      body: { code: 'cabinet.public_key_invalid' },
    })
    const enrolled = await enrol(String(second.code).toLowerCase().replaceAll('-', ' '))
    expect(enrolled).toMatchObject({ status: 201, body: { cabinetId, code: 'YB-0001', mqttUrl: server.app.mqttUrl } })
    expect(enrolled.body['serverPublicKeys']).toEqual([server.app.ctx.signer.publicKey])
    expect(await enrol(second.code)).toMatchObject(gone)
    const third = await makeCode()
    clock.advance(86_400_000)
    expect(await enrol(third.code)).toMatchObject(gone)
    expect(await operator.send('POST', `/api/cabinets/${newId()}/enrolment-codes`)).toMatchObject({ status: 404 })
    const fourth = await makeCode()
    for (const rolloutState of ['withdrawn', 'planned'])
      expect((await operator.send('PATCH', `/api/cabinets/${cabinetId}`, { rolloutState })).status).toBe(204)
    // Made for what stood there before.
    expect(await enrol(fourth.code)).toMatchObject(gone)
  })

  it('names the broker by the address the cabinet came to, when the broker listens on all', async () => {
    await using server = await startServer({ dialect, environment: { HUINONG_MQTT_HOST: '0.0.0.0' } })
    const operator = await server.signIn('operator')
    const cabinetId = await registerCabinet(server, 'YB-0001')
    const { body } = await operator.send('POST', `/api/cabinets/${cabinetId}/enrolment-codes`)
    const order = { enrolmentCode: body['enrolmentCode'], publicKey: publicKeyOf('ed25519') }
    const port = new URL(server.app.mqttUrl).port

    const response = await fetch(`http://localhost:${new URL(server.url).port}/api/enrolments`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(order),
    })

    expect(await response.json()).toMatchObject({ mqttUrl: `mqtt://localhost:${port}` })
  })

  it('is closed to an address that guesses', async () => {
    await using server = await startServer({ dialect })
    const publicKey = publicKeyOf('ed25519')
    const answers = []
    for (let guess = 0; guess < 21; guess += 1) {
      const enrolmentCode = `AAAA-BBBB-CCCC-DD${guess + 10}`
      answers.push((await server.anybody.send('POST', '/api/enrolments', { enrolmentCode, publicKey })).status)
    }

    expect(answers.slice(0, 20).every((status) => status === 410)).toBe(true)
    expect(answers.at(-1)).toBe(429)
  })
})
