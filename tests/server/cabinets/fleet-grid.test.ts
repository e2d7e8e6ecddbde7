import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { conditionOf, type CabinetFacts } from '#server/cabinets/fleet-grid.ts'
import { enrolCabinet } from '#tests/support/test-cabinet.ts'
import { startServer } from '#tests/support/start-server.ts'
import { dialects } from '#tests/support/test-database.ts'

const ready: CabinetFacts = {
  rolloutState: 'live',
  isOnline: true,
  isInService: true,
  doorState: 'closed',
  alarms: [],
  offlineDevices: {},
}

describe('the condition of a cabinet', () => {
  it.each([
    [{}, 'ready'],
    [{ doorState: 'open' }, 'door_open'],
    [{ isInService: false, doorState: 'open' }, 'out_of_service'],
    [{ alarms: ['over_temperature'], isInService: false }, 'alarm'],
    [{ offlineDevices: { 'scale-1': 'TIMEOUT_NO_REPLY' } }, 'alarm'],
    [{ isOnline: false, alarms: ['door_open'] }, 'offline'],
    [{ rolloutState: 'installed' }, 'installed'],
    [{ rolloutState: 'installed', isOnline: false }, 'installed'],
  ] as const)('of %o is %s', (changed, condition) => {
    expect(conditionOf({ ...ready, ...changed })).toBe(condition)
  })

  it('is ready for none that is away, alarmed, out of service, or not live', () => {
    const facts = fc.record({
      rolloutState: fc.constantFrom('planned', 'installed', 'live', 'withdrawn'),
      isOnline: fc.boolean(),
      isInService: fc.boolean(),
      doorState: fc.constantFrom('open', 'closed', 'unknown'),
      alarms: fc.array(fc.constant('door_open'), { maxLength: 1 }),
      offlineDevices: fc.constantFrom({}, { 'lock-1': 'TIMEOUT_NO_REPLY' }),
    })

    fc.assert(
      fc.property(facts, (cabinet: CabinetFacts) => {
        const isWell =
          cabinet.rolloutState === 'live' &&
          cabinet.isOnline &&
          cabinet.isInService &&
          cabinet.doorState !== 'open' &&
          cabinet.alarms.length + Object.keys(cabinet.offlineDevices).length === 0
        expect(conditionOf(cabinet) === 'ready').toBe(isWell)
      }),
    )
  })
})

describe.each(dialects)('the grid of the fleet on %s', (dialect) => {
  it('names each cabinet once, by code, and then only says how each stands', async () => {
    await using server = await startServer({ dialect })
    const operator = await server.signIn('operator')
    const place = { name: '大盛镇机关', kind: 'government', address: '渝北区' }
    const { body: site } = await operator.send('POST', '/api/host-sites', place)
    const ids: string[] = []
    for (const code of ['YB-0002', 'YB-0001']) {
      const made = await operator.send('POST', '/api/cabinets', { code, hostSiteId: site['hostSiteId'] })
      ids.push(made.body['cabinetId'] as string)
    }
    await operator.send('PATCH', `/api/cabinets/${ids[0]}`, { rolloutState: 'installed' })
    await enrolCabinet(server, ids[0] ?? '', operator)
    await operator.send('PATCH', `/api/cabinets/${ids[0]}`, { rolloutState: 'live' })

    const whole = await operator.send('GET', '/api/fleet/grid')
    const again = await operator.send('GET', '/api/fleet/grid?onlyConditions=true')

    expect(whole.body).toEqual({
      conditions: 'po',
      cabinets: [
        [ids[1], 'YB-0001', '大盛镇机关'],
        [ids[0], 'YB-0002', '大盛镇机关'],
      ],
    })
    expect(again.body).toEqual({ conditions: 'po' })
  })
})
