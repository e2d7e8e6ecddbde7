import { describe, expect, it } from 'vitest'
import { rolloutSteps } from '#server/cabinets/rollout-steps.ts'
import { enrolCabinet, startCabinet } from '#tests/support/test-cabinet.ts'
import { startServer, type TestServer } from '#tests/support/start-server.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects } from '#tests/support/test-database.ts'

async function planCabinet(server: TestServer, code: string, townCode?: string) {
  const operator = await server.signIn('operator')
  const place = { name: code, kind: 'hospital', address: '渝北区', ...(townCode === undefined ? {} : { townCode }) }
  const site = await operator.send('POST', '/api/host-sites', place)
  const made = await operator.send('POST', '/api/cabinets', { code, hostSiteId: site.body['hostSiteId'] })
  const cabinetId = made.body['cabinetId'] as string
  const move = (rolloutState: string) => operator.send('PATCH', `/api/cabinets/${cabinetId}`, { rolloutState })
  return { operator, cabinetId, move }
}

describe('the steps of a roll-out', () => {
  it('reach every state from planned, and leave each again', () => {
    const reached = new Set<string>(['planned'])
    for (const state of reached) for (const next of rolloutSteps[state as keyof typeof rolloutSteps]) reached.add(next)

    expect([...reached].toSorted()).toEqual(['installed', 'live', 'planned', 'withdrawn'])
    expect(Object.values(rolloutSteps).every((steps) => steps.length > 0)).toBe(true)
  })
})

describe.each(dialects)('the fleet on %s', (dialect) => {
  it('moves a cabinet step by step, live only once it is enrolled, and anew after it was withdrawn', async () => {
    await using server = await startServer({ dialect })
    const { operator, cabinetId, move } = await planCabinet(server, 'YB-0001')
    const stateOf = async () => (await operator.send('GET', `/api/cabinets/${cabinetId}`)).body

    expect(await move('live')).toMatchObject({ status: 409, body: { code: 'cabinet.rollout_step_invalid' } })
    expect((await move('installed')).status).toBe(204)
    expect(await move('live')).toMatchObject({ status: 409, body: { code: 'cabinet.not_enrolled' } })
    await enrolCabinet(server, cabinetId, operator)
    expect((await move('live')).status).toBe(204)
    expect((await move('withdrawn')).status).toBe(204)
    expect(await stateOf()).toMatchObject({ isEnrolled: false, cabinet: { rolloutState: 'withdrawn' } })
    expect(await move('live')).toMatchObject({ status: 409 })
    expect((await move('planned')).status).toBe(204)
  })

  it('counts by town, kind and state against the target in force on the day', async () => {
    const clock = new TestClock()
    await using server = await startServer({ dialect, clock })
    const { operator, move, cabinetId } = await planCabinet(server, 'YB-0001', '500112143')
    await planCabinet(server, 'YB-0002')
    await enrolCabinet(server, cabinetId, operator)
    await move('live')
    const admin = await server.signIn('admin')
    const enter = (effectiveFromMs: number, hospital: number) =>
      admin.send('POST', '/api/fleet/targets', {
        effectiveFromMs,
        byHostSiteKind: { government: 420, hospital, school: 400 },
        documentNumber: '渝北扶组办〔2020〕1号',
      })
    const progress = async () => (await operator.send('GET', '/api/fleet/progress')).body

    const before = await progress()
    expect(await enter(clock.now() - 1_000, 180)).toMatchObject({ status: 201, body: { total: 1_000 } })
    expect(await enter(clock.now() + 1_000, 280)).toMatchObject({ status: 201 })
    expect(await enter(clock.now() + 500, 280)).toMatchObject({
      status: 422,
      body: { code: 'fleet.target_dated_back', field: 'effectiveFromMs' },
    })
    const now = await progress()
    clock.advance(1_000)
    const later = await progress()

    expect(before).toMatchObject({ targetTotal: 1_000, liveTotal: 1, missing: 999 })
    expect(before['target']).toBeUndefined()
    expect(now).toMatchObject({
      target: { byHostSiteKind: { hospital: 180 }, documentNumber: '渝北扶组办〔2020〕1号' },
      liveByHostSiteKind: { government: 0, hospital: 1, school: 0 },
    })
    expect(now['counts']).toEqual(
      expect.arrayContaining([
        { townCode: '500112143', hostSiteKind: 'hospital', rolloutState: 'live', count: 1 },
        { hostSiteKind: 'hospital', rolloutState: 'planned', count: 1 },
      ]),
    )
    expect(later).toMatchObject({ targetTotal: 1_100, missing: 1_099 })
    expect((await operator.send('GET', '/api/fleet/summary')).body).toMatchObject({ target: 1_100 })
  })

  it('shows where a twin is not as it should be', async () => {
    await using server = await startServer({ dialect })
    await using cabinet = await startCabinet(server, 'YB-0001')
    const operator = await server.signIn('operator')
    const { channelExamples } = await import('#server/documents/message-examples.ts')
    const twin = async () => (await operator.send('GET', `/api/cabinets/${cabinet.cabinetId}/twin`)).body
    const neverReported = await twin()

    await cabinet.publish('reported', channelExamples.reported[0]?.payload)

    expect(neverReported).toMatchObject({ diff: { isEqual: false } })
    await expect.poll(twin).toMatchObject({
      desired: { version: 0, agent: null },
      reported: { planogramVersion: 3 },
      diff: {
        isEqual: false,
        parts: [
          { part: 'planogram', isEqual: false, differences: [{ field: 'version', desired: '0', reported: '3' }] },
          { part: 'prices', isEqual: false },
          { part: 'config', isEqual: true },
          { part: 'agent', isEqual: true },
        ],
      },
    })
    expect(await operator.send('GET', '/api/cabinets/01890000-0000-7000-8000-000000000000/twin')).toMatchObject({
      status: 404,
      body: { code: 'cabinet.unknown' },
    })
  })
})
