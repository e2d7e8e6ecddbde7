import { describe, expect, it } from 'vitest'
import { lockedAt, wantedLocks, type LaneFacts } from '#server/lane-locks/rules.ts'

const sku = { skuId: 'sku', name: '沃柑', spec: '1 kg 装', origin: '大盛镇' }
const lane = (overrides: Partial<LaneFacts> = {}): LaneFacts => ({
  laneId: 'L01',
  sku,
  priceFen: 1280,
  lots: [],
  isAllowed: true,
  ...overrides,
})

describe('the locks a lane wants', () => {
  it('are none while it is empty, labelled and allowed', () => {
    expect(wantedLocks(lane(), 1_000)).toEqual([])
  })

  it('begin when the last of its goods is past its date, whatever the books say of lots that are gone', () => {
    const lots = [
      { lotId: 'early', units: 3, expiresAtMs: 5_000 },
      { lotId: 'late', units: 1, expiresAtMs: 9_000 },
      { lotId: 'gone', units: 0, expiresAtMs: 99_000 },
      { lotId: 'short', units: -2, expiresAtMs: 99_000 },
    ]

    expect(wantedLocks(lane({ lots }), 1_000)).toEqual([
      { laneId: 'L01', reason: 'expired', causeId: 'late', fromMs: 9_001 },
    ])
  })

  it.each([
    ['no price', { priceFen: 0 }],
    ['no name', { sku: { ...sku, name: ' ' } }],
    ['no spec', { sku: { ...sku, spec: '' } }],
    ['no origin', { sku: { ...sku, origin: '' } }],
  ])('hold at once for a label with %s', (_what, overrides) => {
    expect(wantedLocks(lane(overrides), 1_000)).toEqual([
      { laneId: 'L01', reason: 'label_incomplete', causeId: 'sku', fromMs: 1_000 },
    ])
  })

  it('hold at once where it may not be sold', () => {
    expect(wantedLocks(lane({ isAllowed: false }), 1_000)).toEqual([
      { laneId: 'L01', reason: 'not_allowed', causeId: 'sku', fromMs: 1_000 },
    ])
  })
})

describe('the lanes locked at an instant', () => {
  it('are told with the gravest reason, and without locks that lie ahead', () => {
    const locks = [
      { laneId: 'L01', reason: 'label_incomplete', fromMs: 1 },
      { laneId: 'L01', reason: 'recalled', fromMs: 1 },
      { laneId: 'L01', reason: 'expired', fromMs: 1 },
      { laneId: 'L02', reason: 'expired', fromMs: 3 },
    ] as const

    expect([...lockedAt(locks, 2)]).toEqual([['L01', 'recalled']])
    expect([...lockedAt(locks, 3)]).toEqual([
      ['L01', 'recalled'],
      ['L02', 'expired'],
    ])
  })
})
