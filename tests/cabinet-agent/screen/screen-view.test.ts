import { describe, expect, it } from 'vitest'
import { renderPage, renderScreen } from '#cabinet-agent/screen/render-screen.ts'
import { viewScreen, type ScreenFacts } from '#cabinet-agent/screen/screen-view.ts'
import { screenWords } from '#cabinet-agent/screen/screen-words.ts'
import { initialState, type CabinetState, type SessionState } from '#cabinet-agent/session/session-state.ts'
import type { PlanogramLane } from '#shared/contracts/mqtt/twin.ts'
import { seededRandom } from '#shared/ids/random.ts'
import { makeId } from '#shared/ids/uuid-v7.ts'
import { TestClock } from '#tests/support/test-clock.ts'

const newId = (
  (clock, random) => () =>
    makeId(clock, random)
)(new TestClock(), seededRandom(3))
const [pear, plum] = [newId(), newId()]
const nowMs = 1_700_000_000_000

function lane(laneId: string, skuId: string, skuName: string, more: Partial<PlanogramLane> = {}): PlanogramLane {
  const label = { labelUnitMassMg: 500_000, labelUnitMassSdMg: 5_000 }
  return { laneId, skuId, skuName, mode: 'piece', capacity: 9, ...label, isOnSale: true, ...more }
}
const record = (laneId: string, skuId: string, count: number) => ({
  laneId,
  skuId,
  count,
  grossMg: count * 500_000,
  unitMassMg: 500_000,
  unitMassSdMg: 5_000,
  samples: 3,
  foreignMassesMg: [],
  isCountDoubtful: false,
})

const idleFacts: ScreenFacts['commandFacts'] = {
  planogramVersion: 1,
  pricesVersion: 1,
  knownLaneIds: ['L01', 'L02'],
  faultyLaneIds: [],
  unverifiedLaneIds: [],
  onSaleLaneIds: ['L01', 'L02'],
  lockedLaneIds: [],
  isOverTemperature: false,
  isDiskFull: false,
  door: 'closed',
  isKnownSession: false,
  timeouts: { openingMs: 1, noOpenMs: 1, doorPromptMs: 1, doorAlarmMs: 1, settleMs: 1 },
  versions: { agent: '0.1.0', decoder: '1', planogram: 1, prices: 1 },
}

function makeFacts(
  more: Partial<ScreenFacts> = {},
  commandFacts: Partial<ScreenFacts['commandFacts']> = {},
): ScreenFacts {
  return {
    state: initialState,
    commandFacts: { ...idleFacts, ...commandFacts },
    isOnline: true,
    takesPasses: false,
    planogram: [lane('L01', pear, '翠冠梨'), lane('L02', plum, '兴隆李子')],
    prices: { [pear]: 880, [plum]: 980 },
    records: new Map([
      ['L01', record('L01', pear, 4)],
      ['L02', record('L02', plum, 0)],
    ]),
    live: undefined,
    nowMs,
    ...more,
  }
}
const ended = (name: 'settled' | 'review', endedAtMs: number): CabinetState => ({
  ...initialState,
  session: { name, sessionId: newId(), finalEvent: `session.${name}`, endedAtMs },
})
const place = { code: 'YB-0001', buyerUrl: 'https://example.cn/c/YB-0001' }

describe('what the screen says', () => {
  it.each([
    ['ready', makeFacts()],
    ['offline', makeFacts({ isOnline: false })],
    ['offline_pass', makeFacts({ isOnline: false, takesPasses: true })],
    ['sold_out', makeFacts({ records: new Map() })],
    ['settled', makeFacts({ state: ended('settled', nowMs - 1_000) })],
    ['review', makeFacts({ state: ended('review', nowMs - 1_000) })],
    ['ready', makeFacts({ state: ended('settled', nowMs - 60_000) })],
    ['ready', makeFacts({ state: ended('settled', nowMs + 60_000) })],
    ['door_open', makeFacts({}, { door: 'open' })],
    ['lock_fault', makeFacts({}, { door: 'unknown' })],
    ['out_of_service', makeFacts({ state: { ...initialState, isInService: false } })],
    ['over_temperature', makeFacts({}, { isOverTemperature: true })],
    ['scale_fault', makeFacts({}, { faultyLaneIds: ['L01'] })],
    ['scale_unverified', makeFacts({}, { unverifiedLaneIds: ['L01'] })],
    ['lanes_locked', makeFacts({}, { lockedLaneIds: ['L01', 'L02'] })],
    ['maintenance', makeFacts({}, { isDiskFull: true })],
    ['maintenance', makeFacts({}, { knownLaneIds: [] })],
  ] as const)('is %s', (stage, facts) => {
    expect(viewScreen(facts).stage).toBe(stage)
  })

  it('shows a code to scan only where a scan opens the door', () => {
    const codeOf = (facts: ScreenFacts) => renderScreen(viewScreen(facts), place, 'zh').state.includes('<svg')

    expect(codeOf(makeFacts())).toBe(true)
    expect(codeOf(makeFacts({ isOnline: false }))).toBe(false)
    expect(codeOf(makeFacts({}, { faultyLaneIds: ['L01'] }))).toBe(false)
    expect(codeOf(makeFacts({ isOnline: false, state: ended('settled', nowMs) }))).toBe(false)
  })

  it('never asks to scan again where that would be refused, and tells buyers, not staff, how a visit ended', () => {
    const refused: CabinetState = {
      ...initialState,
      session: { name: 'refused', kind: 'sale', sessionId: newId(), finalEvent: 'session.refused', endedAtMs: nowMs },
    }
    const restocked = ended('review', nowMs)
    const view = (state: CabinetState, facts: Partial<ScreenFacts['commandFacts']> = {}) =>
      viewScreen(makeFacts({ state }, facts))
    const seen = (state: CabinetState, facts: Partial<ScreenFacts['commandFacts']> = {}) => {
      const { stage, mayScan } = view(state, facts)
      return [stage, mayScan]
    }

    expect(seen(refused)).toEqual(['refused', true])
    expect(seen(refused, { faultyLaneIds: ['L01'] })).toEqual(['scale_fault', false])
    expect(seen(ended('settled', nowMs), { faultyLaneIds: ['L01'] })).toEqual(['settled', false])
    expect(seen({ ...restocked, session: { ...restocked.session, kind: 'restock' } as SessionState })).toEqual([
      'ready',
      true,
    ])
  })

  it('promises no receipt and no scan while there is no network', () => {
    const stateOf = (isOnline: boolean) =>
      renderScreen(viewScreen(makeFacts({ isOnline, state: ended('settled', nowMs) })), place, 'en').state

    expect(stateOf(true)).toContain('The receipt is on your phone')
    expect(stateOf(false)).toContain('when it is back')
    expect(stateOf(false)).not.toContain('is on your phone')
  })

  it('tells of each lane why nothing is sold from it', () => {
    const facts = makeFacts(
      {
        planogram: [
          lane('L01', pear, '梨'),
          lane('L02', plum, '李'),
          lane('L03', pear, '梨', { isOnSale: false }),
          lane('L04', pear, '梨'),
        ],
      },
      { lockedLaneIds: ['L04'] },
    )

    expect(viewScreen(facts).lanes.map(({ status }) => status)).toEqual(['on_sale', 'sold_out', 'off_sale', 'locked'])
  })

  it('escapes what the catalogue calls the goods', () => {
    const facts = makeFacts({ planogram: [lane('L01', pear, '<img src=x onerror="alert(1)">')] })

    const page = renderPage(viewScreen(facts), place, 'zh')

    expect(page).not.toContain('<img')
    expect(page).toContain('&lt;img src=x onerror=&quot;alert(1)&quot;&gt;')
  })

  it('has a different headline and hint for every stage in both languages', () => {
    for (const words of Object.values(screenWords)) {
      const headlines = Object.values(words.stages).map(([headline]) => headline)
      expect(new Set(headlines).size).toBe(headlines.length)
      expect(Object.values(words.stages).every(([, hint]) => hint.length > 5)).toBe(true)
    }
  })
})
